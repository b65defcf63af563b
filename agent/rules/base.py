"""What a rule is: a look at one frame's people in, the conditions that hold now out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, Self, TypeVar, runtime_checkable

from agent.domain import Json, Severity, Track
from agent.rule_config import RuleConfig
from agent.rules.continuity import Continuity, Swap
from agent.rules.facts import FactBook, TillEvent
from agent.rules.ground import Ground
from agent.rules.lines import Crossing
from agent.rules.senses import NOTHING, Senses
from agent.rules.trails import Trail
from agent.rules.zones import Stay

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """What all rules look at: confirmed people seen in this frame, their stays by (track, zone), and crossings.

    `ended` holds the stays that ended with this frame, `trails` the feet that were seen to go on (or to stand) in it,
    `ground` how the floor lies, `facts` what the sensors told, `senses` what else was made of the picture,
    `tills` what tills told since the last frame, `concealing` the open candidates of concealment, `appeared` who was
    seen for the first time just beyond a line.
    `minute_of_week` is the shop's local time (0 is Monday 00:00), None where there is none (a replay): schedules then
    count as not set.
    """

    t_s: float
    people: Mapping[int, Track]
    stays: Mapping[tuple[int, int], Stay]
    crossings: Sequence[Crossing] = ()
    minute_of_week: int | None = None
    aspect: float = 16 / 9
    ended: Sequence[Stay] = ()
    facts: FactBook = field(default_factory=FactBook)
    trails: Mapping[int, Trail] = field(default_factory=dict)
    ground: Ground = field(default_factory=Ground)
    continuity: Continuity | None = None
    senses: Senses = NOTHING
    tills: Sequence[TillEvent] = ()
    concealing: frozenset[int] = frozenset()
    appeared: Sequence[Crossing] = ()
    _by_zone: dict[int, list[Stay]] = field(init=False, default_factory=lambda: defaultdict(list))

    def stays_in(self, zone: int) -> Sequence[Stay]:
        """The stays in one zone; they are sorted once for all rules."""
        if not self._by_zone:
            for stay in self.stays.values():
                self._by_zone[stay.zone].append(stay)
        return self._by_zone.get(zone, ())

    def who(self, track: int) -> int:
        """The earliest track that this one may continue: appearance or a restart may link them."""
        return self.continuity.who(track) if self.continuity else track

    def since_s(self, track: int) -> float:
        """Since when the track shows whom it shows now: two may have exchanged theirs."""
        return self.continuity.since_s(track) if self.continuity else -inf

    @property
    def swapped(self) -> Sequence[Swap]:
        """The people found in this frame to have exchanged their tracks."""
        return self.continuity.swapped if self.continuity else ()

    @property
    def joined(self) -> Mapping[int, int]:
        """The people found in this frame to be possibly an earlier one, after those swapped."""
        return self.continuity.joined if self.continuity else {}

    def walking(self, zone: int | None) -> Collection[tuple[int, Trail]]:
        """The trails of the people in a zone; None is the whole picture."""
        if zone is None:
            return self.trails.items()
        return [(track, trail) for track, trail in self.trails.items() if (track, zone) in self.stays]


class Subject(NamedTuple):
    """Whom or what an incident is about: a track, or the place itself when `track` is None.

    `case` tells apart what happens at one place at the same time and is each an incident of its own.
    """

    rule: str
    track: int | None
    case: str = ""


class Hit(NamedTuple):
    """A rule's condition holds for this subject in this frame.

    While a rule goes on hitting, its incident stays open; `stage` rises when the condition has become worse. Where
    `acts` is false the incident is for people to look at only: no output is switched on.
    """

    subject: Subject
    severity: Severity
    stage: int = 0
    zone: str | None = None
    line: str | None = None
    factors: Mapping[str, Json] = MappingProxyType({})
    acts: bool = True

    @classmethod
    def about(
        cls,
        rule: RuleConfig,
        track: int | None,
        *,
        zone: str | None = None,
        line: str | None = None,
        factors: Mapping[str, Json],
    ) -> Self:
        """A hit with the severity that the rule is configured to have."""
        return cls(Subject(rule.name, track), rule.severity, zone=zone, line=line, factors=factors)


class Held(Generic[T]):
    """Tracks for which something was so lately, each with what was found; it lasts `hold_s` past the last time."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._latest: dict[int, tuple[float, T]] = {}

    def note(self, track: int, t_s: float, found: T) -> None:
        """It is so now."""
        self._latest[track] = (t_s, found)

    def forget(self, t_s: float) -> None:
        """Drop what was so too long ago."""
        if self._latest:
            self._latest = {k: entry for k, entry in self._latest.items() if t_s - entry[0] <= self._hold_s}

    def __contains__(self, track: object) -> bool:
        return track in self._latest

    def __iter__(self) -> Iterator[tuple[int, T]]:
        return ((track, found) for track, (_, found) in self._latest.items())


class Rule(Protocol):
    """One configured rule."""

    @property
    def config(self) -> RuleConfig: ...

    def update(self, view: View) -> Iterable[Hit]:
        """The subjects for which the condition holds at `view.t_s`."""


@runtime_checkable
class Concealing(Protocol):
    """A rule that watches for concealment."""

    @property
    def candidates(self) -> frozenset[int]:
        """The tracks that may be concealing something now: after a reach, and while an incident about it is open."""


@runtime_checkable
class Lasting(Protocol):
    """A rule whose memory survives a restart. Times in a snapshot are relative to its moment."""

    def snapshot(self, t_s: float) -> Json:
        """What it remembers at `t_s`, as plain values."""

    def restore(self, state: Json, taken_s: float, shift: int) -> None:
        """Go on from a snapshot taken at `taken_s` on the present clock; its tracks' numbers fall by `shift`.

        Raises ValueError when it is not one.
        """


@runtime_checkable
class Counting(Protocol):
    """A lasting rule that has counted what no power cut may undo."""

    def counted(self) -> Json:
        """What it has counted; the memory is kept at once when this changes, else now and then. Asked each second."""
