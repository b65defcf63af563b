// Health at a glance: what is wrong and what to do, the readings of now, and their history.

import { ask } from "./ask.js";
import { $, doing, element, icon } from "./dom.js";
import { HistoryPart } from "./history.js";
import { Looking } from "./looking.js";
import { reading, title } from "./scale.js";
import { capital, plain } from "./words.js";

const EVERY_MS = 5000;
const MARK = { ok: "check", warning: "warning", fault: "critical" };
const WORD = { ok: "All is well", warning: "Something needs a look", fault: "Something is broken", unknown: "Not known yet" };

export class HealthView extends Looking {
  constructor() {
    super(EVERY_MS);
    this.past = new HistoryPart();
  }

  open() {
    super.open();
    this.past.open();
  }

  async see() {
    const facts = await doing(null, $("health-said"), () => ask("/v1/health"));
    if (facts) this.show(facts);
  }

  show(facts) {
    $("health-state").className = `verdict ${facts.state}`;
    $("health-state").replaceChildren(icon(MARK[facts.state] ?? "info"), WORD[facts.state] ?? plain(facts.state));
    $("findings").replaceChildren(...facts.findings.map((one) => this.finding(one)));
    $("forecasts").replaceChildren(...facts.forecasts.map((one) => element("li", "warning", icon("warning"), element("p", "what", capital(one.text)))));
    $("readings").replaceChildren(...Object.values(facts.readings).map((one) =>
      element("div", "", element("dt", "", title(one.words)), element("dd", "", reading(one)))));
  }

  finding(one) {
    return element("li", one.state, icon(MARK[one.state] ?? "info"),
      element("div", "", element("p", "what", `${capital(plain(one.what))}: ${one.state}`), element("p", "detail", [one.detail, one.advice].filter(Boolean).join(" – "))));
  }
}
