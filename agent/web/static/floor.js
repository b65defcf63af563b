// The button that shows where people would stand: whether they are as tall as they look tells whether the mount is right.

import { ask } from "./ask.js";
import { $, doing, say } from "./dom.js";
import { scene, showFloor } from "./live.js";
import { standing } from "./standing.js";

const UNKNOWN = "Not known yet how the camera hangs: say how tall you are in the walk test.";

export class Floor {
  constructor() {
    this.measured = null;
    $("floor").addEventListener("click", () => this.toggle());
  }

  // What a walk has just measured is shown before it is saved.
  preview(mount) {
    this.measured = mount;
    this.show();
  }

  get on() {
    return $("floor").getAttribute("aria-pressed") === "true";
  }

  toggle() {
    $("floor").setAttribute("aria-pressed", String(!this.on));
    this.show();
  }

  async show() {
    showFloor([]);
    say($("floor-said"), "");
    if (!this.on) return;
    const mount = this.measured ?? await this.kept();
    if (!mount || !this.on) return;
    const [width, height] = scene.size;
    if (mount.height_m === undefined || mount.tilt_deg === undefined) say($("floor-said"), UNKNOWN);
    else showFloor(standing(mount, width / height));
  }

  async kept() {
    const told = await doing(null, $("floor-said"), () => ask("/v1/mount"));
    return told && { ...told.mount, view_deg: told.view_deg };
  }
}
