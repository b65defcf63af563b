// The walk test: begin, walk through everything, see what noticed, end it with a signed record.

import { ask, tell } from "./ask.js";
import { $, doing, element, icon, say, setText } from "./dom.js";
import { sealedPath } from "./sealing.js";

const EVERY_MS = 1000;
const RECORD = "/v1/walk-test/record.html";

export class WalkView {
  constructor() {
    $("walk-begin").addEventListener("click", () => this.begin());
    $("walk-end").addEventListener("click", () => this.end());
    $("walk-record").addEventListener("click", async (event) => {
      event.preventDefault();
      location.assign(await sealedPath(RECORD));
    });
  }

  open() {
    this.running = true;
    this.look();
  }

  close() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async look() {
    clearTimeout(this.timer);
    const facts = await doing(null, $("walk-trouble"), () => ask("/v1/walk-test"));
    if (facts) this.show(facts);
    if (this.running) this.timer = setTimeout(() => this.look(), EVERY_MS);
  }

  show(facts) {
    $("walk-begin").hidden = facts.running;
    $("walk-end").hidden = !facts.running;
    $("walk-record").hidden = !facts.record;
    if (!facts.running) return;
    $("walk-list").replaceChildren(...facts.places.map((place) => this.row(place)));
    const left = facts.missing.length;
    setText($("walk-said"), left ? `${left} of ${facts.places.length} still to walk through` : "Everything noticed you");
  }

  row(place) {
    const rules = Object.entries(place.rules).map(([rule, times]) => `${rule} ${times ? "acted" : "did not act yet"}`);
    const seen = place.triggered ? `noticed ${place.times === 1 ? "once" : `${place.times} times`}${place.ways.length ? ` (${place.ways.join(", ")})` : ""}` : "not yet";
    return element("li", place.triggered ? "done" : "", icon(place.triggered ? "check" : "info"),
      element("span", "name", place.name), element("span", "kind", [`${place.what}, ${seen}`, ...rules].join(" · ")));
  }

  async begin() {
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
}
