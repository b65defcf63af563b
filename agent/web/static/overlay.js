// Draws zones, lines and people over the picture, in the pixels of the page so that text stays readable at any size.

import { shape } from "./dom.js";
import { inward, path } from "./geometry.js";
import { standing } from "./standing.js";
import { plain } from "./words.js";

const LARGE = { font: 12, height: 18, pad: 6, letter: 7.1, arrow: 26 };
const SMALL = { font: 10.5, height: 15, pad: 5, letter: 6.2, arrow: 18 };
const SMALL_BELOW = 600;

export class Overlay {
  constructor(svg) {
    this.svg = svg;
    this.masks = shape("g");
    this.zones = shape("g");
    this.lines = shape("g");
    this.floor = shape("g", { class: "floor" });
    this.people = shape("g");
    svg.append(hatch(), this.masks, this.zones, this.lines, this.floor, this.people);
    this.mount = null;
    this.scene = { masks: [], zones: [], lines: [] };
    this.frame = { tracks: [] };
    this.alarmed = { people: new Set(), places: new Set() };
    new ResizeObserver(() => this.redraw()).observe(svg);
  }

  setScene(scene) {
    this.scene = scene;
    this.redraw();
  }

  // Outlines of people who would stand on the floor, if the camera hangs as `mount` says; null shows none.
  setFloor(mount) {
    this.mount = mount;
    const people = mount ? standing(mount, this.width / this.height) : [];
    this.floor.replaceChildren(...people.map((outline) => shape("path", { d: path(outline.map((point) => this.at(point)), true) })));
  }

  // `alarmed`: the ids of the people and the names of the zones and lines that open incidents are about.
  setFrame(frame, alarmed) {
    this.frame = frame;
    this.alarmed = alarmed;
    this.people.replaceChildren(...(frame.tracks ?? []).map((track) => this.person(track, alarmed.people)));
    for (const group of [...this.zones.children, ...this.lines.children]) {
      group.classList.toggle("alarmed", alarmed.places.has(group.dataset.name));
    }
  }

  redraw() {
    this.width = this.svg.clientWidth;
    this.height = this.svg.clientHeight;
    this.label = this.width < SMALL_BELOW ? SMALL : LARGE;
    this.masks.replaceChildren(...(this.scene.masks ?? []).map((mask) => this.mask(mask)));
    this.zones.replaceChildren(...this.scene.zones.map((zone) => this.zone(zone)));
    this.lines.replaceChildren(...this.scene.lines.map((line) => this.line(line)));
    this.setFloor(this.mount);
    this.setFrame(this.frame, this.alarmed);
  }

  at([x, y]) {
    return [x * this.width, y * this.height];
  }

  mask(mask) {
    return shape("path", { class: mask.what, d: path(mask.polygon.map((point) => this.at(point)), true) });
  }

  zone(zone) {
    const corners = zone.polygon.map((point) => this.at(point));
    const outline = path(corners, true);
    const group = shape("g", { class: `zone ${zone.kind}` }, shape("path", { class: "area", d: outline }));
    if (zone.kind === "restricted") group.append(shape("path", { class: "hatch", d: outline, fill: "url(#hatch)" }));
    const [x, y] = middle(corners, this.width, this.height);
    group.append(shape("path", { class: "edge", d: outline }), this.pill(plain(zone.name), x, y));
    group.dataset.name = zone.name;
    return group;
  }

  line(line) {
    const points = line.points.map((point) => this.at(point));
    const { arrow: reach, height } = this.label;
    const { arrow, beside } = inward(points, reach);
    const group = shape("g", { class: "line" },
      shape("path", { class: "halo", d: path(points, false) }),
      shape("path", { class: "stroke", d: path(points, false) }),
      shape("path", { class: "halo", d: arrow }),
      shape("path", { class: "arrow", d: arrow }),
      this.pill(plain(line.name), ...beside(-height)),
      this.pill("in", ...beside(reach + height * 0.7)));
    group.dataset.name = line.name;
    return group;
  }

  person(track, alarmed) {
    const [left, top, right, bottom] = [...this.at(track.box.slice(0, 2)), ...this.at(track.box.slice(2))];
    const state = [track.confirmed ? "confirmed" : "tentative", track.seen ? "" : "predicted", alarmed.has(track.id) ? "alarmed" : ""];
    const group = shape("g", { class: `person ${state.join(" ")}` },
      shape("rect", { class: "box", x: left, y: top, width: right - left, height: bottom - top, rx: 3 }));
    if (track.confirmed) {
      group.append(shape("path", { class: "corners", d: corners(left, top, right, bottom) }), this.pill(String(track.id), left + 9, top - this.label.height / 2 - 3));
    }
    if (track.foot_seen) {
      const [x, y] = this.at(track.foot);
      group.append(shape("ellipse", { class: "foot", cx: x, cy: y, rx: 7, ry: 3 }));
    }
    return group;
  }

  // A label round a point, kept inside the picture.
  pill(text, x, y) {
    const { font, height, pad, letter } = this.label;
    const width = text.length * letter + 2 * pad;
    const left = Math.min(Math.max(x - width / 2, 2), Math.max(2, this.width - width - 2));
    const top = Math.min(Math.max(y - height / 2, 2), Math.max(2, this.height - height - 2));
    const words = shape("text", { x: left + width / 2, y: top + height * 0.73, "text-anchor": "middle", "font-size": font });
    words.textContent = text;
    return shape("g", { class: "pill-mark" }, shape("rect", { x: left, y: top, width, height, rx: 5 }), words);
  }
}

function hatch() {
  const stripes = shape("pattern", { id: "hatch", width: 9, height: 9, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    shape("path", { d: "M0 0V9", class: "stripe" }));
  return shape("defs", {}, stripes);
}

function corners(left, top, right, bottom) {
  const reach = Math.min(right - left, bottom - top) * 0.28;
  const corner = (x, y, sx, sy) => `M${x} ${y + sy * reach}V${y}H${x + sx * reach}`;
  return corner(left, top, 1, 1) + corner(right, top, -1, 1) + corner(left, bottom, 1, -1) + corner(right, bottom, -1, -1);
}

// The middle of the part of a polygon that is in the picture.
function middle(points, width, height) {
  const xs = points.map(([x]) => Math.min(Math.max(x, 0), width));
  const ys = points.map(([, y]) => Math.min(Math.max(y, 0), height));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean(xs), mean(ys)];
}
