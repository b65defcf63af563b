"""Why an incident is what it is: what was measured against what, and what would have made a difference. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from math import ceil, floor, log, log10
from typing import NamedTuple

from agent import schema
from agent.domain import Json, Severity
from agent.events.lines import brief
from agent.review.entry import Entry
from agent.rule_config import RuleConfig
from agent.rule_config.base import Compare, Rise, number_of

UNITS = {"_h_s": " body heights a second", "_deg": " degrees", "_s": " s", "_h": " body heights", "_m": " m"}

MOMENTS = ("entered_s", "crossed_s", "took_s", "booked_s", "pressed_s")
"""Factors that are moments, on the clock of the frames."""


class Measure(NamedTuple):
    """One comparison: the value at the worst moment and at the opening, and the limit that was in force."""

    compare: Compare
    value: float
    opening: float | None
    configured: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it spoke for an incident."""
        return self.value >= self.limit if self.compare.op == ">=" else self.value <= self.limit

    @property
    def unit(self) -> str:
        return next((unit for ending, unit in UNITS.items() if self.compare.factor.endswith(ending)), "")

    def fields(self) -> dict[str, Json]:
        """For programs."""
        return {
            "factor": self.compare.factor,
            "value": self.value,
            "opening": self.opening,
            "op": self.compare.op,
            "setting": self.compare.setting,
            "configured": self.configured,
            "limit": self.limit,
        }


def explain(entry: Entry, rule: RuleConfig | None, now_s: float) -> dict[str, Json]:
    """Facts and sentences about an incident; `rule` is None where it is configured no longer.

    `now_s` is the moment on the camera's monotonic clock.
    """
    measures = list(_measures(entry, rule)) if rule else []
    weights = _weights(entry.factors)
    sentences = {
        "measured": [_measured(measure) for measure in measures],
        "noted": [*_noted(entry, rule)],
        "weights": [_weighed(*weight) for weight in weights],
        "would_not_have_opened": [*_otherwise(measures, rule), *_without(measures, weights)],
        "severity": [_risen(entry, rise) for rise in rule.rises()] if rule else [],
        "budget": [_budget(entry, measures)],
        "camera": [_camera(entry), *_inputs(entry)],
    }
    return {
        "type": "explanation",
        **{key: value for key, value in entry.fields(now_s).items() if key != "type"},
        "measures": [measure.fields() for measure in measures],
        "weights": [{"factor": name, "log_odds": odds, "weight": weight} for name, odds, weight in weights],
        "bar": entry.bar,
        "health": {**entry.health},
        "inputs": {**entry.inputs},
        "sentences": {key: [*lines] for key, lines in sentences.items()},
    }


def _measures(entry: Entry, rule: RuleConfig) -> Iterator[Measure]:
    for compare in rule.compares:
        value = compare.measured(entry.factors)
        configured = entry.settings.get(compare.setting, compare.limit(rule, entry.factors))
        if value is None or configured is None:
            continue
        barred = entry.bar is not None and rule.tuned is not None and compare.setting == rule.tuned.setting
        limit = entry.bar if barred and entry.bar is not None else configured
        yield Measure(compare, value, compare.measured(entry.opening), configured, limit)


def _measured(measure: Measure) -> str:
    compare, unit = measure.compare, measure.unit
    then = "" if measure.opening in (None, measure.value) else f" ({measure.opening:g}{unit} when it opened)"
    asked = "at least" if compare.op == ">=" else "at most"
    return f"{compare.factor} was {measure.value:g}{unit}{then}; {compare.setting} asks for {asked} {measure.limit:g}"


def _otherwise(measures: list[Measure], rule: RuleConfig | None) -> Iterator[str]:
    """With what else it would not have opened: settings as they may be, and what would have been otherwise."""
    if rule is None:
        return
    past = [_past(measure, rule) for measure in measures if measure.met and measure.compare.decides]
    if rule.either:
        past = [" and ".join(words for words in past if words)] if past and all(past) else []
    yield from filter(None, past)
    settings = {field.name: _plain(getattr(rule, field.name)) for field in dataclasses.fields(rule)}
    for words in rule.otherwise:
        yield words.format(**settings)


def _past(measure: Measure, rule: RuleConfig) -> str:
    """The setting that the value would not have met, or the value itself where the limit is learned; "" for none."""
    name = measure.compare.setting
    known = schema.settings_of(type(rule)).get(name)
    if known is None:
        return f"{measure.compare.factor} below {measure.limit:g}"
    nearest = _nearest(measure, whole=isinstance(getattr(rule, name), int))
    try:
        known.check(nearest)
    except schema.Bad:
        return ""
    return f"{name} = {nearest:g}"


def _nearest(measure: Measure, *, whole: bool) -> float:
    """The nearest limit, in round numbers, that the value would not have met."""
    up = measure.compare.op == ">="
    if whole:
        return floor(measure.value) + 1 if up else ceil(measure.value) - 1
    grain = 10.0 ** (floor(log10(abs(measure.value))) - 1) if measure.value else 0.1
    steps = floor(measure.value / grain + 1e-9) + 1 if up else ceil(measure.value / grain - 1e-9) - 1
    return round(steps * grain, 6)


def _noted(entry: Entry, rule: RuleConfig | None) -> Iterator[str]:
    """The factors of which nothing else is said: neither compared nor weighed, no setting told again."""
    told: set[str] = set()
    if rule:
        told = {word for one in rule.compares for word in (one.factor, one.setting)}
        told |= {one.factor for one in rule.rises()}
    for name, value in entry.factors.items():
        echoed = rule is not None and getattr(rule, name, None) == value
        if name in told or echoed or (isinstance(value, Mapping) and "log_odds" in value):
            continue
        moment = name in MOMENTS and isinstance(value, int | float)
        yield f"{name}: {_when(value - entry.opened_s)}" if moment else f"{name} = {brief(value)}"


def _when(after_s: float) -> str:
    return f"{abs(after_s):.1f} s {'after' if after_s > 0 else 'before'} it opened"


def _risen(entry: Entry, rise: Rise) -> str:
    value = number_of(entry.factors.get(rise.factor))
    if value is not None and value >= rise.value:
        return f"{rise.factor} made it {rise.severity}"
    if Severity.parse(entry.severity) >= rise.severity:
        return f"it was {rise.severity} without {rise.factor}"
    if isinstance(rise.value, bool) or value is None:
        return f"it would have been {rise.severity} with {rise.factor}"
    unit = next((unit for ending, unit in UNITS.items() if rise.factor.endswith(ending)), "")
    return f"it missed {rise.severity} by {max(rise.value - value, 0.0):.3g}{unit} of {rise.factor}"


def _weights(factors: Mapping[str, object]) -> list[tuple[str, float, float | None]]:
    """Name, log-odds and weight of the weighted factors, the heaviest first."""
    found = [
        (name, float(odds), number_of(factor.get("weight")))
        for name, factor in factors.items()
        if isinstance(factor, Mapping) and isinstance(odds := factor.get("log_odds"), int | float)
    ]
    return sorted(found, key=lambda weight: -abs(weight[1]))


def _weighed(name: str, log_odds: float, weight: float | None) -> str:
    if weight == 0:
        return f"{name} had nothing to say: it is not there, is stuck, or was silent for too long"
    side = "for" if log_odds > 0 else ("against" if log_odds < 0 else "neither for nor against")
    by = "" if weight is None else f", weight {weight:g}"
    return f"{name} spoke {side} it (log-odds {log_odds:+.2f}{by})"


def _without(measures: list[Measure], weights: list[tuple[str, float, float | None]]) -> Iterator[str]:
    """Weighted factors without which their sum, or the score made of it, would have stayed below its limit."""
    for measure in measures:
        value, limit = _as_log_odds(measure, measure.value), _as_log_odds(measure, measure.limit)
        if value is None or limit is None:
            continue
        yield from (f"no {name}" for name, odds, _ in weights if odds > 0 and value - odds < limit <= value)


def _as_log_odds(measure: Measure, value: float) -> float | None:
    """On the scale on which weights add up: log-odds themselves, or a score that is a probability."""
    if measure.compare.op == ">=" and measure.compare.factor == "log_odds":
        return value
    is_score = measure.compare.op == ">=" and measure.compare.factor == "score" and 0 < value < 1
    return log(value / (1 - value)) if is_score else None


def _budget(entry: Entry, measures: list[Measure]) -> str:
    raised = next((measure for measure in measures if measure.limit != measure.configured), None)
    if raised is None:
        return "the alert budget had not changed this rule when it opened"
    setting, unit = raised.compare.setting, raised.unit
    return f"the alert budget had raised {setting} from {raised.configured:g} to {raised.limit:g}{unit} when it opened"


def _camera(entry: Entry) -> str:
    if not entry.health:
        return "nothing was known to be wrong with the camera when it opened"
    return "not well when it opened: " + ", ".join(f"{what} ({state})" for what, state in entry.health.items())


def _inputs(entry: Entry) -> Iterator[str]:
    if entry.inputs:
        told = (f"{name} {'active' if active else 'quiet'}" for name, active in entry.inputs.items())
        yield "its inputs had told last: " + ", ".join(told)


def _plain(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value
