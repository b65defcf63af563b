// Health at a glance: what is wrong and what to do, the readings of now, and the history of one of them.

import { ask } from "./ask.js";
import { $, doing, element, icon, setText, shape } from "./dom.js";
import { capital, plain } from "./words.js";

const EVERY_MS = 5000;
const MARK = { ok: "check", warning: "warning", fault: "critical" };
const WORD = { ok: "All is well", warning: "Something needs a look", fault: "Something is broken", unknown: "Not known yet" };
const [WIDTH, HEIGHT] = [600, 160];

export class HealthView {
  constructor() {
    $("history-metric").addEventListener("change", () => this.history());
  }

  async open() {
    this.running = true;
    this.look();
    const found = await ask("/v1/health/history").catch(() => ({ metrics: [] }));
    $("history-metric").replaceChildren(...found.metrics.map((name) => new Option(capital(plain(name)), name)));
    $("history").hidden = !found.metrics.length;
    $("history-none").hidden = found.metrics.length > 0;
    if (found.metrics.length) this.history();
  }

  close() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async look() {
    const facts = await doing(null, $("health-said"), () => ask("/v1/health"));
    if (facts) this.show(facts);
    if (this.running) this.timer = setTimeout(() => this.look(), EVERY_MS);
  }

  show(facts) {
    $("health-state").className = `verdict ${facts.state}`;
    $("health-state").replaceChildren(icon(MARK[facts.state] ?? "info"), WORD[facts.state] ?? plain(facts.state));
    $("findings").replaceChildren(...facts.findings.map((one) => this.finding(one)));
    $("forecasts").replaceChildren(...facts.forecasts.map((one) => element("li", "", capital(one.text))));
    $("readings").replaceChildren(...Object.values(facts.readings).map((reading) =>
      element("div", "", element("dt", "", capital(reading.words)), element("dd", "", `${number(reading.value)} ${reading.unit}`.trim()))));
  }

  finding(one) {
    return element("li", one.state, icon(MARK[one.state] ?? "info"),
      element("div", "", element("p", "what", `${capital(plain(one.what))}: ${one.state}`), element("p", "detail", [one.detail, one.advice].filter(Boolean).join(" – "))));
  }

  async history() {
    const found = await doing(null, $("health-said"), () => ask(`/v1/health/history?metric=${encodeURIComponent($("history-metric").value)}`));
    if (!found) return;
    const points = found.hourly.length > 1 ? found.hourly : found.daily;
    const values = points.map(([, v]) => v).filter((v) => v !== null);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const span = high - low || 1;
    setText($("history-text"), values.length ? `${found.words}: lowest ${number(low)}, highest ${number(high)}, now ${number(values.at(-1))} ${found.unit}`.trim() : "Nothing kept yet");
    const at = ([, v], i) => `${((i + 0.5) / points.length) * WIDTH} ${HEIGHT - 10 - ((v - low) / span) * (HEIGHT - 20)}`;
    const path = points.filter(([, v]) => v !== null).map(at);
    $("history-chart").replaceChildren(shape("path", { d: path.length ? `M${path.join("L")}` : "" }));
  }
}

const number = (v) => (Math.abs(v) >= 100 ? v.toFixed(0) : v.toPrecision(3));
