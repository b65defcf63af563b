"""When a figure will reach its threshold: forecasts from its daily medians, by the method of semantics.md; pure.

What load and warmth explain is taken out; a step or a service begins a new course; a trend must be in order beyond
chance (Mann-Kendall, p < 0.01) and steep enough to matter; its Theil-Sen line gives the days that are left, and a split
conformal correction (Vovk et al. 2005), learned on simulated units apart from those it is scored on, their interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agent.health.calibration import CORRECTIONS, USUAL, Correction
from agent.health.trends import (
    F64,
    LEAST_DAYS,
    Days,
    Step,
    Trend,
    destaired,
    hinge,
    spliced,
    steps,
    trend,
    usual_pace,
    without,
)
from agent.health.watched import Watched

P_MOST = 0.01
WINDOW_DAYS = 120
LONG_DAYS = 365
BASELINE_DAYS = 7
STALE_DAYS = 7
TOLD_DAYS = 180.0
"""What is further off is not told."""
DUE_DAYS, STILL_DUE_DAYS, SURE_DAYS = 30.0, 45.0, 60.0
"""Within so many days, surely within SURE_DAYS, somebody should act; that stands until it is clearly further off."""
SHARES, SURE, UNSURE = (0.35, 0.5, 0.7), 0.1, 0.4
"""Shares of a course that may be enough, the relative uncertainty at which they are, and that at which nothing is."""
MODEL_ERROR = 0.08
"""Relative error of a lead that no amount of days takes away: no course is a straight line."""
RECOVERY = 0.3
"""A step back by this share of the way to the threshold is a repair that nobody noted."""


class Series(NamedTuple):
    """The daily medians of a metric, with those of load and warmth beside them (nan where unknown)."""

    days: Days
    values: F64
    load: F64
    warmth: F64

    def after(self, day: int) -> Series:
        """From this day on."""
        return self.between(day, int(self.days[-1]) if len(self.days) else day)

    def between(self, day: int, last: int) -> Series:
        """From this day on up to another."""
        here = slice(int(np.searchsorted(self.days, day)), int(np.searchsorted(self.days, last, side="right")))
        return Series(self.days[here], self.values[here], self.load[here], self.warmth[here])


class Served(NamedTuple):
    """The days of the last service that restored what a metric tells of, and of the last that may have touched it."""

    restored: int = -1
    touched: int = -1


UNSERVED = Served()


@dataclass(frozen=True, slots=True)
class Forecast:
    """A metric is on its way to its threshold.

    `level` is where it stands on `day`; the threshold is reached in `lead_days`, with a chance of 80 % between
    `low_days` and `high_days`. The evidence is the slope of `evidence_days` days since `since_day` and `p`, the chance
    of so clear an order without a trend. `due` asks for action.
    """

    metric: str
    day: int
    threshold: float
    level: float
    slope_per_day: float
    lead_days: float
    low_days: float
    high_days: float
    p: float
    evidence_days: int
    since_day: int
    due: bool = False

    @property
    def check_again_days(self) -> int:
        """After how many days it should be looked at again."""
        return int(min(max(self.low_days / 3, 1), 14))


class Outlook(NamedTuple):
    """All that was found about a metric: what is coming, the newest sudden change of its course, its threshold."""

    forecast: Forecast | None
    step: Step | None
    threshold: float | None = None


def foretell(watched: Watched, series: Series, today: int, served: Served = UNSERVED) -> Outlook:
    """Look at a metric's history as of `today`, knowing when it was served."""
    oldest = today - (LONG_DAYS if watched.quantum or watched.relative else WINDOW_DAYS)
    kept = series.after(max(served.restored + 1, oldest))
    if len(kept.days) < LEAST_DAYS or kept.days[-1] < today - STALE_DAYS:
        return Outlook(None, None)
    if watched.quantum:
        return Outlook(_from_stairs(watched, kept, today), None, watched.threshold)
    values = np.abs(kept.values) if watched.folded else kept.values
    adjusted = without(values, (kept.load, kept.warmth))
    found = _with_touch(steps(kept.days, adjusted), kept.days, adjusted, served.touched)
    begun = max((one.day for one in found if _is_repair(watched, one)), default=int(kept.days[0]))
    since = kept.days >= begun
    course = spliced(kept.days[since], adjusted[since], [one for one in found if one.day > begun])
    usual = float(np.median(adjusted[since][:BASELINE_DAYS])) if watched.relative else 0.0
    threshold = watched.threshold + usual
    recent = kept.days[since] > today - WINDOW_DAYS
    line = _line(kept.days[since][recent], course[recent], threshold)
    coming = _extrapolated(watched, line, threshold, today) if line else None
    return Outlook(coming, found[-1] if found else None, threshold)


def _with_touch(found: list[Step], days: Days, values: F64, touched: int) -> list[Step]:
    """The steps, with what a service of something else may have changed that day."""
    before, after = values[days <= touched][-BASELINE_DAYS:], values[days > touched][:BASELINE_DAYS]
    if not len(before) or not len(after):
        return found
    size = float(np.median(after) - np.median(before)) - usual_pace(days, values) * BASELINE_DAYS
    return sorted([*(one for one in found if abs(one.day - touched) > 2), Step(touched + 1, size)])


def is_due(forecast: Forecast, before: bool) -> bool:
    """Whether somebody should act now; `before` is what was said the last time."""
    if before:
        return forecast.lead_days <= STILL_DUE_DAYS
    return forecast.lead_days <= DUE_DAYS and forecast.high_days <= SURE_DAYS


def _is_repair(watched: Watched, step: Step) -> bool:
    """A step back by a good part of the way: somebody has repaired and noted nothing."""
    return -step.size / watched.way > RECOVERY


def _line(days: Days, values: F64, threshold: float) -> Trend | None:
    """The trend of the newest stretch that one line fits; None where there are too few days.

    Of that no more than is needed to be sure: no course is a straight line, and its newest days tell most.
    """
    if len(days) < LEAST_DAYS:
        return None
    begins = hinge(days, values)
    whole = trend(days[begins:], values[begins:])
    if whole.p >= P_MOST:
        return whole
    counts = [count for share in SHARES if (count := round(share * len(whole.days))) >= LEAST_DAYS]
    parts = (trend(days[-count:], values[-count:]) for count in counts)
    return next((part for part in parts if part.p < P_MOST and _spread(part, threshold) < SURE), whole)


def _spread(line: Trend, threshold: float) -> float:
    """How uncertain the line is where it reaches the threshold, relative to the way there."""
    away = max(abs(threshold - line.level), 1e-9)
    return line.deviation_at(min(away / max(abs(line.slope), 1e-9), TOLD_DAYS)) / away


def _from_stairs(watched: Watched, series: Series, today: int) -> Forecast | None:
    days, course = destaired(series.days, series.values, watched.quantum)
    if len(days) < LEAST_DAYS:
        return None
    line = trend(days, course, tested=series.values[-len(days) :])
    return _extrapolated(watched, line, watched.threshold, today)


def _extrapolated(watched: Watched, line: Trend, threshold: float, today: int) -> Forecast | None:
    """When the line reaches the threshold; None where the trend is no trend, leads elsewhere, or is too far off."""
    towards = 1 if watched.bad == "high" else -1
    pace = towards * line.slope
    if line.p >= P_MOST or pace * 30 < watched.least_month or _spread(line, threshold) > UNSURE:
        return None
    age = today - int(line.days[-1])
    lead = max(towards * (threshold - line.level) / pace - age, 0.0)
    if lead > TOLD_DAYS:
        return None
    correction = CORRECTIONS.get(watched.metric, USUAL)
    low, middle, high = bounds(lead, _doubt(line, lead + age), correction)
    return Forecast(
        metric=watched.metric, day=today, threshold=threshold, level=line.level, slope_per_day=line.slope,
        lead_days=middle, low_days=low, high_days=high, p=line.p,
        evidence_days=len(line.days), since_day=int(line.days[0]),
    )  # fmt: skip


def _doubt(line: Trend, ahead: float) -> float:
    """The relative uncertainty of a lead: that of the line where it reaches the threshold, over what it has to go."""
    away = max(abs(line.slope) * max(ahead, 1.0), 1e-9)
    return math.hypot(min(line.deviation_at(ahead) / away, 1.0), MODEL_ERROR, 1 / max(ahead, 1.0))


def bounds(lead: float, doubt: float, correction: Correction) -> tuple[float, float, float]:
    """(10 %, 50 %, 90 %) of the true lead: the drawn one times e to the power of correction times doubt."""
    low, middle, high = (lead * math.exp(share * doubt) for share in correction)
    return low, middle, high
