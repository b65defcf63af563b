"""What simpler methods would foretell: least squares on raw values, and a fixed warning level."""

from __future__ import annotations

import math

import numpy as np

from agent.health.forecast import (
    BASELINE_DAYS,
    P_MOST,
    TOLD_DAYS,
    WINDOW_DAYS,
    Forecast,
    Outlook,
    Series,
    Served,
)
from agent.health.trends import LEAST_DAYS
from agent.health.watched import Watched

NEAR = 0.8
"""A fixed level warns where so much of the way to the threshold is gone."""


def least_squares(watched: Watched, series: Series, today: int, served: Served) -> Outlook:
    """An ordinary line through the same window of raw values, believed where its slope's own test says p < 0.01."""
    kept = series.after(max(served.restored + 1, today - WINDOW_DAYS))
    if len(kept.days) < LEAST_DAYS:
        return Outlook(None, None)
    x = (kept.days - kept.days.mean()).astype(np.float64)
    slope = float(x @ kept.values / (x @ x))
    rest = kept.values - kept.values.mean() - slope * x
    error = math.sqrt(float(rest @ rest) / (len(x) - 2) / float(x @ x)) or 1e-12
    level = float(kept.values.mean() + slope * x[-1])
    lead = (threshold_of(watched, kept) - level) / slope if slope else -1.0
    p = math.erfc(abs(slope) / error / math.sqrt(2))
    towards = slope * (1 if watched.bad == "high" else -1) > 0
    told = p < P_MOST and towards and lead <= TOLD_DAYS
    return Outlook(_forecast(watched, today, level, slope, max(lead, 0.0)) if told else None, None)


def fixed_level(watched: Watched, series: Series, today: int, served: Served) -> Outlook:
    """A warning once yesterday's median has gone most of the way."""
    kept = series.after(max(served.restored + 1, today - WINDOW_DAYS))
    if not len(kept.days):
        return Outlook(None, None)
    threshold, level = threshold_of(watched, kept), float(kept.values[-1])
    gone = 1 - (threshold - level) / watched.way
    return Outlook(_forecast(watched, today, level, 0.0, 0.0) if gone >= NEAR else None, None)


def threshold_of(watched: Watched, kept: Series) -> float:
    """The threshold in the metric's own values."""
    return watched.threshold + (float(np.median(kept.values[:BASELINE_DAYS])) if watched.relative else 0.0)


def _forecast(watched: Watched, today: int, level: float, slope: float, lead: float) -> Forecast:
    return Forecast(watched.metric, today, watched.threshold, level, slope, lead, lead, lead, 0.0, 0, today)
