"""Turns the hits of every frame into incidents: one per (person or zone, rule), with one life cycle.

`open -> updated* -> closed`: the first hit opens it, a worse stage or severity updates it, and it closes when the
condition no longer holds, with the factors of its worst moment. Severity only rises. After closing, `cooldown_s` keeps
the same subject from opening another unless that one would be critical; a condition that outlasts the cooldown opens
then, so nothing is lost. `Bars` may keep one from opening; what they held back is told as events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.domain import Event, Incident, IncidentState, Severity
from agent.rule_config import RuleConfig
from agent.rules.bars import Bars
from agent.rules.base import Hit, Subject


@dataclass(slots=True)
class _Open:
    """An incident that is not closed yet, the stage it has reached, and the hit at its worst moment."""

    incident: Incident
    stage: int
    worst: Hit


class IncidentBook:
    """Keeps the open incidents. `prefix` makes the ids unique across restarts."""

    def __init__(self, rules: Iterable[RuleConfig], prefix: str, bars: Bars | None = None) -> None:
        self._rules: Mapping[str, RuleConfig] = {rule.name: rule for rule in rules}
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
        self._open[hit.subject] = _Open(incident, hit.stage, hit)
        return incident

    def _is_worse(self, hit: Hit, than: Hit) -> bool:
        """By what the rule measures first; a rule that measures nothing keeps what it said last."""
        compares = self._rules[hit.subject.rule].compares
        if not compares:
            return hit.stage > than.stage or hit.severity > than.severity
        now, before = compares[0].measured(hit.factors), compares[0].measured(than.factors)
        return now is not None and (before is None or now > before)

    def _actions(self, hit: Hit) -> tuple[str, ...]:
        return self._rules[hit.subject.rule].actions if hit.acts else ()

    def _close(self, subject: Subject, t_s: float) -> Incident:
        entry = self._open.pop(subject)
        self._closed_s[subject] = t_s
        return replace(entry.incident, state=IncidentState.CLOSED, t_s=t_s, factors=entry.worst.factors)

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
