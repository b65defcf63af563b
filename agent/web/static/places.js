// The view of zones, lines and masks: draw, name, decide what alarms, save; the camera tries it and keeps it or not.

import { ask, tell } from "./ask.js";
import { $, button, choice, control, doing, element, field, say } from "./dom.js";
import { forget, keep, kept } from "./draft.js";
import { Drawing } from "./drawing.js";
import { isLine, isShelf, NAMES, Plan, TABLES } from "./plan.js";
import { verdict } from "./trial.js";
import { capital, plain, zoneKind } from "./words.js";

const KINDS = ["restricted", "high_value", "checkout", "entrance", "exit", "shelf", "queue", "generic"];
const NAME = /^[A-Za-z0-9._-]{1,63}$/;
const SUBJECTS = { polygon: "The outline", points: "The line", front: "The front of the shelf", name: "The name", kind: "What it is for" };
const HELP = {
  zone: "An area of the floor. Tap its corners where feet stand.",
  line: "People are counted when they cross it. Tap its points in order; the arrow shows which way is “in”.",
  privacy_mask: "Burnt black in every picture, before anything else sees it.",
  motion_mask: "Movement here does not count: a screen, a fan, a street behind glass.",
  object_mask: "Nobody is looked for here: a poster, a dummy.",
  front: "The front of the shelf, where its goods are seen. Tap the corners of the shelf's face.",
};

export class Places {
  constructor(outputs) {
    this.outputs = outputs;
    this.wrong = new Map();
    this.drawing = new Drawing($("draft"), () => { this.forgive(); this.render(); });
    $("draw-what").replaceChildren(...TABLES.map((table) => new Option(NAMES[table], table)));
    $("draw-kind").replaceChildren(...KINDS.map((kind) => new Option(capital(zoneKind(kind)), kind)));
    $("draw-what").addEventListener("change", () => this.render());
    $("draw-new").addEventListener("click", () => this.begin());
    $("draw-finish").addEventListener("click", () => this.drawing.finish());
    $("draw-cancel").addEventListener("click", () => this.drawing.cancel());
    $("draw-undo").addEventListener("click", () => this.undo());
    $("draw-save").addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
  }

  async open() {
    this.shown = true;
    $("draft").removeAttribute("hidden");
    if (this.plan?.changed || this.waiting) return;
    const drawn = await doing(null, $("draw-said"), () => ask("/v1/zones"));
    if (drawn) this.take(drawn);
  }

  close() {
    this.shown = false;
    $("draft").setAttribute("hidden", "");
  }

  take(drawn) {
    this.plan = new Plan(drawn);
    this.resume();
    this.drawing.show(this.plan);
    this.render();
  }

  // What was drawn before the page was loaded anew, unless the camera has other zones by now.
  resume() {
    const { tables, stale } = kept(this.plan);
    if (tables) this.plan.resume(tables);
    if (tables) say($("draw-said"), "What you drew before is here again. Save it, or undo it.");
    if (stale) say($("draw-said"), "What you drew before is gone: the camera's zones were changed meanwhile.", true);
  }

  begin(table = $("draw-what").value, of = null) {
    this.drawing.begin(table, $("draw-kind").value, of);
    $("stage").scrollIntoView({ block: "nearest" });
  }

  get unsaved() {
    return Boolean(this.plan?.changed) && !this.waiting;
  }

  undo() {
    if (this.plan?.undo()) this.drawing.choose(null);
    this.wrong.clear();
    this.render();
  }

  render() {
    const { begun, ready, chosen } = this.drawing;
    const table = begun?.table ?? $("draw-what").value;
    $("draw-kind").closest("label").hidden = table !== "zone";
    $("draw-help").textContent = begun ? `${HELP[table]} By keyboard: arrow keys, Space for a corner, Enter ends.` : HELP[table];
    for (const [id, on] of [["draw-new", !begun], ["draw-finish", begun], ["draw-cancel", begun]]) $(id).hidden = !on;
    $("draw-new").disabled = !this.plan;
    $("draw-finish").disabled = !ready;
    $("draw-undo").disabled = !this.plan?.past.length || Boolean(begun);
    $("draw-save").hidden = !this.plan?.changed || Boolean(begun);
    document.documentElement.toggleAttribute("data-unsaved", this.unsaved);
    if (!this.plan) return;
    if (!this.waiting) keep(this.plan);
    $("draw-list").replaceChildren(...this.plan.shapes.map((one) => this.row(one)));
    if (this.formOf !== chosen) this.form(chosen);
  }

  row(one) {
    const kind = one.table === "zone" ? (one.row.kind ?? "generic") : one.table;
    const made = button("", () => { this.drawing.choose(one); this.render(); }, `row${this.wrong.has(one) ? " wrong" : ""}`);
    made.append(element("span", `swatch ${kind}`), element("span", "name", one.table === "front" ? NAMES.front : one.row.name ?? NAMES[one.table]),
      element("span", "kind", this.wrong.has(one) ? "needs a change" : kindWords(one, kind)));
    made.setAttribute("aria-pressed", String(one === this.drawing.chosen));
    return element("li", "", made);
  }

  form(one) {
    this.formOf = one;
    $("draw-form").replaceChildren(...(one ? this.fields(one) : []));
  }

  fields(one) {
    const made = (this.wrong.get(one) ?? []).map((words) => {
      const said = element("p");
      say(said, words, true);
      return said;
    });
    if (one.row.name !== undefined && one.table !== "front") made.push(this.nameField(one));
    if (one.table === "zone") made.push(this.kindField(one));
    if (one.table === "zone" && one.row.kind === "restricted") made.push(this.alarmField(one));
    if (isLine(one)) made.push(element("p", "help", "The arrow shows which way is “in”."), button("Swap in and out", () => this.change(() => this.plan.turn(one))));
    if (isShelf(one) && !this.plan.frontOf(one)) made.push(element("p", "help", HELP.front), button("Draw its front", () => this.begin("front", one)));
    made.push(this.removal(one));
    return made;
  }

  removal(one) {
    const rules = this.plan.rulesOf(one).length;
    const words = rules ? `Delete, with ${rules === 1 ? "the rule" : `the ${rules} rules`} that watch${rules === 1 ? "es" : ""} it` : "Delete";
    return button(words, () => { this.plan.remove(one); this.drawing.choose(null); this.render(); }, "plain danger");
  }

  // What somebody works on again is not called wrong any longer.
  forgive() {
    const steps = this.plan?.past.length;
    if (steps !== this.steps && this.wrong.delete(this.drawing.chosen)) this.formOf = null;
    this.steps = steps;
  }

  change(step) {
    step();
    this.forgive();
    this.drawing.draw();
    this.render();
  }

  nameField(one) {
    const input = control("input", { value: one.row.name, maxLength: 63, autocapitalize: "none", spellcheck: false, id: "place-name" });
    input.addEventListener("input", () => {
      const good = NAME.test(input.value);
      input.setAttribute("aria-invalid", String(!good));
      say($("draw-said"), good ? "" : "A name has letters without accents, digits, dot, dash and underscore.", !good);
      if (good) { this.plan.rename(one, input.value); this.render(); }
    });
    return field("Name", input);
  }

  kindField(one) {
    const kinds = choice(KINDS.map((kind) => [kind, capital(zoneKind(kind))]), one.row.kind ?? "generic");
    kinds.addEventListener("change", () => { this.plan.setKind(one, kinds.value); this.formOf = null; this.drawing.draw(); this.render(); });
    return field("What it is for", kinds);
  }

  alarmField(one) {
    const on = new Set(this.plan.alarm(one)?.actions ?? []);
    const boxes = this.outputs().map(({ name }) => {
      const box = control("input", { type: "checkbox", checked: on.has(name), value: name });
      box.addEventListener("change", () => {
        box.checked ? on.add(name) : on.delete(name);
        this.plan.setAlarm(one, [...on]);
        this.render();
      });
      return element("label", "check", box, capital(plain(name)));
    });
    return element("fieldset", "", element("legend", "", "When somebody enters, switch on"), ...boxes);
  }

  async save() {
    const reason = $("draw-reason").value.trim();
    const said = { ...this.plan.changes(), reason, base: this.plan.base };
    this.wrong.clear();
    const told = await doing($("draw-send"), $("draw-said"), () => tell("/v1/zones", said).catch((trouble) => this.refused(trouble)));
    if (!told) return;
    forget();
    $("draw-reason").value = "";
    say($("draw-said"), "Saved. The camera starts again with it, and keeps it when all is well for ten seconds.");
    $("draw-save").hidden = true;
    this.wait(told);
  }

  // What the camera does not take stands at the shape concerned; the first one is shown.
  refused(trouble) {
    for (const problem of trouble.problems ?? []) {
      const one = this.plan.at(problem.path);
      if (one) this.wrong.set(one, [...(this.wrong.get(one) ?? []), problemWords(problem, one)]);
    }
    const [first] = this.wrong.keys();
    if (!first) throw trouble;
    this.steps = this.plan.past.length;
    this.formOf = null;
    this.drawing.choose(first);
    this.render();
    $("draw-form").scrollIntoView({ block: "nearest" });
    const count = this.wrong.size;
    throw new Error(`Not saved: ${count === 1 ? "one shape needs" : `${count} shapes need`} a change. The camera goes on as before.`);
  }

  // Until the trial has ended.
  async wait(told) {
    this.waiting = true;
    const { now, kept, words } = await verdict("/v1/zones", told);
    this.waiting = false;
    if (now) this.take(now);
    say($("draw-said"), words, !kept);
  }
}

const kindWords = (one, kind) => ({ zone: zoneKind(kind), line: "line", front: `of ${one.row.name}` })[one.table] ?? "";

// A mistake as a person says it, without the path, which the shape stands for.
function problemWords({ path, message, hint }, one) {
  const setting = /\.(\w+)/.exec(path)?.[1] ?? "";
  const subject = SUBJECTS[setting] ?? (path.startsWith("rule") ? `A rule that watches ${one.row.name}` : NAMES[one.table]);
  return `${subject} ${message}${hint ? `: ${hint}` : ""}.`;
}
