// The page: lets itself in, shows one view at a time, says when its time is nearly over, and lets go of everything then.

import { AimView } from "./aim.js";
import { ask } from "./ask.js";
import { CameraView } from "./camera.js";
import { $, setText } from "./dom.js";
import { Floor } from "./floor.js";
import { HealthView } from "./health.js";
import { IncidentsView } from "./incidents.js";
import { scene, startLive, stopLive } from "./live.js";
import { OutputsView } from "./outputs.js";
import { Places } from "./places.js";
import { openSession } from "./sealing.js";
import { keepAwake } from "./senses.js";
import { WalkView } from "./walk.js";

const STAY_MS = 30000;
const SOON_S = 300;
const AWAKE = ["live", "aim", "walk"];
const OVER = "You are let in no longer. Make a new link: `aislewatch page` on the camera, or ask your hub.";
const root = document.documentElement;
const idle = { open() {}, close() {} };
const views = {
  live: idle, zones: new Places(() => scene.outputs), aim: new AimView(), walk: new WalkView(new Floor()), outputs: new OutputsView(),
  health: new HealthView(), incidents: new IncidentsView(), camera: new CameraView(),
};
const wanted = () => (location.hash.slice(1) in views ? location.hash.slice(1) : "live");
const unconditional = (part) => !["pairing", "sessions"].includes(part.id);
let shown = "";

function show(name) {
  if (name === shown) return;
  if (shown) views[shown].close();
  shown = name;
  root.dataset.view = name;
  for (const part of document.querySelectorAll("[data-in]")) {
    const here = part.dataset.in.split(" ").includes(name);
    if (unconditional(part) || !here) part.hidden = !here;
  }
  for (const link of document.querySelectorAll("#views a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.querySelector('#views [aria-current="page"]').scrollIntoView({ block: "nearest", inline: "center" });
  scrollTo(0, 0);
  views[name].open();
  keepAwake(AWAKE.includes(name));
}

function leave() {
  views[shown].close();
  keepAwake(false);
  stopLive(OVER);
  root.dataset.over = "yes";
  $("notice").hidden = true;
}

// Somebody looks: the session goes on, for half an hour in all. Nobody looks: it ends by itself.
async function stay() {
  if (document.hidden || root.dataset.over) return;
  try {
    const [me, { sessions }] = await Promise.all([ask("/v1/me"), ask("/v1/sessions")]);
    warn(sessions.find((one) => one.id === me.session)?.left_s ?? Infinity);
  } catch (trouble) {
    if (trouble.status === 403) leave();
  }
}

function warn(leftS) {
  const minutes = Math.ceil(leftS / 60);
  $("notice").hidden = leftS > SOON_S;
  if (leftS <= SOON_S) setText($("notice"), `You are let in for ${minutes} more ${minutes === 1 ? "minute" : "minutes"}. Save what you have drawn; \`aislewatch page\` makes a new link.`);
}

// What is drawn and not saved would be lost.
function mayGo(event) {
  if (views.zones.unsaved && !root.dataset.over) event.preventDefault();
}

async function begin() {
  await openSession();
  addEventListener("hashchange", () => show(wanted()));
  addEventListener("beforeunload", mayGo);
  document.addEventListener("left", leave);
  document.addEventListener("lost", stay);
  show(wanted());
  startLive();
  setInterval(stay, STAY_MS);
  stay();
}

begin();
