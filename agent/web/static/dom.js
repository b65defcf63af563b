// Makes and changes elements; text stays text, whatever the camera says.

export const $ = (id) => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";

export function element(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function icon(name) {
  const svg = shape("svg", { "aria-hidden": "true" }, shape("use", { href: `#i-${name}` }));
  return svg;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function button(text, act, className = "plain") {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// A labelled field; `input` is any form control.
export function field(label, input) {
  return element("label", "field", element("span", "", label), input);
}

export function control(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

export function choice(options, chosen) {
  const made = element("select");
  for (const [value, text] of options) made.append(new Option(text, value, false, value === chosen));
  return made;
}

// Says how something went, where it was asked; errors interrupt a screen reader, the rest waits its turn.
export function say(node, text, bad = false) {
  node.className = `said${bad ? " bad" : ""}`;
  node.setAttribute("role", bad ? "alert" : "status");
  setText(node, text);
  node.hidden = !text;
}

// Runs `work`, with the button out of use meanwhile and what goes wrong said at `node`.
export async function doing(pressed, node, work) {
  if (pressed) pressed.disabled = true;
  say(node, "");
  try {
    return await work();
  } catch (trouble) {
    say(node, trouble.message, true);
    return null;
  } finally {
    if (pressed) pressed.disabled = false;
  }
}
