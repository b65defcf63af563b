// For hands that are on the lens and eyes that are elsewhere: tones, a buzz, and a screen that stays on.

const LOW_HZ = 220;
const HIGH_HZ = 880;
let audio = null;
let lock = null;
let wanted = false;

// A button that switches hearing on and off; browsers let nothing sound before one is pressed.
export class Hearing {
  constructor(pressed) {
    this.on = false;
    pressed.addEventListener("click", () => {
      this.on = !this.on;
      pressed.setAttribute("aria-pressed", String(this.on));
      audio ??= new AudioContext();
      audio.resume();
    });
  }

  // `share` 0..1 is the pitch; `times` so many short tones.
  tone(share, times = 1) {
    if (!this.on) return;
    for (let i = 0; i < times; i += 1) sound(LOW_HZ * (HIGH_HZ / LOW_HZ) ** Math.min(1, Math.max(0, share)), audio.currentTime + i * 0.12);
  }
}

function sound(hz, at) {
  const [source, loudness] = [audio.createOscillator(), audio.createGain()];
  source.frequency.value = hz;
  loudness.gain.setValueAtTime(0.25, at);
  loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.1);
  source.connect(loudness).connect(audio.destination);
  source.start(at);
  source.stop(at + 0.1);
}

export const buzz = () => navigator.vibrate?.(120);

// The screen of a phone in somebody's hand goes dark while they work: not here.
export function keepAwake(on) {
  wanted = on;
  if (on) hold();
  else lock?.release().catch(() => null);
}

async function hold() {
  if (!wanted || document.hidden || (lock && !lock.released)) return;
  lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
  if (!wanted) lock?.release();
}

document.addEventListener("visibilitychange", hold);
