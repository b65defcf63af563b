// What is drawn and not saved yet, kept for this tab: a page that the phone loads anew does not cost the work.

const KEY = "aislewatch-drawn";

// Kept until it is saved or undone; in a browser that keeps nothing, being asked before the page is left must do.
export function keep(plan) {
  try {
    if (plan.changed) sessionStorage.setItem(KEY, JSON.stringify({ base: plan.base, tables: plan.tables() }));
    else forget();
  } catch { /* keeps nothing */ }
}

export function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch { /* kept nothing */ }
}

// What was drawn over the very zones that the camera has now; `stale` where it has others by now.
export function kept(plan) {
  try {
    const { base, tables } = JSON.parse(sessionStorage.getItem(KEY)) ?? {};
    return { tables: base === plan.base ? tables : null, stale: Boolean(base) && base !== plan.base };
  } catch {
    return { tables: null, stale: false };
  }
}
