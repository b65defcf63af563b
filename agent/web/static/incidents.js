// Incidents with their stills: why it was one, confirm or dismiss it, take its report away.

import { ask, tell } from "./ask.js";
import { $, button, control, doing, element, field, icon, say } from "./dom.js";
import { sealedPath } from "./sealing.js";
import { incidentTitle, place, plain, wholeSeconds } from "./words.js";

const MANY = 30;
const MOST_STILLS = 3;
const when = (stamp) => new Date(stamp.utc_s * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });

export class IncidentsView {
  constructor() {
    $("incidents-again").addEventListener("click", () => this.open());
  }

  async open() {
    const found = await doing($("incidents-again"), $("incidents-said"), () => ask(`/v1/incidents?limit=${MANY}`));
    if (!found) return;
    $("incidents-list").replaceChildren(...found.incidents.map((one) => this.row(one)));
    $("incidents-none").hidden = found.incidents.length > 0;
  }

  close() {}

  row(one) {
    const opened = element("details", `incident ${one.severity}`, element("summary", "", icon(one.severity === "critical" ? "critical" : one.severity === "warning" ? "warning" : "info"),
      element("span", "name", incidentTitle(one.kind)), element("span", "kind", [place(one), when(one.opened), one.over ? wholeSeconds(one.lasted_s) : ""].filter(Boolean).join(" · ")),
      element("span", `tag ${one.state}`, plain(one.state))));
    opened.dataset.id = one.id;
    opened.addEventListener("toggle", () => { if (opened.open && opened.children.length < 2) this.fill(opened, one); });
    return element("li", "", opened);
  }

  async fill(opened, one) {
    const [stills, why, said] = [element("div", "stills"), element("ul", "why"), element("p", "said")];
    said.hidden = true;
    opened.append(element("div", "inside", stills, why, this.decide(opened, one, said), this.report(one, said), said));
    const [clips, explanation] = await Promise.all([ask(`/v1/clips?incident=${encodeURIComponent(one.id)}`).catch(() => null), ask(`/v1/incidents/${one.id}/explanation`).catch(() => null)]);
    const sentences = explanation ? [...explanation.sentences.measured, ...explanation.sentences.would_not_have_opened.map((one) => `It would not have been one with: ${one}`)] : [];
    why.replaceChildren(...sentences.map((sentence) => element("li", "", sentence)));
    await this.stills(stills, clips?.clips ?? [], one);
  }

  async stills(box, clips, one) {
    const files = clips.flatMap((clip) => clip.stills.filter((still) => still.startsWith(`${one.id}-`)).map((still) => [clip.id, still]));
    for (const [clip, file] of files.slice(0, MOST_STILLS)) {
      const picture = control("img", { alt: `${incidentTitle(one.kind)}, ${when(one.opened)}` });
      picture.src = await sealedPath(`/v1/clips/${clip}/${file}`);
      box.append(picture);
    }
    if (!files.length) box.append(element("p", "detail", "No still is kept of it yet: the clip is made some seconds after the incident."));
  }

  decide(opened, one, said) {
    const reason = control("input", { maxLength: 200, placeholder: "such as: staff restocking" });
    const act = (decision, pressed) => doing(pressed, said, async () => {
      const now = await tell(`/v1/incidents/${one.id}/decision`, { decision, reason: reason.value.trim() });
      opened.querySelector(".tag").textContent = plain(now.state);
      say(said, decision === "confirm" ? "Confirmed." : "Dismissed.");
    });
    const confirm = button("Confirm", () => act("confirm", confirm));
    const dismiss = button("Dismiss", () => act("dismiss", dismiss));
    return element("div", "decide", field("Reason (needed to dismiss)", reason), element("div", "buttons", confirm, dismiss));
  }

  report(one, said) {
    const path = `/v1/incidents/${one.id}/report.zip`;
    const link = control("a", { href: path, className: "button report", textContent: "Report (signed, with its clips)" });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      doing(null, said, async () => {
        location.assign(await sealedPath(path));
        say(said, "The report is being made and comes as a download.");
      });
    });
    return link;
  }
}
