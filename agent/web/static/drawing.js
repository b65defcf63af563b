// Draws and edits shapes over the picture by touch, mouse and keyboard; tells `changed` after every step.

import { shape } from "./dom.js";
import { inward, path } from "./geometry.js";
import { between, corners, isLine, least, place } from "./plan.js";

const STEP = 0.01;
const REACH = 22;
const ARROW = 30;
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
    svg.addEventListener("blur", () => svg.querySelector(".cross")?.remove()); // no more: a corner may be taking the focus
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

  // `of` is the shelf whose front is drawn.
  begin(table, kind, of = null) {
    Object.assign(this, { begun: { table, kind, of, row: { points: [], polygon: [], front: [] } }, chosen: null });
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
    const { table, kind, of } = this.begun;
    this.chosen = of ? this.plan.addFront(of, corners(this.begun)) : this.plan.add(table, corners(this.begun), kind);
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
    let first = remember;
    this.svg.setPointerCapture(event.pointerId);
    const moved = (next) => {
      if (first) this.plan.remember();
      first = false;
      move(this.at(next));
      this.draw();
    };
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

  // A new corner behind this one, halfway to the next.
  split(corner) {
    const gap = between(this.chosen).find(({ index }) => index === corner + 1) ?? between(this.chosen).at(-1);
    this.plan.insert(this.chosen, gap.index, gap.point);
    this.draw();
    this.changed();
  }

  // Whether the key does something here.
  act(key, corner) {
    if (key === "Escape") { this.begun ? this.cancel() : this.choose(null); this.changed(); return true; }
    if (this.begun && key === " ") { this.addCorner(this.cursor); return true; }
    if (this.begun && key === "Enter") { this.ready ? this.finish() : this.addCorner(this.cursor); return true; }
    if (this.begun && key === "Backspace") { corners(this.begun).pop(); this.draw(); this.changed(); return true; }
    if (corner !== undefined && (key === "+" || key === "Insert")) { this.split(Number(corner)); return true; }
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

  pxs(points) {
    return points.map(([x, y]) => [x * this.width, y * this.height]);
  }

  drawn(one, index) {
    const kind = one.table === "zone" ? `zone ${one.row.kind ?? "generic"}` : one.table;
    const points = this.pxs(corners(one));
    const made = shape("path", { class: `plan ${kind}${one === this.chosen ? " chosen" : ""}`, d: path(points, !isLine(one)) });
    const group = shape("g", {}, made, ...(isLine(one) ? this.arrowOf(points) : []));
    for (const part of [made, group]) part.dataset.one = index;
    return group;
  }

  // Which side of a line is "in".
  arrowOf(points) {
    const { arrow, beside } = inward(points, ARROW);
    const within = (value, most) => Math.min(Math.max(value, 12), most - 12);
    const [x, y] = beside(ARROW + 11);
    const word = shape("text", { class: "in-word", x: within(x, this.width), y: within(y, this.height) + 5, "text-anchor": "middle" });
    word.textContent = "in";
    return [shape("path", { class: "in-arrow halo", d: arrow }), shape("path", { class: "in-arrow", d: arrow }), word];
  }

  unfinished() {
    const points = this.pxs(corners(this.begun));
    const dots = points.map(([cx, cy]) => shape("circle", { class: "dot-mark", cx, cy, r: 7 }));
    return shape("g", { class: "begun" }, ...(points.length ? [shape("path", { d: path(points, false) })] : []), ...dots,
      ...(isLine(this.begun) && points.length > 1 ? this.arrowOf(points) : []));
  }

  handles(one) {
    const gaps = between(one).map(({ index, point }) => this.handle(point, { between: index }, "gap", 5));
    const points = corners(one).map((point, index) => {
      const made = this.handle(point, { corner: index }, "corner", 8);
      made.setAttribute("tabindex", "0");
      made.setAttribute("role", "button");
      made.setAttribute("aria-label", `Corner ${index + 1}: arrow keys move it, plus adds one behind it, Delete removes it`);
      return made;
    });
    return [...gaps, ...points];
  }

  handle(point, data, name, r) {
    const [[cx, cy]] = this.pxs([point]);
    const made = shape("g", { class: `handle ${name}` }, shape("circle", { class: "reach", cx, cy, r: REACH }), shape("circle", { class: "knob", cx, cy, r }));
    for (const part of [made, ...made.children]) Object.assign(part.dataset, data);
    return made;
  }

  cross() {
    const [[x, y]] = this.pxs([this.cursor]);
    return shape("path", { class: "cross", d: `M${x - 14} ${y}h28M${x} ${y - 14}v28` });
  }
}

