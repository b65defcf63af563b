"""What a rule is: a look at one frame's people in, the conditions that hold now out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from agent.domain import Json, Severity, Track
from agent.rule_config import RuleConfig
from agent.rules.facts import FactBook
from agent.rules.lines import Crossing
from agent.rules.zones import Stay


@dataclass(frozen=True, slots=True)
class View:
    """What all rules look at: confirmed people seen in this frame, their stays by (track, zone), and crossings.

    `ended` holds the stays that ended with this frame, `facts` what the sensors told. `minute_of_week` is the shop's
    local time (0 is Monday 00:00), None where there is none (a replay): schedules then count as not set.
    """

    t_s: float
    people: Mapping[int, Track]
    stays: Mapping[tuple[int, int], Stay]
    crossings: Sequence[Crossing] = ()
    minute_of_week: int | None = None
    aspect: float = 16 / 9
    ended: Sequence[Stay] = ()
    facts: FactBook = field(default_factory=FactBook)


class Subject(NamedTuple):
    """Whom or what an incident is about: a track, or the place itself when `track` is None."""

    rule: str
    track: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule's condition holds for this subject in this frame.

    While a rule goes on hitting, its incident stays open; `stage` rises when the condition has become worse.
    """

    subject: Subject
    severity: Severity
    stage: int = 0
    zone: str | None = None
    line: str | None = None
    factors: Mapping[str, Json] = field(default_factory=dict)


class Rule(Protocol):
    """One configured rule."""

    @property
    def config(self) -> RuleConfig: ...

    def update(self, view: View) -> Iterable[Hit]:
        """The subjects for which the condition holds at `view.t_s`."""


@runtime_checkable
class Lasting(Protocol):
    """A rule whose memory survives a restart. Times in a snapshot are relative to its moment."""

    def snapshot(self, t_s: float) -> Json:
        """What it remembers at `t_s`, as plain values."""

    def restore(self, state: Json, taken_s: float) -> None:
        """Go on from a snapshot taken at `taken_s` on the present clock. Raises ValueError when it is not one."""
