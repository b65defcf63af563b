// The live picture: one WebSocket for what is known, one endless picture for what is seen; both come back by themselves.

import { Overlay } from "./overlay.js";
import { $ } from "./dom.js";
import { EventList, Incidents, Lights, Vitals, Zones } from "./panels.js";
import { sealedPath } from "./sealing.js";

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const FULL_RETRY_MS = 10000;
const SILENCE_MS = 6000;
const HIDDEN_MS = 15000;
const STALE_S = 2.5;
const TRY_LATER = 1013;
const STATES = { connecting: "Connecting", live: "Live", stale: "No picture", paused: "Paused", lost: "Offline", full: "Full" };

const overlay = new Overlay($("overlay"));
const incidents = new Incidents();
const events = new EventList();
const lights = new Lights();
const vitals = new Vitals();
const zones = new Zones();

let socket = null;
let tries = 0;
let retryTimer = 0;
let silenceTimer = 0;
let hiddenTimer = 0;
let pictures = 0;
let paused = false;
let held = [];
let opening = false;
export const scene = { outputs: [] };

function setState(state, trouble = "") {
  document.documentElement.dataset.state = state;
  if ($("link-text").textContent !== STATES[state]) $("link-text").textContent = STATES[state];
  if ($("banner").textContent !== trouble) $("banner").textContent = trouble;
  $("banner").hidden = !trouble;
}

async function connect() {
  clearTimeout(retryTimer);
  if (socket || opening) return;
  opening = true;
  const path = await sealedPath("/v1/live");
  opening = false;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
  socket.onmessage = (message) => receive(JSON.parse(message.data));
  socket.onclose = (close) => lose(close);
  listen();
}

function disconnect() {
  clearTimeout(retryTimer);
  clearTimeout(silenceTimer);
  if (socket) {
    socket.onclose = socket.onmessage = null;
    socket.close();
    socket = null;
  }
  stopPicture();
}

function lose(close) {
  disconnect();
  lights.forget();
  zones.forget();
  incidents.setFrame({});
  const full = close.code === TRY_LATER;
  const wait = full ? FULL_RETRY_MS : RETRY_MS[Math.min(tries, RETRY_MS.length - 1)];
  tries += 1;
  if (full) setState("full", `${close.reason}. Trying again by itself.`);
  else if (tries > 1 || document.documentElement.dataset.state !== "connecting") setState("lost", "The connection to the camera is lost. What you see is old. Trying again by itself.");
  retryTimer = setTimeout(connect, wait);
  document.dispatchEvent(new CustomEvent("lost"));
}

// Nothing for a while, not even a heartbeat: the camera or the network has gone without a goodbye.
function listen() {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(() => socket && lose({ code: 0 }), SILENCE_MS);
}

function receive(message) {
  listen();
  const take = { scene: takeScene, status: (m) => vitals.setFacts(m.facts), event: takeEvent, frame: takeFrame }[message.type];
  if (take) take(message);
}

function takeScene(told) {
  tries = 0;
  Object.assign(scene, told);
  document.title = `${scene.camera} · Aislewatch`;
  $("camera").textContent = scene.camera;
  $("source").textContent = `Aislewatch · ${scene.source}`;
  $("still").download = `${scene.camera}.jpg`;
  setSize(scene.size);
  for (const part of [overlay, lights, zones, vitals]) part.setScene(scene);
  events.clear();
  held = [];
  if (!paused) startPicture();
}

function takeEvent(message) {
  if (paused) held.push(message);
  else events.add(message);
}

function takeFrame(frame) {
  const stale = frame.n === undefined || frame.age_s > STALE_S;
  setState(paused ? "paused" : stale ? "stale" : "live");
  $("veil").hidden = paused || !stale;
  $("veil").textContent = frame.n === undefined ? "Waiting for the first picture" : `No new picture for ${Math.round(frame.age_s)} s`;
  if (paused) return;
  if (frame.size) setSize(frame.size);
  overlay.setFrame(frame, incidents.setFrame(frame));
  for (const part of [lights, zones, vitals]) part.setFrame(frame);
}

function setSize([width, height]) {
  $("stage").style.setProperty("--ratio", String(width / height));
}

async function startPicture() {
  pictures += 1;
  const number = pictures;
  const path = await sealedPath(`/live.mjpg?${number}`);
  if (number !== pictures || paused || !socket) return;
  $("picture").src = path;
  $("picture").hidden = false;
}

function stopPicture() {
  pictures += 1;
  freeze();
  $("picture").removeAttribute("src");
  $("picture").hidden = true;
}

// Keep the last picture on show, beneath the stream, when it ends.
function freeze() {
  const picture = $("picture");
  if (!picture.naturalWidth || picture.hidden) return;
  $("frozen").width = picture.naturalWidth;
  $("frozen").height = picture.naturalHeight;
  $("frozen").getContext("2d").drawImage(picture, 0, 0);
  $("frozen").hidden = false;
}

function pause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").querySelector("use").setAttribute("href", paused ? "#i-play" : "#i-pause");
  $("pause").querySelector("span").textContent = paused ? "Resume" : "Pause";
  if (paused) stopPicture();
  else if (socket) startPicture();
  if (!paused) held.splice(0).forEach((message) => events.add(message));
}

function toggleMarks() {
  const shown = $("marks").getAttribute("aria-pressed") !== "true";
  $("marks").setAttribute("aria-pressed", String(shown));
  $("stage").classList.toggle("plain", !shown);
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("screen").requestFullscreen();
}

// A page nobody looks at gives its seat to others.
function visibility() {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(disconnect, HIDDEN_MS);
  else if (!socket) connect();
}

// Back in the network: no need to wait any longer.
function online() {
  tries = 0;
  if (!document.hidden) connect();
}

async function still(event) {
  event.preventDefault();
  const link = Object.assign(document.createElement("a"), { href: await sealedPath("/live.jpg"), download: $("still").download });
  link.click();
}

// Begin to show what the camera sees.
export function startLive() {
  $("picture").addEventListener("error", () => { if (socket && !paused) setTimeout(() => socket && !paused && startPicture(), 2000); });
  $("pause").addEventListener("click", pause);
  $("marks").addEventListener("click", toggleMarks);
  $("still").addEventListener("click", still);
  $("full").hidden = !document.fullscreenEnabled;
  $("full").addEventListener("click", fullScreen);
  document.addEventListener("visibilitychange", visibility);
  addEventListener("online", online);
  connect();
}

// Show people who would stand on the floor of a camera that hangs so; null shows none.
export const showFloor = (mount) => overlay.setFloor(mount);

// Show nothing more: this browser is let in no longer.
export function stopLive(why) {
  document.removeEventListener("visibilitychange", visibility);
  removeEventListener("online", online);
  disconnect();
  setState("lost", why);
}
