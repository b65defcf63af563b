// The page: lets itself in, shows one view at a time, and sends every view away when it is let in no longer.

import { AimView } from "./aim.js";
import { ask } from "./ask.js";
import { CameraView } from "./camera.js";
import { $ } from "./dom.js";
import { HealthView } from "./health.js";
import { IncidentsView } from "./incidents.js";
import { scene, startLive, stopLive } from "./live.js";
import { OutputsView } from "./outputs.js";
import { Places } from "./places.js";
import { openSession } from "./sealing.js";
import { WalkView } from "./walk.js";

const STAY_MS = 60000;
const OVER = "You are let in no longer. Make a new link: `aislewatch page` on the camera, or ask your hub.";
const root = document.documentElement;
const idle = { open() {}, close() {} };
const views = {
  live: idle, zones: new Places(() => scene.outputs), aim: new AimView(), walk: new WalkView(), outputs: new OutputsView(),
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
}

function leave() {
  views[shown].close();
  stopLive(OVER);
  root.dataset.over = "yes";
}

// Somebody looks: the session goes on. Nobody looks: it ends by itself.
async function stay() {
  if (document.hidden || root.dataset.over) return;
  try {
    await ask("/v1/me");
  } catch (trouble) {
    if (trouble.status === 403) leave();
  }
}

async function begin() {
  await openSession();
  addEventListener("hashchange", () => show(wanted()));
  document.addEventListener("left", leave);
  show(wanted());
  startLive();
  setInterval(stay, STAY_MS);
  stay();
}

begin();
