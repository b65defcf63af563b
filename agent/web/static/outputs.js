// Outputs and inputs: try one, silence what sounds with a reason, see what the sensors say.

import { ask, tell } from "./ask.js";
import { $, button, doing, element, say, setText } from "./dom.js";
import { Looking } from "./looking.js";
import { capital, plain } from "./words.js";

const EVERY_MS = 1000;
const TEST_S = 2;

export class OutputsView extends Looking {
  constructor() {
    super(EVERY_MS);
    $("silence").addEventListener("submit", (event) => { event.preventDefault(); this.silence(); });
  }

  open() {
    this.asked = "";
    super.open();
  }

  async see() {
    const [outputs, inputs] = await Promise.all([ask("/v1/outputs").catch(() => null), ask("/v1/inputs").catch(() => null)]);
    if (outputs) this.showOutputs(outputs.outputs);
    if (inputs) this.showInputs(inputs.inputs);
  }

  showOutputs(outputs) {
    const states = JSON.stringify(outputs);
    if (states === this.asked) return;
    this.asked = states;
    const focused = document.activeElement?.dataset?.output;
    $("try-list").replaceChildren(...outputs.map((output) => this.row(output)));
    if (focused) $("try-list").querySelector(`[data-output="${CSS.escape(focused)}"]`)?.focus();
    $("try-none").hidden = outputs.length > 0;
  }

  row(output) {
    const state = output.faulted ? `cannot be driven: ${output.fault}` : output.barred ? `${output.state}: ${output.barred}` : output.state;
    const pressed = button("Test 2 s", () => this.test(output, pressed));
    pressed.dataset.output = output.name;
    pressed.setAttribute("aria-label", `Test ${plain(output.name)} for 2 seconds`);
    return element("li", output.faulted ? "bad" : output.on ? "lit" : "", element("span", "name", capital(plain(output.name))),
      element("span", "kind", `${output.role}, ${state}`), pressed);
  }

  async test(output, pressed) {
    const loud = output.role === "siren";
    if (loud && pressed.dataset.sure !== "yes") {
      pressed.dataset.sure = "yes";
      setText(pressed, "Loud: press again");
      setTimeout(() => { delete pressed.dataset.sure; setText(pressed, "Test 2 s"); }, 5000);
      return;
    }
    const path = `/v1/outputs/${encodeURIComponent(output.name)}/test`;
    const told = await doing(pressed, $("try-said"), () => tell(path, { seconds: TEST_S, confirm: loud }));
    if (told) say($("try-said"), `${capital(plain(output.name))} is on for ${TEST_S} s. Marked as a test in the camera's log.`);
    this.look();
  }

  async silence() {
    const reason = $("silence-reason").value.trim();
    const told = await doing($("silence-send"), $("silence-said"), () => tell("/v1/silence", { reason }));
    if (!told) return;
    $("silence-reason").value = "";
    say($("silence-said"), told.silenced.length ? `Silenced: ${told.silenced.join(", ")}.` : "Nothing was sounding.");
    this.look();
  }

  showInputs(inputs) {
    $("inputs-none").hidden = inputs.length > 0;
    $("inputs-list").replaceChildren(...inputs.map((input) => element("li", input.active ? "lit" : "",
      element("span", "name", plain(input.name)), element("span", "kind", [plain(input.kind), input.unavailable].filter(Boolean).join(", ")),
      element("b", "", input.active ? "active" : "at rest"))));
  }
}
