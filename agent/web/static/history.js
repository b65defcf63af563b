// The camera's own figures over days and years: a chart for each, the telling ones first, each also as a table.

import { ask } from "./ask.js";
import { $, element, shape } from "./dom.js";
import { Chart } from "./chart.js";
import { amount, series, summary, title, unitOf, when } from "./scale.js";
import { capital } from "./words.js";

const FIRST = ["soc_temp_c", "accelerator_temp_c", "focus_detail", "lens_detail", "brightness", "ir_light", "fps", "disk_free_pct", "wifi_signal_dbm", "mem_available_pct", "storage_wear_pct", "storage_life_used_pct"];
const LEAST_DAYS = 3;

export class HistoryPart {
  constructor() {
    this.shown = [];
    this.byHours = true;
    $("history-hours").addEventListener("click", () => this.range(true));
    $("history-days").addEventListener("click", () => this.range(false));
    $("history-more").addEventListener("toggle", () => this.fillRest());
  }

  async open() {
    const { metrics } = await ask("/v1/health/history").catch(() => ({ metrics: [] }));
    $("history").hidden = !metrics.length;
    $("history-none").hidden = metrics.length > 0;
    this.shown = [];
    this.rest = metrics.filter((name) => !FIRST.includes(name));
    $("history-rest").replaceChildren();
    $("history-more").hidden = !this.rest.length;
    $("history-more").open = false;
    await this.fill($("history-list"), FIRST.filter((name) => metrics.includes(name)));
  }

  async fillRest() {
    if ($("history-more").open && !$("history-rest").children.length) await this.fill($("history-rest"), this.rest);
  }

  async fill(list, names) {
    const found = await Promise.all(names.map((name) => ask(`/v1/health/history?metric=${encodeURIComponent(name)}`).catch(() => null)));
    const made = found.filter((one) => one?.daily.length).map((one) => new Graph(one, this.byHours));
    this.shown.push(...made);
    list.replaceChildren(...made.map((one) => one.item));
  }

  range(byHours) {
    this.byHours = byHours;
    for (const [id, on] of [["history-hours", byHours], ["history-days", !byHours]]) $(id).setAttribute("aria-pressed", String(on));
    for (const one of this.shown) one.range(byHours);
  }
}

// One metric: its title, what it says in words, the chart, and the figures as a table.
class Graph {
  constructor(found, byHours) {
    this.found = found;
    this.words = element("p", "help");
    this.why = element("p", "detail", capital(found.forecast?.text ?? ""));
    this.why.hidden = !found.forecast;
    this.table = element("details", "figures", element("summary", "", "As a table"));
    this.table.addEventListener("toggle", () => this.tabulate());
    const svg = shape("svg");
    this.item = element("li", "graph", element("h3", "", title(found.words)), this.words, svg, this.why, this.table);
    this.item.dataset.metric = found.metric;
    this.chart = new Chart(svg, found, this.series(byHours));
    this.range(byHours);
  }

  // By hours where there are any: what is older than two weeks is known by days only.
  series(byHours) {
    const hours = series(this.found, true);
    return byHours && hours.points.length || this.found.daily.length < LEAST_DAYS && hours.points.length ? hours : series(this.found, false);
  }

  range(byHours) {
    const shown = this.series(byHours);
    this.words.textContent = summary(this.found, shown);
    this.chart.show(shown);
    this.tabulate();
  }

  tabulate() {
    this.table.querySelector(".scroll")?.remove();
    if (!this.table.open) return;
    const { points, step } = this.chart.shown;
    const unit = unitOf(this.found);
    const rows = [...points].reverse().map(([utc, value]) => {
      const time = element("th", "", when(utc, step));
      time.scope = "row";
      return element("tr", "", time, element("td", "", amount(value, unit)));
    });
    const box = element("div", "scroll", element("table", "", element("caption", "unseen", title(this.found.words)), element("tbody", "", ...rows)));
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${title(this.found.words)}, as a table`);
    this.table.append(box);
  }
}
