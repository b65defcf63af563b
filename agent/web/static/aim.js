// The view for aiming: focus beside its best so far, exposure and level, from the newest picture; also by ear.

import { ask } from "./ask.js";
import { $, element, say, setText } from "./dom.js";
import { Looking } from "./looking.js";
import { Hearing } from "./senses.js";

const EVERY_MS = 400;
const LEVEL_DEG = 2;
const SHARP_ENOUGH = 0.93;
const MOST_DEG = 9;
const EXPOSURE = { ok: "good", dark: "too dark", bright: "too bright", flat: "no contrast" };

export class AimView extends Looking {
  constructor() {
    super(EVERY_MS);
    this.best = 0;
    this.hearing = new Hearing($("aim-hear"));
    $("aim-anew").addEventListener("click", () => { this.best = 0; });
  }

  async see() {
    try {
      this.show(await ask("/v1/aim"));
      say($("aim-said"), "");
    } catch (trouble) {
      say($("aim-said"), trouble.message, true);
    }
  }

  show(aim) {
    this.focus(aim.sharpness);
    $("aim-tiles").replaceChildren(...aim.tiles.map((tile) => element("span", "", tile === null ? "–" : tile.toFixed(0))));
    $("aim-light").value = aim.mean;
    setText($("aim-light-text"), EXPOSURE[aim.exposure]);
    setText($("aim-advice"), aim.advice);
    this.level(aim.tilt_deg);
  }

  focus(sharpness) {
    const now = sharpness ?? 0;
    this.best = Math.max(this.best, now);
    const share = this.best ? now / this.best : 0;
    $("aim-focus").value = now;
    $("aim-peak").style.left = `${this.best}%`;
    setText($("aim-focus-text"), sharpness === null ? "nothing to focus on" : `${now.toFixed(0)} of 100`);
    $("aim-best").className = `verdict ${share >= SHARP_ENOUGH ? "ok" : "warning"}`;
    setText($("aim-best"), sharpness === null ? "Aim at something with edges." : share >= SHARP_ENOUGH
      ? "As sharp as it was at best" : `${Math.floor(share * 100)} % of the best (${this.best.toFixed(0)}): turn back`);
    if (sharpness !== null) this.hearing.tone((share - 0.5) * 2, share >= SHARP_ENOUGH ? 2 : 1);
  }

  // Uprights that lean to the right show a camera that is turned anticlockwise, seen from behind it.
  level(tilt) {
    $("aim-bubble").hidden = tilt === null;
    if (tilt === null) { setText($("aim-level-text"), "no uprights in view to measure by"); return; }
    const good = Math.abs(tilt) <= LEVEL_DEG;
    $("aim-bubble").style.left = `${50 + (45 * Math.max(-MOST_DEG, Math.min(MOST_DEG, tilt))) / MOST_DEG}%`;
    $("aim-vial").classList.toggle("good", good);
    const way = tilt > 0 ? "clockwise" : "anticlockwise";
    setText($("aim-level-text"), good ? `good (${tilt.toFixed(1)}°)` : `leans by ${Math.abs(tilt).toFixed(1)}°: turn the camera, seen from behind, ${way}`);
  }
}
