// What a chart shows of a history: its points, gaps, axes and words; no page, no camera.

import { capital } from "./words.js";

export const HOUR_S = 3600;
export const DAY_S = 86400;
const FLAG = /^1 (while|once) /;
const GAP_STEPS = { [HOUR_S]: 1.5, [DAY_S]: 2.5 };
const LOGARITHM = / \(logarithm[^)]*\)/;
const LEAST_SPAN = 0.1;
const AHEAD_S = 120 * DAY_S;
const HOURS = [1, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 5376];

// A metric that is 0 or 1: its history is the share of the time.
export const isFlag = (words) => FLAG.test(words);
export const title = (words) => capital(words.replace(FLAG, "").replace(LOGARITHM, ""));
export const unitOf = (found) => (isFlag(found.words) ? "% of the time" : found.unit);

export function series(found, byHours) {
  const [rows, step] = byHours ? [found.hourly, HOUR_S] : [found.daily, DAY_S];
  const times = isFlag(found.words) ? 100 : 1;
  return { step, points: rows.filter(([, value]) => value !== null).map(([utc, value]) => [utc + step / 2, value * times]) };
}

// Stretches without a gap: a line over one would show what nobody measured.
export function stretches({ step, points }) {
  const parts = [];
  points.forEach((point, i) => {
    if (!i || point[0] - points[i - 1][0] > GAP_STEPS[step] * step) parts.push([]);
    parts.at(-1).push(point);
  });
  return parts;
}

export function gaps(shown) {
  const parts = stretches(shown);
  return parts.slice(1).map((part, i) => [parts[i].at(-1)[0], part[0][0]]);
}

// Where things stand: the time from..to, the values low..high with a margin; thresholds that are near, and what is foretold.
export function axes(found, { step, points }) {
  const values = points.map(([, value]) => value);
  const far = 3 * (Math.max(...values) - Math.min(...values) || 1e-9);
  const near = found.threshold !== null && Math.min(...values) - far <= found.threshold && found.threshold <= Math.max(...values) + far;
  const ahead = step === DAY_S ? found.forecast : null;
  if (near || ahead) values.push(found.threshold);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const least = LEAST_SPAN * Math.max(1, Math.abs(low), Math.abs(high));
  const margin = Math.max(0.1 * (high - low), (least - high + low) / 2);
  const last = points.at(-1)[0];
  const to = ahead ? Math.max(last, Math.min(ahead.as_of_day * DAY_S + ahead.high_days * 1.05 * DAY_S, last + AHEAD_S)) : last;
  const first = Math.min(points[0][0], last - 6 * step);
  return { from: first, to, low: low < 0 ? low - margin : Math.max(0, low - margin), high: high + margin };
}

// Round values within a range, at most so many.
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((size) => size * power).find((size) => size >= rough * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push([i * step, (i * step || 0).toFixed(digits)]);
  return found;
}

// Round times of the reader's own clock within a range, at most so many.
export function dates(from, to, most) {
  const step = HOURS.map((hours) => hours * HOUR_S).find((size) => (to - from) / size <= most) ?? to - from;
  const shift = new Date(from * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to; at += step) found.push([at, dateWords(at, step)]);
  return found;
}

function dateWords(utc, step) {
  const at = new Date(utc * 1000);
  if (step < DAY_S) return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  return at.toLocaleDateString([], { day: "numeric", month: "short" });
}

export const when = (utc, step) => new Date(utc * 1000).toLocaleString([], step === HOUR_S ? { dateStyle: "medium", timeStyle: "short" } : { dateStyle: "medium" });

export function number(value) {
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 1 ? value.toFixed(1) : value.toPrecision(2);
}

export const amount = (value, unit) => `${number(value)}${unit ? ` ${unit}` : ""}`;

// The newest value of a metric, as words.
export function reading({ value, unit, words }) {
  return isFlag(words) ? (value ? "yes" : "no") : amount(value, unit);
}

// The chart in words: for whoever cannot see it, and as the line below its title.
export function summary(found, shown) {
  const values = shown.points.map(([, value]) => value);
  const unit = unitOf(found);
  const [low, high] = [Math.min(...values), Math.max(...values)].map(number);
  return `Now ${amount(values.at(-1), unit)}; ${low === high ? "unchanged" : `${low} to ${high}`} since ${when(shown.points[0][0], DAY_S)}`;
}

export function description(found, shown) {
  const limit = found.threshold === null ? "" : ` ${found.bad === "high" ? "Highest" : "Lowest"} that is good: ${amount(found.threshold, unitOf(found))}.`;
  const count = gaps(shown).length;
  const holes = count ? ` ${count} ${count === 1 ? "stretch" : "stretches"} without figures.` : "";
  return `${summary(found, shown)}.${limit}${holes}${found.forecast ? ` ${capital(found.forecast.text)}.` : ""}`;
}
