"""Forecasts in words: what comes, when, how sure, why it is believed, what to do; pure."""

from __future__ import annotations

from agent.domain import Json
from agent.health.forecast import Forecast
from agent.health.watched import KNOWN, WATCHED


def fields(forecast: Forecast) -> dict[str, Json]:
    """A forecast as JSON: of an event, and over the API."""
    watched = WATCHED[forecast.metric]
    facts: dict[str, Json] = {
        "metric": forecast.metric,
        "what": watched.what,
        "state": "due" if forecast.due else "foreseen",
        "threshold": _short(forecast.threshold),
        "level": _short(forecast.level),
        "unit": KNOWN[forecast.metric].unit,
        "lead_days": round(forecast.lead_days, 1),
        "low_days": round(forecast.low_days, 1),
        "high_days": round(forecast.high_days, 1),
        "chance": 0.8,
        "as_of_day": forecast.day,
        "slope_per_day": _short(forecast.slope_per_day),
        "p": float(f"{forecast.p:.2g}"),
        "evidence_days": forecast.evidence_days,
        "since_day": forecast.since_day,
        "action": watched.action,
        "check_again_days": forecast.check_again_days,
        "text": sentence(forecast),
    }
    return facts | ({"guess": watched.guess} if watched.guess else {})


def sentence(forecast: Forecast) -> str:
    """Such as: clean the lens within 9-14 days."""
    low, high = round(forecast.low_days), max(round(forecast.high_days), 1)
    when = f"{low}-{high} days" if low < high else f"{high} day{'s' if high > 1 else ''}"
    return f"{WATCHED[forecast.metric].action} within {when}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")
