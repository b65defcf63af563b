// One metric's course as a chart that fits its place: axes, limit, gaps, forecast, services, and a readout under the finger.

import { shape } from "./dom.js";
import { amount, axes, DAY_S, dates, description, gaps, stretches, ticks, title, unitOf, when } from "./scale.js";

const HEIGHT = 168;
const EDGE = { left: 46, right: 12, top: 12, bottom: 24 };
const DOTS = 60;
const PER_DATE = 74;

export class Chart {
  constructor(svg, found, shown) {
    Object.assign(this, { svg, found, shown });
    svg.setAttribute("role", "img");
    svg.setAttribute("class", "chart");
    svg.addEventListener("pointermove", (event) => this.point(event));
    svg.addEventListener("pointerdown", (event) => this.point(event));
    svg.addEventListener("pointerleave", () => this.readout?.replaceChildren());
    new ResizeObserver(() => this.svg.clientWidth !== this.width && this.draw()).observe(svg);
  }

  show(shown) {
    this.shown = shown;
    this.draw();
  }

  draw() {
    this.width = this.svg.clientWidth;
    if (!this.width || !this.shown.points.length) return;
    this.axes = axes(this.found, this.shown);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.readout = shape("g", { class: "readout" });
    this.svg.replaceChildren(words("title", {}, title(this.found.words)), words("desc", {}, description(this.found, this.shown)),
      ...this.holes(), ...this.grid(), ...this.ahead(), ...this.limit(), ...this.services(), ...this.course(), this.readout);
  }

  x(utc) {
    const { from, to } = this.axes;
    return EDGE.left + clamp((utc - from) / (to - from || 1)) * (this.width - EDGE.left - EDGE.right);
  }

  y(value) {
    const { low, high } = this.axes;
    return HEIGHT - EDGE.bottom - clamp((value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  }

  path(points, closed = false) {
    return `M${points.map(([utc, value]) => `${this.x(utc).toFixed(1)} ${this.y(value).toFixed(1)}`).join("L")}${closed ? "Z" : ""}`;
  }

  grid() {
    const { from, to, low, high } = this.axes;
    const rows = ticks(low, high, 4).flatMap(([value, text]) => [
      shape("path", { class: "grid", d: this.path([[from, value], [to, value]]) }),
      words("text", { x: EDGE.left - 6, y: this.y(value) + 4, "text-anchor": "end" }, text)]);
    const days = dates(from, to, Math.max(2, Math.floor((this.width - EDGE.left) / PER_DATE)))
      .filter(([utc]) => this.x(utc) < this.width - 24)
      .flatMap(([utc, text]) => [shape("path", { class: "tick", d: `M${this.x(utc)} ${HEIGHT - EDGE.bottom}v4` }),
        words("text", { x: this.x(utc), y: HEIGHT - 6, "text-anchor": "middle" }, text)]);
    return [...rows, shape("path", { class: "axis", d: this.path([[from, high], [from, low], [to, low]]) }), ...days];
  }

  holes() {
    return gaps(this.shown).map(([from, to]) => shape("rect", { class: "hole", x: this.x(from), y: EDGE.top,
      width: this.x(to) - this.x(from), height: HEIGHT - EDGE.top - EDGE.bottom }));
  }

  course() {
    const parts = stretches(this.shown);
    const dots = this.shown.points.length <= DOTS ? this.shown.points : parts.filter((part) => part.length === 1).flat();
    return [...parts.map((part) => shape("path", { class: "course", d: this.path(part) })),
      ...dots.map((point) => shape("circle", { class: "dot", cx: this.x(point[0]), cy: this.y(point[1]), r: 2.5 }))];
  }

  limit() {
    const { threshold, bad } = this.found;
    const { from, to, low, high } = this.axes;
    if (threshold === null || threshold < low || threshold > high) return [];
    const above = this.y(threshold) > EDGE.top + 16;
    return [shape("path", { class: "limit", d: this.path([[from, threshold], [to, threshold]]) }),
      words("text", { class: "limit-word", x: EDGE.left + 6, y: this.y(threshold) + (above ? -5 : 14) }, `${bad === "high" ? "highest" : "lowest"} good: ${amount(threshold, unitOf(this.found))}`)];
  }

  // What is foretold: from where it stands to the limit, most likely dashed, between early and late as a fan.
  ahead() {
    const told = this.found.forecast;
    if (!told || this.shown.step !== DAY_S) return [];
    const now = told.as_of_day * DAY_S;
    const end = (days) => {
      const reached = Math.min(1, (this.axes.to - now) / (Math.max(days, 1e-3) * DAY_S));
      return [now + days * DAY_S * reached, told.level + (told.threshold - told.level) * reached];
    };
    const [early, likely, late] = [told.low_days, told.lead_days, told.high_days].map(end);
    return [shape("path", { class: "fan", d: this.path([[now, told.level], early, [Math.max(early[0], late[0]), early[1]], late], true) }),
      shape("path", { class: "likely", d: this.path([[now, told.level], likely]) })];
  }

  services() {
    const { from, to, high } = this.axes;
    return this.found.services.filter((one) => one.utc_s >= from && one.utc_s <= to).map((one) =>
      shape("g", { class: "service" }, words("title", {}, `${when(one.utc_s, DAY_S)}: ${one.words}`),
        shape("path", { d: `M${this.x(one.utc_s)} ${this.y(high)}V${HEIGHT - EDGE.bottom}m-5 0h10l-5 -9z` })));
  }

  // The point next to the finger, with when and how much.
  point(event) {
    if (!this.axes) return;
    const at = event.clientX - this.svg.getBoundingClientRect().left;
    const near = this.shown.points.reduce((best, one) => (Math.abs(this.x(one[0]) - at) < Math.abs(this.x(best[0]) - at) ? one : best));
    const [x, y] = [this.x(near[0]), this.y(near[1])];
    const text = `${when(near[0], this.shown.step)} · ${amount(near[1], unitOf(this.found))}`;
    const half = text.length * 3.3 + 8;
    const middle = Math.min(Math.max(x, half + 2), this.width - half - 2);
    this.readout.replaceChildren(shape("path", { class: "cross-hair", d: `M${x} ${EDGE.top}V${HEIGHT - EDGE.bottom}` }),
      shape("circle", { class: "dot", cx: x, cy: y, r: 4 }), shape("rect", { x: middle - half, y: 0, width: 2 * half, height: 20, rx: 5 }),
      words("text", { x: middle, y: 14, "text-anchor": "middle" }, text));
  }
}

const clamp = (share) => Math.min(1, Math.max(0, share));

function words(name, attributes, text) {
  const made = shape(name, attributes);
  made.textContent = text;
  return made;
}
