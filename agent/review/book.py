"""The book of incidents that people review: made from the journal's records, one after the other. Pure.

Incidents, decisions, notes and near misses are all events of the journal; applying one twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from agent.domain import HealthState
from agent.events.wire import EventBody, HealthBody, IncidentBody, Record
from agent.review.entry import GOING_ON, Decision, Entry, Note, Stamp, first_seen
from agent.rule_config import RuleConfig
from agent.rules.bars import HELD_BACK

DECISION, NOTE, BUDGET = "decision", "incident_note", "budget"
MOST_NEAR_MISSES = 2000


class NearMiss(msgspec.Struct, frozen=True):
    """What the alert budget kept from opening: how far it went, and when."""

    key: str
    rule: str
    value: float
    utc_s: float


class Learned(msgspec.Struct):
    """What the book knows besides incidents: bars by rule, what is not well with the camera, inputs as told last."""

    bars: dict[str, float] = {}
    health: dict[str, str] = {}
    inputs: dict[str, bool] = {}


class Changes(NamedTuple):
    """What some records have changed."""

    entries: list[Entry]
    near_misses: list[NearMiss]


class ReviewBook:
    """The newest `most` incidents, oldest first. Belongs to one thread."""

    def __init__(
        self,
        rules: Iterable[RuleConfig],
        most: int,
        entries: Iterable[Entry] = (),
        near_misses: Iterable[NearMiss] = (),
        learned: Learned | None = None,
    ) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._most = most
        self._entries = {entry.id: entry for entry in entries}
        self._near_misses = {miss.key: miss for miss in near_misses}
        self.learned = learned or Learned()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def near_misses(self) -> list[NearMiss]:
        """What was kept from opening, oldest first."""
        return list(self._near_misses.values())

    def get(self, incident: str) -> Entry | None:
        """The incident of that id."""
        return self._entries.get(incident)

    def page(self, *, state: str | None = None, before: str | None = None, limit: int = 50) -> list[Entry]:
        """The newest ones of a state, newest first; `before` goes on behind that incident. Raises KeyError for it."""
        entries = list(reversed(self._entries.values()))
        if before is not None:
            entries = entries[entries.index(self._entries[before]) + 1 :]
        wanted = _filter(state)
        return [entry for entry in entries if wanted(entry)][:limit]

    def apply(self, records: Iterable[Record]) -> Changes:
        """Take records in their order."""
        entries: dict[str, Entry] = {}
        misses: dict[str, NearMiss] = {}
        for record in records:
            changed = self._apply(record)
            if isinstance(changed, Entry):
                entries[changed.id] = changed
            elif changed is not None:
                misses[changed.key] = changed
        self._forget()
        return Changes([entry for entry in entries.values() if entry.id in self._entries], [*misses.values()])

    def incidents_from_s(self) -> float | None:
        """From when on incidents are kept (UTC), once there are as many as may be."""
        return min(entry.opened.utc_s for entry in self) if len(self._entries) >= self._most else None

    def near_misses_from_s(self) -> float | None:
        """The same of near misses."""
        full = len(self._near_misses) >= MOST_NEAR_MISSES
        return min(miss.utc_s for miss in self._near_misses.values()) if full else None

    def forget_before(self, utc_s: float) -> None:
        """Drop what is older."""
        self._entries = {key: entry for key, entry in self._entries.items() if entry.opened.utc_s >= utc_s}
        self._near_misses = {key: miss for key, miss in self._near_misses.items() if miss.utc_s >= utc_s}

    def _apply(self, record: Record) -> Entry | NearMiss | None:
        body = record.body
        if isinstance(body, IncidentBody):
            return self._incident(body, record)
        if isinstance(body, HealthBody):
            self._feel(body)
        elif body.kind == DECISION:
            return self._decide(body, record)
        elif body.kind == NOTE:
            return self._annotate(body, record)
        elif body.kind == HELD_BACK:
            return self._miss(body, record)
        elif body.kind == BUDGET:
            self._bar(body)
        elif body.kind == "input":
            self.learned.inputs[str(body.data.get("input"))] = bool(body.data.get("active"))
        elif body.kind == "start":
            self.learned.health, self.learned.inputs = {}, {}
        return None

    def _incident(self, body: IncidentBody, record: Record) -> Entry:
        entry = self._entries.get(body.id)
        if entry is None:
            entry = self._entries[body.id] = first_seen(body, record, self._about(body))
        entry.take(body, record)
        return entry

    def _about(self, body: IncidentBody) -> Mapping[str, object]:
        rule = self._rules.get(body.rule)
        limits = {c.setting: c.limit(rule, body.factors) for c in rule.compares} if rule else {}
        settings = {key: limit for key, limit in limits.items() if limit is not None}
        known = {"health": {**self.learned.health}, "inputs": {**self.learned.inputs}}
        return {"settings": settings, "bar": self.learned.bars.get(body.rule), **known}

    def _feel(self, body: HealthBody) -> None:
        if body.state == HealthState.OK.value:
            self.learned.health.pop(body.what, None)
        else:
            self.learned.health[body.what] = body.state

    def _decide(self, body: EventBody, record: Record) -> Entry | None:
        said = {key: str(body.data.get(key, "")) for key in ("incident", "id", "decision", "by", "reason", "note")}
        entry = self._entries.get(said.pop("incident"))
        if entry is None or said["decision"] not in ("confirm", "dismiss"):
            return None
        if not any(known.id == said["id"] for known in entry.decisions):
            entry.decisions.append(Decision(**said, at=Stamp.of(record)))  # type: ignore[arg-type]  # checked above
        return entry

    def _annotate(self, body: EventBody, record: Record) -> Entry | None:
        said = {key: str(body.data.get(key, "")) for key in ("incident", "id", "text", "by")}
        entry = self._entries.get(said.pop("incident"))
        if entry is not None and not any(known.id == said["id"] for known in entry.notes):
            entry.notes.append(Note(**said, at=Stamp.of(record)))
        return entry

    def _miss(self, body: EventBody, record: Record) -> NearMiss | None:
        rule, value = body.data.get("rule"), body.data.get("value")
        if not isinstance(rule, str) or not isinstance(value, int | float):
            return None
        key = f"{record.boot}-{rule}-{record.mono_s:.6f}"
        miss = self._near_misses[key] = NearMiss(key, rule, float(value), record.utc_s)
        return miss

    def _bar(self, body: EventBody) -> None:
        rule, to, configured = (body.data.get(key) for key in ("rule", "to", "configured"))
        if to == configured:
            self.learned.bars.pop(str(rule), None)
        elif isinstance(to, int | float):
            self.learned.bars[str(rule)] = float(to)

    def _forget(self) -> None:
        for book, most in ((self._entries, self._most), (self._near_misses, MOST_NEAR_MISSES)):
            while len(book) > most:
                del book[next(iter(book))]


def _filter(state: str | None) -> Callable[[Entry], bool]:
    if state is None:
        return lambda entry: True
    if state == "open":
        return lambda entry: entry.state in GOING_ON
    return lambda entry: entry.state == state
