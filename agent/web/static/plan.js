// What is drawn: zones, lines and masks as the configuration has them, changed step by step; no page, no camera.

export const TABLES = ["zone", "line", "privacy_mask", "motion_mask", "object_mask"];
export const NAMES = {
  zone: "Zone", line: "Line", privacy_mask: "Privacy mask", motion_mask: "Motion mask", object_mask: "Object mask",
  front: "Front of the shelf",
};
const CORNERS = { line: "points", front: "front" };
const PLACES = 4;
const clamp = (value) => Number(Math.min(1, Math.max(0, value)).toFixed(PLACES));

export const isLine = (one) => one.table === "line";
export const least = (one) => (isLine(one) ? 2 : 3);
export const corners = (one) => one.row[CORNERS[one.table] ?? "polygon"];
export const isShelf = (one) => one.table === "zone" && ["shelf", "high_value"].includes(one.row.kind);
export const place = ([x, y]) => [clamp(x), clamp(y)];

const copy = (value) => JSON.parse(JSON.stringify(value));
// The fronts of shelves are shapes as well; they stand in the rows of their zones, and move with nothing else.
const withFronts = (shapes) => shapes.flatMap((one) => (one.table === "zone" && one.row.front?.length ? [one, { table: "front", row: one.row }] : [one]));
const withoutFronts = (shapes) => shapes.filter((one) => one.table !== "front");

export class Plan {
  constructor(drawn) {
    this.base = drawn.sha256;
    this.past = [];
    this.set(drawn);
    this.saved = this.tables();
  }

  set(tables) {
    this.shapes = withFronts(TABLES.flatMap((table) => (tables[table] ?? []).map((row) => ({ table, row: copy(row) }))));
    this.rules = copy(tables.rule ?? []);
  }

  // Go on with what was drawn before; it can be undone in one step.
  resume(tables) {
    this.remember();
    this.set(tables);
  }

  // The tables as they would be saved.
  tables() {
    const rows = TABLES.map((table) => [table, this.shapes.filter((one) => one.table === table).map((one) => one.row)]);
    return copy({ ...Object.fromEntries(rows), rule: this.rules });
  }

  // Only the tables that are others than those of the camera.
  changes() {
    const now = this.tables();
    return Object.fromEntries(Object.entries(now).filter(([key, rows]) => JSON.stringify(rows) !== JSON.stringify(this.saved[key])));
  }

  get changed() {
    return Object.keys(this.changes()).length > 0;
  }

  // Before every change: so that it can be undone.
  remember() {
    this.past.push(copy({ shapes: withoutFronts(this.shapes), rules: this.rules }));
  }

  undo() {
    const before = this.past.pop();
    if (before) Object.assign(this, { ...before, shapes: withFronts(before.shapes) });
    return Boolean(before);
  }

  add(table, points, kind) {
    this.remember();
    const row = isLine({ table }) ? { name: this.freeName("line"), points } : { polygon: points };
    if (table === "zone") Object.assign(row, { name: this.freeName(kind), kind });
    const made = { table, row };
    this.shapes.push(made);
    return made;
  }

  // The front of a shelf: where its goods are seen.
  addFront(zone, points) {
    this.remember();
    zone.row.front = points;
    this.shapes = withFronts(withoutFronts(this.shapes));
    return this.frontOf(zone);
  }

  frontOf(zone) {
    return this.shapes.find((one) => one.table === "front" && one.row === zone.row);
  }

  freeName(word) {
    const taken = new Set(this.shapes.map((one) => one.row.name));
    if (!taken.has(word)) return word;
    let number = 2;
    while (taken.has(`${word}-${number}`)) number += 1;
    return `${word}-${number}`;
  }

  remove(one) {
    this.remember();
    const gone = this.rulesOf(one);
    if (one.table === "front") delete one.row.front;
    this.shapes = withFronts(withoutFronts(this.shapes).filter((other) => other !== one));
    this.rules = this.rules.filter((rule) => !gone.includes(rule));
  }

  rename(one, name) {
    if (name === one.row.name) return;
    this.remember();
    for (const rule of this.rulesOf(one)) rule[one.table] = name;
    one.row.name = name;
  }

  setKind(one, kind) {
    this.remember();
    one.row.kind = kind;
    if (!isShelf(one)) delete one.row.front;
    this.shapes = withFronts(withoutFronts(this.shapes));
  }

  move(one, index, point) {
    corners(one)[index] = place(point);
  }

  shift(one, dx, dy) {
    const points = corners(one);
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const within = (by, values) => Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by));
    const [right, down] = [within(dx, xs), within(dy, ys)];
    points.forEach(([x, y], index) => { points[index] = place([x + right, y + down]); });
  }

  // "in" is to the right hand of somebody who walks along the line: the other way round it is on the other side.
  turn(one) {
    this.remember();
    corners(one).reverse();
  }

  insert(one, index, point) {
    this.remember();
    corners(one).splice(index, 0, place(point));
  }

  drop(one, index) {
    if (corners(one).length <= least(one)) return false;
    this.remember();
    corners(one).splice(index, 1);
    return true;
  }

  rulesOf(one) {
    return one.row.name && one.table !== "front" ? this.rules.filter((rule) => rule[one.table] === one.row.name) : [];
  }

  // The shape that a path such as `zone[1].polygon` or `rule[0].line` is about.
  at(path) {
    const [, table, index, setting = ""] = /^(\w+)\[(\d+)\]\.?(\w*)/.exec(path) ?? [];
    const rule = table === "rule" ? this.rules[Number(index)] : null;
    if (rule) return this.shapes.find((one) => this.rulesOf(one).includes(rule));
    const found = this.shapes.filter((one) => one.table === table)[Number(index)];
    return (setting === "front" && found && this.frontOf(found)) || found;
  }

  alarm(one) {
    return this.rulesOf(one).find((rule) => rule.kind === "restricted");
  }

  // The outputs that go on when somebody enters a restricted zone; none ends the rule.
  setAlarm(one, outputs) {
    this.remember();
    const rule = this.alarm(one);
    if (!outputs.length) this.rules = this.rules.filter((other) => other !== rule);
    else if (rule) rule.actions = outputs;
    else this.rules.push({ kind: "restricted", zone: one.row.name, severity: "critical", actions: outputs });
  }
}

// The places halfway between neighbouring corners, each with the index that a new corner there would have.
export function between(one) {
  const points = corners(one);
  const ends = isLine(one) ? points.slice(1) : [...points.slice(1), points[0]];
  return ends.map(([x, y], i) => ({ index: i + 1, point: [(points[i][0] + x) / 2, (points[i][1] + y) / 2] }));
}
