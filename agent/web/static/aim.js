// The view for aiming: focus, exposure and level as numbers and bars, from the newest picture.

import { ask } from "./ask.js";
import { $, element, say, setText } from "./dom.js";

const EVERY_MS = 700;
const LEVEL_DEG = 1.5;
const EXPOSURE = { ok: "Good", dark: "Too dark", bright: "Too bright", flat: "No contrast" };

export class AimView {
  open() {
    this.running = true;
    this.best = 0;
    this.look();
  }

  close() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async look() {
    try {
      this.show(await ask("/v1/aim"));
      say($("aim-said"), "");
    } catch (trouble) {
      say($("aim-said"), trouble.message, true);
    }
    if (this.running) this.timer = setTimeout(() => this.look(), EVERY_MS);
  }

  show(aim) {
    const sharp = aim.sharpness ?? 0;
    this.best = Math.max(this.best, sharp);
    $("aim-focus").value = sharp;
    setText($("aim-focus-text"), aim.sharpness === null ? "Nothing to focus on" : `${sharp.toFixed(0)} of 100`);
    setText($("aim-best"), this.best ? `Best so far: ${this.best.toFixed(0)}. Turn the lens until the number is back there.` : "");
    $("aim-tiles").replaceChildren(...aim.tiles.map((tile) => element("span", "", tile === null ? "–" : tile.toFixed(0))));
    $("aim-light").value = aim.mean;
    setText($("aim-light-text"), EXPOSURE[aim.exposure]);
    setText($("aim-advice"), aim.advice);
    this.level(aim.tilt_deg);
  }

  level(tilt) {
    $("aim-bubble").hidden = tilt === null;
    if (tilt === null) { setText($("aim-level-text"), "No uprights in view to measure by"); return; }
    $("aim-bubble").style.left = `${50 + Math.max(-45, Math.min(45, tilt * 5))}%`;
    const side = tilt > 0 ? "counter-clockwise" : "clockwise";
    setText($("aim-level-text"), Math.abs(tilt) <= LEVEL_DEG ? "Level" : `${Math.abs(tilt).toFixed(1)}° off: turn the camera ${side}`);
  }
}
