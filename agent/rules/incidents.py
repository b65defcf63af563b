"""Turns the hits of every frame into incidents: one per (person or zone, rule), with one life cycle.

`open -> updated* -> closed`: the first hit opens it, a worse stage or severity updates it, and it closes when the
condition no longer holds, with the factors of its worst moment. Of those, what is compared with a setting or raised the
severity is told as far as it went at any moment: so it can be said what would have kept it from opening. Severity only
rises. After closing, `cooldown_s` keeps the same subject from opening another unless that one would be critical; a
condition that outlasts the cooldown opens then, so nothing is lost. `Bars` may keep one from opening; what they held
back is told as events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.domain import Event, Incident, IncidentState, Json, Severity
from agent.rule_config import RuleConfig
from agent.rules.bars import Bars
from agent.rules.base import Hit, Subject


@dataclass(slots=True)
class _Open:
    """An incident that is not closed yet, the stage it has reached, the hit at its worst moment, and the furthest that
    each factor went which counts.
    """

    incident: Incident
    stage: int
    worst: Hit
    furthest: dict[str, Json]


class IncidentBook:
    """Keeps the open incidents. `prefix` makes the ids unique across restarts."""

    def __init__(self, rules: Iterable[RuleConfig], prefix: str, bars: Bars | None = None) -> None:
        self._rules: Mapping[str, RuleConfig] = {rule.name: rule for rule in rules}
        self._counting = {name: _counting(rule) for name, rule in self._rules.items()}
        self._bars = bars or Bars()
        self._held_back: list[Event] = []
        self._prefix = prefix
        self._count = 0
        self._open: dict[Subject, _Open] = {}
        self._closed_s: dict[Subject, float] = {}

    @property
    def open(self) -> list[Incident]:
        """The incidents that are open now."""
        return [entry.incident for entry in self._open.values()]

    def update(self, t_s: float, hits: Iterable[Hit]) -> list[Incident]:
        """Take the hits of one frame; returns every incident that changed, as it stands now."""
        now = {hit.subject: hit for hit in hits}
        closed = [self._close(subject, t_s) for subject in [s for s in self._open if s not in now]]
        changed = [self._take(hit, t_s) for hit in now.values()]
        self._held_back += self._bars.over(t_s, now)
        self._forget(t_s)
        return [*closed, *(incident for incident in changed if incident)]

    def take_held_back(self) -> list[Event]:
        """What bars have kept from opening and what is over since this was last asked."""
        held_back, self._held_back = self._held_back, []
        return held_back

    def close_all(self, t_s: float) -> list[Incident]:
        """Close what is open, at the end of a run."""
        return [self._close(subject, t_s) for subject in list(self._open)]

    def _take(self, hit: Hit, t_s: float) -> Incident | None:
        entry = self._open.get(hit.subject)
        if entry is None:
            return None if self._cooling(hit, t_s) or self._bars.hold(hit) else self._begin(hit, t_s)
        if self._is_worse(hit, entry.worst):
            entry.worst = hit
        entry.furthest |= self._further(hit, entry.furthest)
        if hit.severity <= entry.incident.severity and hit.stage <= entry.stage:
            return None
        entry.stage = max(entry.stage, hit.stage)
        entry.incident = replace(
            entry.incident,
            state=IncidentState.UPDATED,
            severity=max(entry.incident.severity, hit.severity),
            t_s=t_s,
            factors=hit.factors,
            actions=self._actions(hit) or entry.incident.actions,
        )
        return entry.incident

    def _begin(self, hit: Hit, t_s: float) -> Incident:
        rule = self._rules[hit.subject.rule]
        self._count += 1
        incident = Incident(
            id=f"{self._prefix}-{self._count:05d}",
            kind=rule.kind,
            rule=rule.name,
            state=IncidentState.OPEN,
            severity=hit.severity,
            t_s=t_s,
            opened_s=t_s,
            tracks=() if hit.subject.track is None else (hit.subject.track,),
            zone=hit.zone,
            line=hit.line,
            factors=hit.factors,
            actions=self._actions(hit),
        )
        self._open[hit.subject] = _Open(incident, hit.stage, hit, self._further(hit, {}))
        return incident

    def _further(self, hit: Hit, than: Mapping[str, Json]) -> dict[str, Json]:
        """The factors that count and are further on the side on which they do."""
        found: dict[str, Json] = {}
        for factor, op in self._counting[hit.subject.rule].items():
            value, known = hit.factors.get(factor), than.get(factor)
            if isinstance(value, int | float):
                further = not isinstance(known, int | float) or (value > known if op == ">=" else value < known)
                found |= {factor: value} if further else {}
        return found

    def _is_worse(self, hit: Hit, than: Hit) -> bool:
        """By the first that was measured of what the rule compares; without any, what was told last is the worst."""
        for compare in self._rules[hit.subject.rule].compares:
            now, before = compare.measured(hit.factors), compare.measured(than.factors)
            if now is not None:
                return before is None or now > before
        return hit.stage > than.stage or hit.severity > than.severity

    def _actions(self, hit: Hit) -> tuple[str, ...]:
        return self._rules[hit.subject.rule].actions if hit.acts else ()

    def _close(self, subject: Subject, t_s: float) -> Incident:
        entry = self._open.pop(subject)
        self._closed_s[subject] = t_s
        factors = {**entry.worst.factors, **entry.furthest}
        return replace(entry.incident, state=IncidentState.CLOSED, t_s=t_s, factors=factors)

    def _cooling(self, hit: Hit, t_s: float) -> bool:
        closed_s = self._closed_s.get(hit.subject)
        if closed_s is None or hit.severity >= Severity.CRITICAL:
            return False
        return t_s - closed_s < self._rules[hit.subject.rule].cooldown_s

    def _forget(self, t_s: float) -> None:
        self._closed_s = {
            subject: closed_s
            for subject, closed_s in self._closed_s.items()
            if t_s - closed_s < self._rules[subject.rule].cooldown_s
        }


def _counting(rule: RuleConfig) -> dict[str, str]:
    """The factors that open a rule's incidents or make them more severe, and on which side they do."""
    return {rise.factor: ">=" for rise in rule.rises()} | {one.factor: one.op for one in rule.compares}
