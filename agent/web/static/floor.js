// The button that shows where people would stand: whether they are as tall as they look tells whether the mount is right.

import { ask } from "./ask.js";
import { $, doing, say } from "./dom.js";
import { showFloor } from "./live.js";

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
    showFloor(null);
    say($("floor-said"), "");
    if (!this.on) return;
    const mount = this.measured ?? await this.kept();
    if (!mount || !this.on) return;
    if (mount.height_m === undefined || mount.tilt_deg === undefined) say($("floor-said"), UNKNOWN);
    else showFloor(mount);
  }

  async kept() {
    const told = await doing(null, $("floor-said"), () => ask("/v1/mount"));
    return told && { ...told.mount, view_deg: told.view_deg };
  }
}
