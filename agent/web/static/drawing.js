// Draws and edits shapes over the picture by touch, mouse and keyboard; tells `changed` after every step.

import { shape } from "./dom.js";
import { between, corners, isLine, least, place } from "./plan.js";

const STEP = 0.01;
const REACH = 22;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  constructor(svg, changed) {
    this.svg = svg;
    this.changed = changed;
    this.plan = null;
    this.chosen = null;
    this.begun = null;
    this.cursor = [0.5, 0.5];
    svg.addEventListener("pointerdown", (event) => this.press(event));
    svg.addEventListener("keydown", (event) => this.key(event));
    svg.addEventListener("focus", () => this.draw());
    svg.addEventListener("blur", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  show(plan) {
    Object.assign(this, { plan, chosen: null, begun: null });
    this.draw();
  }

  choose(one) {
    this.chosen = one;
    this.draw();
  }

  begin(table, kind) {
    Object.assign(this, { begun: { table, kind, row: { points: [], polygon: [] } }, chosen: null });
    this.draw();
    this.changed();
    this.svg.focus({ preventScroll: true });
  }

  cancel() {
    this.begun = null;
    this.draw();
    this.changed();
  }

  get ready() {
    return Boolean(this.begun) && corners(this.begun).length >= least(this.begun);
  }

  finish() {
    if (!this.ready) return;
    const { table, kind } = this.begun;
    this.chosen = this.plan.add(table, corners(this.begun), kind);
    this.begun = null;
    this.draw();
    this.changed();
  }

  addCorner(point) {
    const points = corners(this.begun);
    if (points.length >= least(this.begun) && this.near(points[0], point)) return this.finish();
    points.push(place(point));
    this.draw();
    return this.changed();
  }

  near([ax, ay], [bx, by]) {
    return Math.hypot((ax - bx) * this.width, (ay - by) * this.height) < REACH;
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  press(event) {
    if (!this.plan || event.button) return;
    event.preventDefault();
    this.svg.focus({ preventScroll: true });
    const point = this.at(event);
    if (this.begun) { this.addCorner(point); return; }
    const { corner, between: gap, one } = event.target.dataset;
    if (corner !== undefined) this.drag(event, (now) => this.plan.move(this.chosen, Number(corner), now));
    else if (gap !== undefined) {
      this.plan.insert(this.chosen, Number(gap), point);
      this.drag(event, (now) => this.plan.move(this.chosen, Number(gap), now), false);
    } else if (one !== undefined) this.pick(event, this.plan.shapes[Number(one)]);
    else { this.choose(null); this.changed(); }
  }

  pick(event, one) {
    const was = this.chosen;
    this.choose(one);
    this.changed();
    let from = this.at(event);
    if (was === one) this.drag(event, (now) => { this.plan.shift(one, now[0] - from[0], now[1] - from[1]); from = now; });
  }

  drag(event, move, remember = true) {
    if (remember) this.plan.remember();
    this.svg.setPointerCapture(event.pointerId);
    const moved = (next) => { move(this.at(next)); this.draw(); };
    const ended = () => {
      this.svg.removeEventListener("pointermove", moved);
      this.changed();
    };
    this.svg.addEventListener("pointermove", moved);
    this.svg.addEventListener("lostpointercapture", ended, { once: true });
    this.draw();
  }

  key(event) {
    if (!this.plan) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.arrow(arrow.map((part) => part * STEP * (event.shiftKey ? 5 : 1)), event.target.dataset.corner);
    else if (!this.act(event.key, event.target.dataset.corner)) return;
    event.preventDefault();
  }

  arrow([dx, dy], corner) {
    if (this.begun || !this.chosen) this.cursor = place([this.cursor[0] + dx, this.cursor[1] + dy]);
    else {
      this.plan.remember();
      if (corner === undefined) this.plan.shift(this.chosen, dx, dy);
      else {
        const [x, y] = corners(this.chosen)[Number(corner)];
        this.plan.move(this.chosen, Number(corner), [x + dx, y + dy]);
      }
    }
    this.draw();
    this.changed();
  }

  // Whether the key does something here.
  act(key, corner) {
    if (key === "Escape") { this.begun ? this.cancel() : this.choose(null); this.changed(); return true; }
    if (this.begun && key === " ") { this.addCorner(this.cursor); return true; }
    if (this.begun && key === "Enter") { this.ready ? this.finish() : this.addCorner(this.cursor); return true; }
    if (this.begun && key === "Backspace") { corners(this.begun).pop(); this.draw(); this.changed(); return true; }
    if (corner !== undefined && key === "Delete") { this.plan.drop(this.chosen, Number(corner)); this.draw(); this.changed(); return true; }
    return false;
  }

  draw() {
    const focused = document.activeElement?.dataset?.corner;
    this.width = this.svg.clientWidth;
    this.height = this.svg.clientHeight;
    const shapes = this.plan ? this.plan.shapes.map((one, index) => this.drawn(one, index)) : [];
    const handles = this.chosen && !this.begun ? this.handles(this.chosen) : [];
    const begun = this.begun ? [this.unfinished()] : [];
    const cursor = document.activeElement === this.svg && (this.begun || !this.chosen) ? [this.cross()] : [];
    this.svg.replaceChildren(...shapes, ...begun, ...handles, ...cursor);
    if (focused !== undefined) this.svg.querySelector(`[data-corner="${focused}"]`)?.focus({ preventScroll: true });
  }

  path(points, closed) {
    return `M${points.map((point) => this.px(point).map((value) => value.toFixed(1)).join(" ")).join("L")}${closed ? "Z" : ""}`;
  }

  px([x, y]) {
    return [x * this.width, y * this.height];
  }

  drawn(one, index) {
    const kind = one.table === "zone" ? `zone ${one.row.kind ?? "generic"}` : one.table;
    const made = shape("path", { class: `plan ${kind}${one === this.chosen ? " chosen" : ""}`, d: this.path(corners(one), !isLine(one)) });
    made.dataset.one = index;
    return made;
  }

  unfinished() {
    const points = corners(this.begun);
    const dots = points.map((point) => shape("circle", { class: "dot-mark", cx: this.px(point)[0], cy: this.px(point)[1], r: 7 }));
    return shape("g", { class: "begun" }, ...(points.length ? [shape("path", { d: this.path(points, false) })] : []), ...dots);
  }

  handles(one) {
    const gaps = between(one).map(({ index, point }) => this.handle(point, { between: index }, "gap", 5));
    const points = corners(one).map((point, index) => {
      const made = this.handle(point, { corner: index }, "corner", 8);
      made.setAttribute("tabindex", "0");
      made.setAttribute("role", "button");
      made.setAttribute("aria-label", `Corner ${index + 1}: arrow keys move it, Delete removes it`);
      return made;
    });
    return [...gaps, ...points];
  }

  handle(point, data, name, r) {
    const [cx, cy] = this.px(point);
    const made = shape("g", { class: `handle ${name}` }, shape("circle", { class: "reach", cx, cy, r: 20 }), shape("circle", { class: "knob", cx, cy, r }));
    for (const part of [made, ...made.children]) Object.assign(part.dataset, data);
    return made;
  }

  cross() {
    const [x, y] = this.px(this.cursor);
    return shape("path", { class: "cross", d: `M${x - 14} ${y}h28M${x} ${y - 14}v28` });
  }
}

