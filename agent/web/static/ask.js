// Asks the camera; whatever goes wrong becomes one sentence that a person understands.

import { sealed } from "./sealing.js";

const WORDS = {
  401: "You are not let in.",
  404: "This camera does not have that.",
  408: "The camera did not get all of it in time. Try again.",
  429: "Too many tries. Wait a little.",
  503: "The camera cannot do that just now. Try again in a moment.",
};

export class Trouble extends Error {
  constructor(words, status = 0, problems = []) {
    super(words);
    this.status = status;
    this.problems = problems;
  }
}

const sentence = (text) => {
  const words = text.trim();
  const begun = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
};

async function request(method, path, body) {
  const headers = await sealed(method, path, body);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body });
  } catch {
    throw new Trouble("The camera does not answer. Is your phone still in the shop's network?");
  }
  if (answer.ok) return answer;
  throw await trouble(answer);
}

async function trouble(answer) {
  const text = await answer.text();
  if (answer.status === 422) {
    const { problems } = JSON.parse(text);
    const words = problems.map((one) => sentence(`${one.path}: ${one.message}${one.hint ? ` (${one.hint})` : ""}`));
    return new Trouble(words.join(" "), 422, problems);
  }
  if (text && text.length < 600 && !text.startsWith("<")) return new Trouble(sentence(text), answer.status);
  return new Trouble(WORDS[answer.status] ?? `The camera answered ${answer.status}.`, answer.status);
}

export const ask = async (path) => (await request("GET", path)).json();
export const tell = async (path, said = {}) => (await request("POST", path, JSON.stringify(said))).json();
