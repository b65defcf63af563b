"""One incident as people review it: what the camera said, what they decided, and their notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from agent.domain import Json
from agent.events.lines import utc_text
from agent.events.wire import IncidentBody, Record

Verdict = Literal["confirm", "dismiss"]
STATE_OF: dict[str, str] = {"confirm": "confirmed", "dismiss": "dismissed"}
GOING_ON = ("open", "updated")


class Stamp(msgspec.Struct, frozen=True):
    """A wall time, and whether the clock was synchronised when it was given."""

    utc_s: float
    synchronised: bool

    @classmethod
    def of(cls, record: Record) -> Stamp:
        return cls(record.utc_s, record.synchronised)

    def fields(self) -> dict[str, Json]:
        """For people and programs."""
        return {"utc": utc_text(self.utc_s), "utc_s": round(self.utc_s, 3), "clock_synchronised": self.synchronised}


class Decision(msgspec.Struct, frozen=True):
    """What somebody decided; the last one counts, the earlier ones are its history."""

    id: str
    decision: Verdict
    by: str
    reason: str
    note: str
    at: Stamp

    def same_as(self, decision: Verdict, by: str, reason: str, note: str) -> bool:
        """Whether it says the same again."""
        return (self.decision, self.by, self.reason, self.note) == (decision, by, reason, note)


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote."""

    id: str
    text: str
    by: str
    at: Stamp


class Entry(msgspec.Struct):
    """An incident in the book. `factors` are those it closed with: of its worst moment.

    `settings` holds what its factors are compared with as configured when it opened, `bar` the limit that the alert
    budget had put up then, `health` what was not well with the camera, `inputs` what its inputs had told last: None or
    empty where nothing is known.
    """

    id: str
    kind: str
    rule: str
    boot: str
    opened_s: float
    t_s: float
    opened: Stamp
    changed: Stamp
    over: bool = False
    updated: bool = False
    severity: str = "info"
    zone: str | None = None
    line: str | None = None
    tracks: list[int] = []
    actions: list[str] = []
    factors: dict[str, Any] = {}
    opening: dict[str, Any] = {}
    settings: dict[str, float] = {}
    bar: float | None = None
    health: dict[str, str] = {}
    inputs: dict[str, bool] = {}
    decisions: list[Decision] = []
    notes: list[Note] = []

    @property
    def state(self) -> str:
        """The life cycle: open, updated, closed; confirmed or dismissed once somebody has decided."""
        if self.decisions:
            return STATE_OF[self.decisions[-1].decision]
        return "closed" if self.over else ("updated" if self.updated else "open")

    def take(self, body: IncidentBody, record: Record) -> None:
        """What the camera said about it last; another run, that only closes it, does not know how long it lasted."""
        self.over = body.state == "closed"
        self.updated |= body.state == "updated"
        self.changed = Stamp.of(record)
        if record.boot == self.boot:
            self.t_s = body.t_s
        self.severity, self.tracks, self.actions = body.severity, [*body.tracks], [*body.actions]
        self.zone, self.line, self.factors = body.zone, body.line, {**body.factors}

    def lasted_s(self, now_s: float) -> float:
        """How long it lasted, or has been open at `now_s` on the camera's monotonic clock."""
        return max((self.t_s if self.over else now_s) - self.opened_s, 0.0)

    def fields(self, now_s: float) -> dict[str, Json]:
        """All of it as the API gives it at `now_s` on the camera's monotonic clock."""
        place = {key: value for key, value in (("zone", self.zone), ("line", self.line)) if value is not None}
        decided = self.decisions[-1] if self.decisions else None
        return {
            "type": "review",
            "id": self.id,
            "kind": self.kind,
            "rule": self.rule,
            "state": self.state,
            "over": self.over,
            "severity": self.severity,
            **place,
            "opened": self.opened.fields(),
            "changed": self.changed.fields(),
            "lasted_s": round(self.lasted_s(now_s), 1),
            "tracks": [*self.tracks],
            "factors": self.factors,
            "actions": [*self.actions],
            "decision": _decision_fields(decided) if decided else None,
            "decisions": [_decision_fields(decision) for decision in self.decisions],
            "notes": [{"text": note.text, "by": note.by, **note.at.fields()} for note in self.notes],
        }


def first_seen(body: IncidentBody, record: Record, about: Mapping[str, Any]) -> Entry:
    """The entry of an incident that the book does not know; `about` holds what is known of its circumstances."""
    stamp = Stamp.of(record)
    return Entry(
        body.id, body.kind, body.rule, record.boot, body.opened_s, body.t_s, stamp, stamp,
        opening={**body.factors}, **about,
    )  # fmt: skip


def _decision_fields(decision: Decision) -> dict[str, Json]:
    said: dict[str, Json] = {"decision": decision.decision, "by": decision.by, "reason": decision.reason}
    return said | {"note": decision.note, **decision.at.fields()}
