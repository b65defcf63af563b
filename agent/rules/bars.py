"""Bars: limits above the configured ones that an incident must reach to open, and what they have held back.

The alert budget sets them (docs/review.md). A critical hit passes every bar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from agent.domain import Event, Json, Severity
from agent.rule_config.base import Compare, RuleConfig
from agent.rules.base import Hit, Subject

HELD_BACK = "held_back"
ROUNDING = 0.99
"""Hits round what they measure: so much of the configured limit still is the limit."""


class Bar(NamedTuple):
    """The least measured value at which an incident of a rule opens, instead of what is configured.

    A hit with less than what is configured has another reason (`RuleConfig.either`), of which a bar says nothing.
    """

    compare: Compare
    configured: float
    least: float

    def stops(self, value: float) -> bool:
        """Whether so much would open an incident as configured and does not now."""
        return self.configured * ROUNDING <= value < self.least


class _Miss(NamedTuple):
    """What was held back and is not over: the hit at its worst moment."""

    hit: Hit
    value: float
    bar: Bar


class Bars:
    """`put_up` may be called from any thread; everything else belongs to the vision thread."""

    def __init__(self, rules: Iterable[RuleConfig] = ()) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._bars: Mapping[str, Bar] = {}
        self._misses: dict[Subject, _Miss] = {}

    def put_up(self, bars: Mapping[str, Bar]) -> None:
        """From now on these hold, by the rule's name; rules without one open as configured."""
        self._bars = dict(bars)

    def hold(self, hit: Hit) -> bool:
        """Whether the hit stays below its rule's bar and must not open an incident yet."""
        bar = self._bars.get(hit.subject.rule)
        value = bar.compare.measured(hit.factors) if bar else None
        if bar is None or value is None or not bar.stops(value) or hit.severity >= Severity.CRITICAL:
            self._misses.pop(hit.subject, None)
            return False
        known = self._misses.get(hit.subject)
        if known is None or value > known.value:
            self._misses[hit.subject] = _Miss(hit, value, bar)
        return True

    def over(self, t_s: float, lasting: Collection[Subject] = ()) -> list[Event]:
        """The near misses that ended: all but those of the subjects whose condition still holds."""
        ended = [subject for subject in self._misses if subject not in lasting]
        return [self._told(t_s, self._misses.pop(subject)) for subject in ended]

    def _told(self, t_s: float, miss: _Miss) -> Event:
        hit, rule = miss.hit, self._rules[miss.hit.subject.rule]
        data: dict[str, Json] = {
            "rule": rule.name,
            "rule_kind": rule.kind,
            "factor": miss.bar.compare.factor,
            "value": round(miss.value, 3),
            "bar": round(miss.bar.least, 3),
        }
        data |= {key: place for key, place in (("zone", hit.zone), ("line", hit.line)) if place is not None}
        return Event(HELD_BACK, t_s, data=data)
