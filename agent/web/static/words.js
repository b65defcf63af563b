// Turns the flat fields of an event, incident or health line into words a person reads.

const INCIDENTS = {
  restricted: "Restricted area",
  loitering: "Loitering",
  line_crossing: "Line crossed",
  after_hours: "After hours",
  running: "Person running",
  fall: "Person fell",
  crowding: "Crowding",
  queue: "Long queue",
};
const KINDS = {
  high_value: "high value", checkout: "checkout", exit: "exit", entrance: "entrance",
  restricted: "restricted", shelf: "shelf", queue: "queue", generic: "area",
};
const ENDED = { cleared: "cleared", limit: "its time limit was reached", silenced: "silenced", stopped: "the camera stopped" };
const LAST_END = { killed: "the run before was cut off", failed: "the run before failed" };
const SAID = new Set(["type", "kind", "t_s", "severity", "utc", "clock_synchronised", "track", "tracks"]);

export const plain = (word) => String(word ?? "").replaceAll("_", " ");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const zoneKind = (kind) => KINDS[kind] ?? plain(kind);
export const incidentTitle = (kind) => INCIDENTS[kind] ?? capital(plain(kind));

export function seconds(value) {
  const s = Number(value);
  if (!Number.isFinite(s)) return "";
  if (s < 9.95) return `${s.toFixed(1)} s`;
  return wholeSeconds(s + 0.5);
}

export function wholeSeconds(value) {
  const s = Math.max(0, Math.floor(value));
  return s < 90 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}

export function people(tracks) {
  const ids = tracks ?? [];
  if (!ids.length) return "";
  if (ids.length > 4) return `${ids.length} people`;
  return ids.length === 1 ? `person ${ids[0]}` : `people ${ids.join(", ")}`;
}

export function place(fields) {
  return [people(fields.tracks), fields.zone ?? fields.line].filter(Boolean).join(" · ");
}

// {title, detail, severity, tag}: severity is info, warning or critical; tag is a short state or "".
export function describe(fields) {
  if (fields.type === "incident") return incident(fields);
  if (fields.type === "health") return health(fields);
  const maker = EVENTS[fields.kind] ?? anything;
  return { severity: fields.severity ?? "info", tag: "", ...maker(fields) };
}

function incident(fields) {
  const ended = fields.state === "closed";
  const lasted = ended && fields.opened_s !== undefined ? `after ${seconds(fields.t_s - fields.opened_s)}` : "";
  return {
    title: incidentTitle(fields.kind),
    detail: [place(fields), lasted].filter(Boolean).join(" · "),
    severity: fields.severity ?? "warning",
    tag: fields.state,
  };
}

function health(fields) {
  const severity = { ok: "info", warning: "warning", fault: "critical" }[fields.state] ?? "info";
  return { title: `Camera ${plain(fields.what)}`, detail: fields.detail ?? "", severity, tag: fields.state };
}

const EVENTS = {
  line_crossing: (f) => ({ title: `Person ${f.track} ${f.direction === "out" ? "left" : "came in"}`, detail: `over ${f.line}` }),
  dwell: (f) => ({ title: `Person ${f.track} left ${f.zone}`, detail: `stayed ${seconds(f.dwell_s)}` }),
  output: (f) => output(f),
  start: (f) => ({ title: "Camera started", detail: LAST_END[f.last_end] ?? "" }),
  config_trial: (f) => ({ title: f.state === "confirmed" ? "New settings are kept" : "New settings were taken back", detail: [f.why, f.reason, f.by].filter(Boolean).join(" · ") }),
  session: (f) => ({ title: `Browser session ${f.what}`, detail: [f.by, f.address].filter(Boolean).join(" · ") }),
  silence: (f) => ({ title: "Silenced", detail: [f.reason, f.by].filter(Boolean).join(" · ") }),
  output_test: (f) => ({ title: `${capital(plain(f.output))} tested`, detail: `for ${seconds(f.seconds)}` }),
  walk_test: (f) => ({ title: `Walk test ${plain(f.state)}`, detail: f.passed === undefined ? "" : f.passed ? "passed" : "not passed" }),
  stop: (f) => ({ title: "Camera stopped", detail: f.end === "failed" ? "after a failure" : "" }),
  accelerator: (f) => ({ title: "Accelerator lost", detail: `going on with the ${plain(f.fallback)}` }),
};

function output(f) {
  const name = capital(plain(f.output));
  if (f.state === "active") return { title: `${name} on`, detail: plain(f.pattern) };
  if (f.state === "faulted") return { title: `${name} cannot be driven`, detail: f.error ?? "" };
  const lasted = f.end_s === undefined ? "" : seconds(f.end_s - f.start_s);
  return { title: `${name} off`, detail: [lasted && `after ${lasted}`, ENDED[f.ended] ?? plain(f.ended)].filter(Boolean).join(" · ") };
}

function anything(f) {
  const facts = Object.entries(f).filter(([key, value]) => !SAID.has(key) && typeof value !== "object");
  const who = f.track === undefined ? "" : `person ${f.track}`;
  return { title: capital(plain(f.kind)), detail: [who, ...facts.map(([key, value]) => `${plain(key)} ${plain(value)}`)].filter(Boolean).join(" · ") };
}

export function clockTime(atS) {
  return new Date(atS * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}
