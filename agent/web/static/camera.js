// The camera itself: who you are to it, its sessions, and the QR code by which a hub takes it.

import { ask, tell } from "./ask.js";
import { $, button, control, doing, element, say, setText } from "./dom.js";
import { closeSession, sealedPath } from "./sealing.js";

const EVERY_MS = 2000;
const ROLES = { local: "somebody working on the camera", hub: "the hub", technician: "a technician" };

export class CameraView {
  constructor() {
    this.claimEnds = 0;
    $("pair").addEventListener("click", () => this.pair());
  }

  async open() {
    const [me, sessions, identity] = await Promise.all(["/v1/me", "/v1/sessions", "/v1/identity"].map((path) => ask(path).catch(() => null)));
    this.me = me;
    setText($("me"), me ? `You are let in as ${ROLES[me.role] ?? me.role}${me.name ? ` (${me.name})` : ""}.` : "");
    $("identity").replaceChildren(...(identity ? Object.entries({ Camera: identity.id, Version: identity.fw, Model: identity.model, State: identity.state, Key: identity.fp }) : [])
      .filter(([, value]) => value).map(([name, value]) => element("div", "", element("dt", "", name), element("dd", "", String(value)))));
    $("pair").hidden = false;
    $("pairing").hidden = identity?.state !== "unclaimed" || me?.role !== "local";
    $("sessions-list").replaceChildren(...(sessions?.sessions ?? []).map((one) => this.row(one)));
    $("sessions").hidden = !sessions?.sessions.length;
    if (this.claimEnds) this.wait();
  }

  close() {
    clearTimeout(this.timer);
  }

  row(one) {
    const mine = one.id === this.me?.session;
    const end = button(mine ? "Leave" : "End", () => this.end(one, mine, end));
    return element("li", "", element("span", "name", mine ? "This browser" : one.address || "A link nobody used yet"),
      element("span", "kind", `${one.state}, ${ROLES[one.role]}, ${Math.ceil(one.left_s / 60)} min left`), end);
  }

  async end(one, mine, pressed) {
    const told = await doing(pressed, $("camera-said"), () => tell(`/v1/sessions/${one.id}/end`));
    if (!told) return;
    if (!mine) { this.open(); return; }
    await closeSession();
    document.dispatchEvent(new CustomEvent("left"));
  }

  async pair() {
    const shown = await doing($("pair"), $("pair-said"), () => tell("/v1/claim"));
    if (!shown) return;
    const code = ["AISLEWATCH:1", shown.id, shown.fp, shown.token, shown.addresses[0] ?? location.hostname, shown.port].join(":");
    const picture = control("img", { alt: "QR code for the hub", className: "qr" });
    picture.src = await sealedPath(`/v1/qr.svg?text=${encodeURIComponent(code)}`);
    $("pair-qr").replaceChildren(picture, element("code", "", code));
    setText($("pair"), "Show a new code");
    this.claimEnds = Date.now() + shown.expires_s * 1000;
    this.wait();
  }

  // Until a hub has come, or the code is too old.
  async wait() {
    clearTimeout(this.timer);
    const left = Math.ceil((this.claimEnds - Date.now()) / 60000);
    say($("pair-said"), left > 0 ? `Let the hub read it within ${left} ${left === 1 ? "minute" : "minutes"}.` : "This code is too old. Show a new one.", left <= 0);
    if (left <= 0) { this.forget(); return; }
    const identity = await ask("/v1/identity").catch(() => null);
    if (identity?.state === "claimed") this.paired();
    else this.timer = setTimeout(() => this.wait(), EVERY_MS);
  }

  forget() {
    this.claimEnds = 0;
    $("pair-qr").replaceChildren();
  }

  async paired() {
    this.forget();
    await this.open();
    $("pairing").hidden = false;
    $("pair").hidden = true;
    say($("pair-said"), "Paired: this camera has its hub.");
  }
}
