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
LEAST_LOOKS, MOST_LOOKS = 2, 6
"""So many looks after a meeting tell something; after the most there is nothing more to wait for."""
RARELY = -3.0
"""Log-odds that two who meet exchange their ids: one in twenty."""
SURELY = 1.5
"""So sure, in log-odds, must it be that they did, or that they did not."""
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
    """Two tracks that overlapped: from when to when, what each looked like before, and their looks since."""

    since_s: float
    last_s: float
    before: dict[int, F32 | None]
    after: dict[int, list[F32]] = field(default_factory=dict)

    def log_odds(self) -> float:
        """That the two have exchanged their ids."""
        odds = RARELY
        for track, looks in self.after.items():
            if len(looks) >= LEAST_LOOKS:
                now = averaged(looks)
                for other, then in self.before.items():
                    if then is not None:
                        odds += same_odds(now, then) * (1 if other != track else -1)
        return odds

    def is_known(self, log_odds: float) -> bool:
        """Whether it is decided, or everything was seen."""
        seen = [len(looks) for looks in self.after.values()]
        told = len(seen) == 2 and min(seen) >= MOST_LOOKS
        return told or log_odds >= SURELY or (log_odds <= RARELY - SURELY and max(seen, default=0) >= LEAST_LOOKS)


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
                meeting.last_s = t_s
                meeting.after.clear()

    def met(self, track: int) -> bool:
        """Whether it is open who this is."""
        return track in self._met

    def learn(self, track: int, look: F32) -> None:
        """Take in what somebody who met others looks like now."""
        for pair, meeting in self._meetings.items():
            if track in pair:
                meeting.after.setdefault(track, []).append(look)

    def settle(self, t_s: float) -> list[Settled]:
        """The meetings of which it is known now how they ended, or of which nobody will know."""
        found = []
        for pair, meeting in list(self._meetings.items()):
            odds = meeting.log_odds() if meeting.after else RARELY
            if pair in self._meetings and (t_s - meeting.last_s > OPEN_S or meeting.is_known(odds)):
                del self._meetings[pair]
                found.append(Settled(Exchange(*pair, meeting.since_s), odds >= SURELY, meeting.after))
                if odds >= SURELY:
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
