// What stands beside the picture: alarm lights, zones, open incidents, the event list and the camera's vitals.

import { $, element, icon, setText } from "./dom.js";
import { capital, clockTime, describe, incidentTitle, place, plain, wholeSeconds, zoneKind } from "./words.js";

const MAX_ROWS = 200;
const STAGES = ["gate", "input", "invoke", "decode", "track", "rules", "alarm"];
const SOUND = /siren|horn|buzz|sound|speaker|bell/;
const FLASH = /strobe|flash|beacon|light|lamp/;
function symbolOf(name) {
  if (SOUND.test(name)) return "siren";
  if (FLASH.test(name)) return "strobe";
  return /led|indicator/.test(name) ? "led" : "output";
}

export class Lights {
  constructor() {
    this.lights = new Map();
  }

  setScene(scene) {
    this.lights.clear();
    $("lights").replaceChildren(...scene.outputs.map((output) => this.make(output)));
    $("lights").closest("section").hidden = !scene.outputs.length;
  }

  make(output) {
    const name = output.name.toLowerCase();
    const state = element("span", "state", "off");
    const lamp = element("span", "lamp", icon(symbolOf(name)));
    const row = element("li", `light ${symbolOf(name)}`, lamp, element("span", "name", capital(plain(output.name))), state);
    this.lights.set(output.name, { row, state, output });
    return row;
  }

  setFrame(frame) {
    for (const now of frame.outputs ?? []) {
      const light = this.lights.get(now.name);
      if (!light) continue;
      light.row.classList.toggle("on", now.on);
      light.row.classList.toggle("active", now.state === "active");
      light.row.classList.toggle("faulted", now.faulted);
      setText(light.state, stateText(now, light.output));
    }
  }

  forget() {
    for (const { row, state } of this.lights.values()) {
      row.classList.remove("on", "active", "faulted");
      setText(state, "not known");
    }
  }
}

function stateText(now, output) {
  if (now.faulted) return "cannot be driven";
  if (now.state === "active") return `ON · ${output.hz ? `${plain(output.pattern)} ${output.hz} Hz` : plain(output.pattern)}`;
  return now.state === "limited" ? "off · limit reached" : "off";
}

export class Zones {
  constructor() {
    this.counts = new Map();
  }

  setScene(scene) {
    this.counts.clear();
    $("zones").replaceChildren(...scene.zones.map((zone) => this.make(zone)));
    $("zones").closest("section").hidden = !scene.zones.length;
  }

  make(zone) {
    const count = element("b", "", "0");
    const row = element("li", "", element("span", `swatch ${zone.kind}`), element("span", "name", plain(zone.name)),
      element("span", "kind", zoneKind(zone.kind)), count, element("span", "unseen", " people"));
    this.counts.set(zone.name, { count, row });
    return row;
  }

  setFrame(frame) {
    for (const [name, held] of Object.entries(frame.zones ?? {})) {
      const zone = this.counts.get(name);
      if (!zone) continue;
      setText(zone.count, String(held));
      zone.row.classList.toggle("held", held > 0);
    }
    const seen = (frame.tracks ?? []).filter((track) => track.confirmed && track.seen).length;
    setText($("people"), seen ? `${seen} ${seen === 1 ? "person" : "people"} in view` : "Nobody in view");
  }

  forget() {
    for (const { count, row } of this.counts.values()) {
      setText(count, "–");
      row.classList.remove("held");
    }
    setText($("people"), "Not known");
  }
}

export class Incidents {
  constructor() {
    this.rows = new Map();
  }

  // Shows the open ones over the picture, one row a rule and place; returns which people and places they are about.
  setFrame(frame) {
    const open = (frame.incidents ?? []).filter((incident) => incident.severity !== "info");
    const groups = grouped(open, subject);
    for (const [key, row] of this.rows) if (!groups.has(key)) { row.remove(); this.rows.delete(key); }
    for (const [key, members] of groups) this.show(key, members, frame.t_s);
    document.documentElement.classList.toggle("alarmed", open.length > 0);
    return { people: new Set(open.flatMap((i) => i.tracks ?? [])), places: new Set(open.flatMap((i) => [i.zone, i.line].filter(Boolean))) };
  }

  show(key, members, nowS) {
    let row = this.rows.get(key);
    if (!row) {
      row = element("li", "", icon("warning"), element("b"), element("span"), element("time"));
      this.rows.set(key, row);
      $("alarms").append(row);
    }
    const worst = members.some((i) => i.severity === "critical") ? "critical" : "warning";
    const since = Math.min(...members.map((i) => i.opened_s ?? Infinity));
    row.className = worst;
    row.querySelector("use").setAttribute("href", `#i-${worst}`);
    setText(row.querySelector("b"), incidentTitle(members[0].kind));
    setText(row.querySelector("span"), place({ ...members[0], tracks: members.flatMap((i) => i.tracks ?? []) }));
    setText(row.querySelector("time"), Number.isFinite(since) && nowS !== undefined ? wholeSeconds(nowS - since) : "");
  }
}

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const subject = (incident) => [incident.kind, incident.zone, incident.line].join(" ");

export class EventList {
  constructor() {
    this.list = $("events");
    this.clear();
  }

  clear() {
    this.total = 0;
    this.list.replaceChildren();
    this.count();
  }

  add(message) {
    const words = describe(message.fields);
    const row = element("li", `${words.severity} ${words.tag}${message.recent ? "" : " new"}`, this.mark(words), this.body(words), this.time(message));
    this.list.prepend(row);
    while (this.list.children.length > MAX_ROWS) this.list.lastElementChild.remove();
    this.total += 1;
    this.count();
    if (!message.recent && words.severity !== "info" && words.tag === "open") setText($("announce"), `${words.title}: ${words.detail}`);
  }

  mark(words) {
    return element("span", "mark", icon(words.severity), element("span", "unseen", `${words.severity}: `));
  }

  body(words) {
    const title = element("p", "what", words.title);
    if (words.tag) title.append(" ", element("span", `tag ${words.tag}`, words.tag));
    return element("div", "body", title, element("p", "detail", words.detail));
  }

  time(message) {
    const when = element("time", "", clockTime(message.at_s));
    when.dateTime = new Date(message.at_s * 1000).toISOString();
    $("unsure").hidden = message.synchronised;
    return when;
  }

  count() {
    setText($("count"), String(this.total));
    $("nothing").hidden = this.total > 0;
  }
}

function milliseconds(ms) {
  if (!ms) return "–";
  if (ms < 0.01) return "<0.01";
  return ms.toFixed(ms < 1 ? 2 : 1);
}

export class Vitals {
  constructor() {
    this.stages = new Map(STAGES.map((stage) => [stage, this.stage(stage)]));
  }

  stage(stage) {
    const part = element("span", stage);
    const value = element("dd", "", "–");
    $("bar").append(part);
    $("stages").append(element("div", "", element("dt", "", element("i", stage), stage), value));
    return { part, value };
  }

  setScene(scene) {
    setText($("model"), scene.model);
  }

  setFrame(frame) {
    setText($("fps"), frame.fps ? `${frame.fps.toFixed(1)} /s` : "–");
    setText($("dropped"), String(frame.dropped));
    const times = frame.stages_ms ?? {};
    setText($("frame-ms"), times.frame === undefined ? "–" : `${times.frame.toFixed(1)} ms`);
    for (const [stage, { part, value }] of this.stages) {
      const ms = times[stage] ?? 0;
      part.style.flexGrow = String(ms);
      setText(value, milliseconds(ms));
    }
  }

  setFacts(facts) {
    for (const old of document.querySelectorAll("#vitals .fact")) old.remove();
    for (const [label, fact] of Object.entries(facts)) {
      const { text, state } = typeof fact === "object" && fact ? fact : { text: fact, state: "" };
      $("vitals").append(element("div", `fact ${state ?? ""}`, element("dt", "", capital(plain(label))), element("dd", "", String(text))));
    }
  }
}
