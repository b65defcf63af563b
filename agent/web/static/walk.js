// The walk test: begin, walk through everything, feel and hear what noticed you, end it with a signed record.

import { ask, tell } from "./ask.js";
import { $, doing, element, icon, say, setText } from "./dom.js";
import { Looking } from "./looking.js";
import { sealedPath } from "./sealing.js";
import { buzz, Hearing } from "./senses.js";
import { verdict } from "./trial.js";

const EVERY_MS = 1000;
const RECORD = "/v1/walk-test/";

export class WalkView extends Looking {
  constructor(floor) {
    super(EVERY_MS);
    this.floor = floor;
    this.noticed = new Set();
    this.hearing = new Hearing($("walk-hear"));
    $("walk-begin").addEventListener("click", () => this.begin());
    $("walk-end").addEventListener("click", () => this.end());
    $("walk-mount-save").addEventListener("click", () => this.saveMount());
    $("walk-record").addEventListener("click", (event) => this.showRecord(event));
    for (const link of document.querySelectorAll("#walk-files a")) link.addEventListener("click", (event) => this.save(event, link));
  }

  async see() {
    const facts = await doing(null, $("walk-trouble"), () => ask("/v1/walk-test"));
    if (facts) this.show(facts);
  }

  show(facts) {
    $("walk-begin").hidden = facts.running;
    $("walk-end").hidden = !facts.running;
    $("walk-files").hidden = !facts.record;
    if (!facts.running) return;
    $("walk-list").replaceChildren(...facts.places.map((place) => this.row(place)));
    const fresh = facts.places.filter((place) => place.triggered && !this.noticed.has(place.name)).map((place) => place.name);
    this.tellOf(fresh);
    const left = facts.missing.length;
    const unmeasured = $("walk-stature").value && !facts.measurable;
    const done = unmeasured ? "Everything noticed you: walk on, alone, near and far, to measure how it hangs" : "Everything noticed you: end the test";
    setText($("walk-said"), left ? `${left} of ${facts.places.length} still to walk through` : done);
    $("walk-said").classList.toggle("ok", !left && !unmeasured);
  }

  tellOf(names) {
    if (!names.length) return;
    names.forEach((name) => this.noticed.add(name));
    setText($("announce"), `${names.join(" and ")} noticed you`);
    buzz();
    this.hearing.tone(0.8, 2);
  }

  row(place) {
    const rules = Object.entries(place.rules).map(([rule, times]) => `${rule} ${times ? "acted" : "did not act yet"}`);
    const seen = place.triggered ? `noticed ${place.times === 1 ? "once" : `${place.times} times`}${place.ways.length ? ` (${place.ways.join(", ")})` : ""}` : "not yet";
    return element("li", place.triggered ? "done" : "", icon(place.triggered ? "check" : "info"),
      element("span", "name", place.name), element("span", "kind", [`${place.what}, ${seen}`, ...rules].join(" · ")));
  }

  async begin() {
    this.noticed.clear();
    this.showMount(null);
    await doing($("walk-begin"), $("walk-trouble"), () => tell("/v1/walk-test", {}));
    this.look();
  }

  async end() {
    const said = { note: $("walk-note").value, ...sizes() };
    const told = await doing($("walk-end"), $("walk-trouble"), () => tell("/v1/walk-test/end", said));
    if (!told) return;
    const { passed, missing, mount } = told.record;
    this.showMount(mount);
    say($("walk-said"), passed ? "Passed: every zone and line noticed somebody." : `Not passed. Nobody was noticed in: ${missing.join(", ") || "anything, as nothing is drawn"}.`, !passed);
    this.look();
  }

  // How the camera hangs by this walk, or why that is not known; null before one.
  showMount(mount) {
    const measured = mount && !mount.refused;
    this.mount = measured ? mount : null;
    say($("walk-mount"), mount ? (measured ? hangs(mount) : `The mount was not measured: ${mount.refused}. ${mount.hint}`) : "", Boolean(mount?.refused));
    $("walk-mount-save").hidden = !measured;
    this.floor.preview(this.mount);
  }

  async saveMount() {
    const { height_m: height, tilt_deg: tilt, stature_m: stature } = this.mount;
    const said = { height_m: Number(height.toFixed(2)), tilt_deg: Number(tilt.toFixed(1)), reason: `measured by a walk of somebody ${stature} m tall` };
    const told = await doing($("walk-mount-save"), $("walk-trouble"), () => tell("/v1/mount", said));
    if (!told) return;
    $("walk-mount-save").hidden = true;
    say($("walk-mount"), "Saved. The camera starts again with it, and keeps it when all is well for ten seconds.");
    const { kept, words } = await verdict("/v1/mount", told);
    say($("walk-mount"), words, !kept);
    this.floor.preview(null);
  }

  // In a tab of its own, opened before the seal is made: later a browser would take it for an advertisement.
  async showRecord(event) {
    event.preventDefault();
    const tab = open("", "_blank");
    (tab ?? window).location.assign(await sealedPath(`${RECORD}record.html`));
  }

  async save(event, link) {
    event.preventDefault();
    const name = link.dataset.file;
    Object.assign(document.createElement("a"), { href: await sealedPath(RECORD + name), download: name }).click();
  }
}

// What somebody says of their height and the camera's; nothing where they say nothing.
function sizes() {
  const [stature, tape] = [$("walk-stature"), $("walk-tape")].map((input) => input.valueAsNumber);
  return Number.isNaN(stature) ? {} : { stature_m: stature, ...(Number.isNaN(tape) ? {} : { tape_m: tape }) };
}

function hangs(mount) {
  const assumed = mount.view_said_by === "assumed" ? `, if the lens sees ${mount.view_deg.toFixed(0)}° as assumed` : "";
  return `Hangs ${mount.height_m.toFixed(2)} m high (±${(100 * mount.height_se_m).toFixed(0)} cm), looks ${mount.tilt_deg.toFixed(1)}° down (±${mount.tilt_se_deg.toFixed(1)}°)${assumed}; places on the floor within ±${(100 * mount.depth_se).toFixed(0)} %.`;
}
