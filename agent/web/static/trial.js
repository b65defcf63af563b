// Waits until the camera has kept a change that it tries, or taken it back; it is away for some seconds meanwhile.

import { ask } from "./ask.js";

const LOOK_MS = 2000;

// What `path` tells at the end, whether the change was kept, and that in words.
export async function verdict(path, { sha256, trial_s: trialS }) {
  const end = Date.now() + trialS * 2000;
  let now = null;
  while (Date.now() < end && !(now && (now.sha256 !== sha256 || now.trial?.state !== "pending"))) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    now = await ask(path).catch(() => now);
  }
  const kept = now?.sha256 === sha256;
  return { now, kept, words: kept ? "Kept: the camera watches with it." : `Taken back: ${now?.trial?.why || "the camera did not do well with it"}.` };
}
