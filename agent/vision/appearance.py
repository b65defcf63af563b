"""Who may be the same person as somebody lost before: an appearance memory that says "possible same", never who.

Held in memory only, for half an hour at most, and never of more than so many people: colour histograms of clothes
(`agent.vision.looks`) and where and when somebody was lost. A new track is weighed against everybody who could have
come there in the time, and against being somebody new, in log-odds; it is linked when one stands out. People enter at
the picture's edges and at doors; who begins elsewhere was most likely seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf, log1p

import numpy as np

from agent.domain import Track
from agent.rules.senses import Senses
from agent.vision.doors import Doors
from agent.vision.exchanges import Exchange, Exchanges, Settled, covers
from agent.vision.looks import F32, SIZE, averaged, same_odds

LOOK_EVERY_S, LOOK_AGAIN_S, LOOK_CLOSELY_S = 1.0, 5.0, 0.3
"""How often somebody is looked at: while there are few looks, then, and after they met somebody."""
KEPT_LOOKS = 8
LEAST_LOOKS = 3
LEAST_HEIGHT = 0.12
"""Who is less tall, in frame heights, is not looked at."""
MOST_PEOPLE = 200
FORGET_EVERY_S = 10.0
TOP_H_S, NEAR_H = 2.2, 1.0
"""How fast somebody may run, in body heights a second, and how far apart two places are the same."""
NEW_AT_DOOR, NEW_INSIDE = 0.0, -2.5
LOST_INSIDE, LOST_AT_DOOR, LOST_ELSEWHERE = 0.5, -2.0, -3.0
"""Log-odds by the way: that somebody is new, and that they are who was lost in such a place."""
FADE_S = 10.0
"""Who was lost inside is found soon: the odds fall as 1 / (1 + gap / FADE_S)."""
AT_ONCE_S, STAYED_S = 3.0, 15.0
"""Who is found so soon after, and who is found so soon in the same place, has hardly left, not even at a door."""
MARGIN = 1.0
"""By how much the best must stand out, in log-odds."""


@dataclass(slots=True)
class Known:
    """One track: where it began and was last seen, and its looks; `followed` is the track that it was linked to."""

    id: int
    born: Track
    last: Track
    looks: list[F32] = field(default_factory=list)
    seen_looks: int = 0
    looked_s: float = -1e9
    linked: bool = False
    followed: bool = False
    summary: F32 | None = None

    def learn(self, look: F32) -> None:
        """Take in one look; the oldest of many is forgotten."""
        self.seen_looks += 1
        self.looks = [*self.looks, look][-KEPT_LOOKS:]
        self.summary = averaged(self.looks)


class Appearance:
    """The memory. For each frame: `see` the tracks, `learn` the looks of those `due`, then have it `tell`."""

    def __init__(self, doors: Doors, aspect: float, minutes: float) -> None:
        self._doors = doors
        self._aspect = aspect
        self._keep_s = minutes * 60
        self._known: dict[int, Known] = {}
        self._news: list[Known] = []
        self._exchanges = Exchanges()
        self._exchanged: tuple[Exchange, ...] = ()
        self._forget_s = 0.0

    @property
    def held(self) -> int:
        """How many bytes of looks are held; never more than MOST_PEOPLE x (KEPT_LOOKS + 1) looks."""
        looks = sum(len(known.looks) + (known.summary is not None) for known in self._known.values())
        return looks * SIZE * 4

    def see(self, t_s: float, tracks: Sequence[Track]) -> None:
        """Note where everybody is; forget those of long ago."""
        for track in tracks:
            if track.confirmed and track.seen:
                known = self._known.get(track.id)
                if known is None:
                    known = self._known[track.id] = Known(track.id, track, track)
                known.last = track
        if len(tracks) > 1:
            self._meet(t_s, tracks)
        if t_s >= self._forget_s or len(self._known) > MOST_PEOPLE:
            self._forget(t_s)

    def _meet(self, t_s: float, tracks: Sequence[Track]) -> None:
        there = (self._known.get(track.id) for track in tracks)
        looks = {one.id: one.summary for one in there if one is not None and one.summary is not None}
        self._exchanges.see(t_s, tracks, looks)

    def due(self, t_s: float, tracks: Sequence[Track]) -> list[Track]:
        """Whose look is wanted: those well in view who were not looked at lately."""
        return [track for track in tracks if self._is_due(t_s, track) and _in_view(track, tracks)]

    def _is_due(self, t_s: float, track: Track) -> bool:
        known = self._known.get(track.id) if track.confirmed and track.seen else None
        if known is None:
            return False
        if self._exchanges.met(track.id):
            return t_s - known.looked_s >= LOOK_CLOSELY_S and self._exchanges.wants(track.id)
        return t_s - known.looked_s >= (LOOK_EVERY_S if known.seen_looks < KEPT_LOOKS else LOOK_AGAIN_S)

    def learn(self, t_s: float, track: int, look: F32) -> None:
        """Take in the look of somebody due."""
        known = self._known[track]
        known.looked_s = t_s
        if self._exchanges.met(track):
            self._exchanges.learn(track, look)
        else:
            self._take(known, look)

    def _take(self, known: Known, look: F32) -> None:
        known.learn(look)
        if not known.linked and LEAST_LOOKS <= known.seen_looks <= KEPT_LOOKS:
            self._news.append(known)

    def _settle(self, settled: Settled) -> None:
        """The looks since a meeting belong to whom they are of: those exchanged are remembered by each other's id."""
        if settled.exchanged:
            self._exchange(settled.exchange.one, settled.exchange.other)
        for track, looks in settled.looks.items():
            if track in self._known and not self._exchanges.met(track):
                for look in looks:
                    self._take(self._known[track], look)

    def _exchange(self, one: int, other: int) -> None:
        """From now on each of the two memories is the other track's."""
        a, b = self._known.get(one), self._known.get(other)
        if a is not None and b is not None:
            a.id, b.id, a.last, b.last = other, one, b.last, a.last
            self._known[other], self._known[one] = a, b

    def tell(self, t_s: float, senses: Senses) -> Senses:
        """The senses with the links, the pairs found with them to be possibly each other, and who is doubtful."""
        links = self.links(t_s)
        return replace(senses, appearance=links, exchanged=self._exchanged, doubtful=self._exchanges.doubtful)

    def links(self, t_s: float) -> dict[int, int]:
        """The tracks found, since this was last asked, to be possibly the same person as an earlier one."""
        settled = self._exchanges.settle(t_s)
        for one in settled:
            self._settle(one)
        self._exchanged = tuple(one.exchange for one in settled if one.exchanged)
        found = {}
        for known in self._news:
            earlier = self._same(known)
            if earlier is not None:
                known.linked = earlier.followed = True
                known.looks = [*earlier.looks, *known.looks][-KEPT_LOOKS:]
                found[known.id] = earlier.id
        self._news = []
        return found

    def _same(self, known: Known) -> Known | None:
        """The earlier track that stands out among all that it could be, if one does."""
        at_door = self._doors.near(known.born)
        odds = sorted(((self._odds(known, at_door, one), one.id) for one in self._before(known)), reverse=True)
        new = NEW_AT_DOOR if at_door or not self._doors.known else NEW_INSIDE
        if not odds:
            return None
        rival = max([new, *(value for value, _ in odds[1:2])])
        return self._known[odds[0][1]] if odds[0][0] - rival >= MARGIN else None

    def _before(self, known: Known) -> list[Known]:
        """Who could it be: lost before it began, with a look, not followed by another."""
        return [
            one
            for one in self._known.values()
            if one.summary is not None and not one.followed and one.last.t_s < known.born.t_s
        ]

    def _odds(self, known: Known, at_door: bool, earlier: Known) -> float:
        """How much speaks for the same person: how alike they look, where the one was lost and the other began."""
        assert known.summary is not None
        assert earlier.summary is not None
        return same_odds(known.summary, earlier.summary) + self._way_odds(known.born, at_door, earlier.last)

    def _way_odds(self, found: Track, at_door: bool, lost: Track) -> float:
        """How likely somebody lost there and then begins here and now; nobody runs faster than they can."""
        gap_s, apart_h, lost_at_door = found.t_s - lost.t_s, self._apart_h(lost, found), self._doors.near(lost)
        outside = at_door and lost_at_door
        if not outside and apart_h > NEAR_H + TOP_H_S * gap_s:
            return -inf
        if gap_s <= (STAYED_S if apart_h <= NEAR_H else AT_ONCE_S) or not (at_door or lost_at_door):
            return LOST_INSIDE - log1p(gap_s / FADE_S)
        return LOST_AT_DOOR if outside else LOST_ELSEWHERE

    def _apart_h(self, a: Track, b: Track) -> float:
        across, down = (a.foot.x - b.foot.x) * self._aspect, a.foot.y - b.foot.y
        return 2 * float(np.hypot(across, down)) / (a.height + b.height)

    def _forget(self, t_s: float) -> None:
        self._forget_s = t_s + FORGET_EVERY_S
        stale = [number for number, one in self._known.items() if t_s - one.last.t_s > self._keep_s]
        if len(self._known) - len(stale) > MOST_PEOPLE:
            by_age = sorted(self._known.values(), key=lambda one: one.last.t_s)
            stale = [one.id for one in by_age[: len(self._known) - MOST_PEOPLE]]
        for number in stale:
            del self._known[number]


def _in_view(track: Track, tracks: Sequence[Track]) -> bool:
    """Whether most of a body of some size is in the picture with nobody before it."""
    box = track.box
    whole = track.foot_seen and box.y1 > 0 and box.x1 > 0 and box.x2 < 1
    return (
        whole
        and box.height >= LEAST_HEIGHT
        and not any(other.id != track.id and covers(other.box, box) for other in tracks)
    )
