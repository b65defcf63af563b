"""Turns the hits of every frame into incidents: one per (person or zone, rule), with one life cycle.

`open -> updated* -> closed`: the first hit opens it, a worse stage or severity updates it, and it closes when the
condition no longer holds. Severity only rises. After closing, `cooldown_s` keeps the same subject from opening another
unless that one would be critical; a condition that outlasts the cooldown opens then, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.domain import Incident, IncidentState, Severity
from agent.rule_config import RuleConfig
from agent.rules.base import Hit, Subject


@dataclass(slots=True)
class _Open:
    """An incident that is not closed yet, and the stage it has reached."""

    incident: Incident
    stage: int


class IncidentBook:
    """Keeps the open incidents. `prefix` makes the ids unique across restarts."""

    def __init__(self, rules: Iterable[RuleConfig], prefix: str) -> None:
        self._rules: Mapping[str, RuleConfig] = {rule.name: rule for rule in rules}
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
        changed = (self._take(hit, t_s) for hit in now.values())
        self._forget(t_s)
        return [*closed, *(incident for incident in changed if incident)]

    def close_all(self, t_s: float) -> list[Incident]:
        """Close what is open, at the end of a run."""
        return [self._close(subject, t_s) for subject in list(self._open)]

    def _take(self, hit: Hit, t_s: float) -> Incident | None:
        entry = self._open.get(hit.subject)
        if entry is None:
            return None if self._cooling(hit, t_s) else self._begin(hit, t_s)
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
        self._open[hit.subject] = _Open(incident, hit.stage)
        return incident

    def _actions(self, hit: Hit) -> tuple[str, ...]:
        return self._rules[hit.subject.rule].actions if hit.acts else ()

    def _close(self, subject: Subject, t_s: float) -> Incident:
        incident = self._open.pop(subject).incident
        self._closed_s[subject] = t_s
        return replace(incident, state=IncidentState.CLOSED, t_s=t_s)

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
