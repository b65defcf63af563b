// The walk test: begin, walk through everything, feel and hear what noticed you, end it with a signed record.

import { ask, tell } from "./ask.js";
import { $, doing, element, icon, say, setText } from "./dom.js";
import { Looking } from "./looking.js";
import { sealedPath } from "./sealing.js";
import { buzz, Hearing } from "./senses.js";

const EVERY_MS = 1000;
const RECORD = "/v1/walk-test/";

export class WalkView extends Looking {
  constructor() {
    super(EVERY_MS);
    this.noticed = new Set();
    this.hearing = new Hearing($("walk-hear"));
    $("walk-begin").addEventListener("click", () => this.begin());
    $("walk-end").addEventListener("click", () => this.end());
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
    const rest = left ? `${left} of ${facts.places.length} still to walk through` : "Everything noticed you: end the test";
    setText($("walk-said"), rest);
    $("walk-said").classList.toggle("ok", !left);
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
    await doing($("walk-begin"), $("walk-trouble"), () => tell("/v1/walk-test", {}));
    this.look();
  }

  async end() {
    const told = await doing($("walk-end"), $("walk-trouble"), () => tell("/v1/walk-test/end", { note: $("walk-note").value }));
    if (!told) return;
    const { passed, missing } = told.record;
    say($("walk-said"), passed ? "Passed: every zone and line noticed somebody." : `Not passed. Nobody was noticed in: ${missing.join(", ") || "anything, as nothing is drawn"}.`, !passed);
    this.look();
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
