"""Tells when two people who met have exchanged their ids: by what they looked like before and what after.

Where two overlap a tracker may lose who is who and go on with the ids exchanged; most pairs part as they met. The
looks from before a meeting are kept, those from after it are weighed against them, in log-odds. Until they tell, or
nobody can tell any more, the looks belong to nobody, so that no memory mixes two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from agent.domain import Box, Track
from agent.vision.looks import F32, averaged, same_odds

COVERED = 0.25
"""Of whom so much is covered by another box is not looked at; the two have met."""
LEAST_LOOKS, MOST_LOOKS = 2, 8
"""So many looks after a meeting tell something; more than the most are not asked for."""
RARELY = -3.0
"""Log-odds that two who meet exchange their ids: one in twenty."""
SURELY = 1.5
"""So sure, in log-odds, must it be that they did, or that they did not."""
LEAST_LIKE, NEITHER = 1.0, 0.0
"""So much, in log-odds, must they look like each other; who only looks unlike before is in doubt, not exchanged."""
DOUBT = -1.0
"""From here on, in log-odds, it is doubtful who is who."""
OPEN_S = 15.0
"""After so long without an answer it is taken that nothing was exchanged."""


class Exchange(NamedTuple):
    """Since `since_s` the track `one` is possibly who `other` was before, and the other way round."""

    one: int
    other: int
    since_s: float


class Settled(NamedTuple):
    """A meeting that is over: the looks that each of the two tracks has had since, and whether they exchanged ids."""

    exchange: Exchange
    exchanged: bool
    looks: Mapping[int, Sequence[F32]]


@dataclass(slots=True)
class Meeting:
    """Two tracks that overlapped: from when to when, what each looked like before, and their looks since.

    `odds` are the log-odds that they have exchanged their ids.
    """

    since_s: float
    last_s: float
    before: dict[int, F32 | None]
    after: dict[int, list[F32]] = field(default_factory=dict)
    odds: float = RARELY

    def learn(self, track: int, look: F32) -> None:
        """Take in a look of one of the two since they parted."""
        self.after.setdefault(track, []).append(look)
        told = [(number, self._alike(number, looks)) for number, looks in self.after.items()]
        own = sum(alike.get(number, 0.0) for number, alike in told)
        other = sum(sum(alike.values()) for _, alike in told) - own
        odds = RARELY + other - own
        self.odds = odds if other >= LEAST_LIKE else min(odds, NEITHER)

    def begin_anew(self, t_s: float) -> None:
        """They overlap again."""
        self.last_s, self.odds = t_s, RARELY
        self.after.clear()

    def _alike(self, track: int, looks: Sequence[F32]) -> dict[int, float]:
        """How much the looks of a track now speak for each of the two, in log-odds."""
        if len(looks) < LEAST_LOOKS:
            return {}
        now = averaged(looks)
        return {number: same_odds(now, then) for number, then in self.before.items() if then is not None}

    def is_over(self, t_s: float) -> bool:
        """Whether it is decided, or nobody will know any more."""
        return not RARELY - SURELY < self.odds < SURELY or t_s - self.last_s > OPEN_S


class Exchanges:
    """The meetings that are not settled. For each frame: `see`, then `learn` what those who `met` look like."""

    def __init__(self) -> None:
        self._meetings: dict[tuple[int, int], Meeting] = {}
        self._met: frozenset[int] = frozenset()

    def see(self, t_s: float, tracks: Sequence[Track], looks: Mapping[int, F32]) -> None:
        """Note who overlaps whom; `looks` are those of the tracks up to now, as far as there are any."""
        for one, other in _overlapping(tracks):
            pair = (one, other) if one < other else (other, one)
            meeting = self._meetings.get(pair)
            if meeting is None:
                before = {track: self._before(track, looks) for track in pair}
                if any(look is not None for look in before.values()):
                    self._meetings[pair] = Meeting(t_s, t_s, before)
                    self._met = self._everybody()
            else:
                meeting.begin_anew(t_s)

    def met(self, track: int) -> bool:
        """Whether it is open who this is."""
        return track in self._met

    def wants(self, track: int) -> bool:
        """Whether a further look may tell who this is."""
        there = (meeting.after.get(track, ()) for pair, meeting in self._meetings.items() if track in pair)
        return any(len(looks) < MOST_LOOKS for looks in there)

    @property
    def doubtful(self) -> frozenset[int]:
        """The tracks of which it is doubtful whether they are whom they were."""
        return frozenset(track for pair, one in self._meetings.items() if one.odds > DOUBT for track in pair)

    def learn(self, track: int, look: F32) -> None:
        """Take in what somebody who met others looks like now."""
        for pair, meeting in self._meetings.items():
            if track in pair:
                meeting.learn(track, look)

    def settle(self, t_s: float) -> list[Settled]:
        """The meetings of which it is known now how they ended, or of which nobody will know."""
        found = []
        for pair, meeting in list(self._meetings.items()):
            if pair in self._meetings and meeting.is_over(t_s):
                del self._meetings[pair]
                exchanged = meeting.odds >= SURELY
                found.append(Settled(Exchange(*pair, meeting.since_s), exchanged, meeting.after))
                if exchanged:
                    self._drop(pair)
        if found:
            self._met = self._everybody()
        return found

    def _before(self, track: int, looks: Mapping[int, F32]) -> F32 | None:
        """What a track looked like before it met anybody of whom it is still open."""
        open_ = [meeting.before[track] for pair, meeting in self._meetings.items() if track in pair]
        return open_[0] if open_ else looks.get(track)

    def _drop(self, pair: Iterable[int]) -> None:
        """Forget the other meetings of those who turned out to be others."""
        self._meetings = {key: one for key, one in self._meetings.items() if not set(pair) & set(key)}

    def _everybody(self) -> frozenset[int]:
        return frozenset(track for pair in self._meetings for track in pair)


def _overlapping(tracks: Sequence[Track]) -> Iterable[tuple[int, int]]:
    """The pairs of tracks seen now of which one covers the other, at least one of them surely a person."""
    seen = [track for track in tracks if track.seen]
    return (
        (a.id, b.id)
        for a, b in combinations(seen, 2)
        if (a.confirmed or b.confirmed) and (covers(a.box, b.box) or covers(b.box, a.box))
    )


def covers(other: Box, box: Box) -> bool:
    """Whether so much of a box lies in another that it is hardly to be told what is in it."""
    width = min(other.x2, box.x2) - max(other.x1, box.x1)
    height = min(other.y2, box.y2) - max(other.y1, box.y1)
    return width > 0 and height > 0 and width * height > COVERED * box.area
