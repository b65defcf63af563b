"""Goes on with somebody's id when the tracker lost them and found somebody like them in the same place at once.

A tracker that is led astray by a jumping box or by one person hiding another starts a new track. Whoever appears where
somebody of that size was just lost is taken for the same person until that one is seen elsewhere; the gap is a fact
that the track carries (`gap_s`), not hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from agent.domain import Track

GAP_S = 4.0
REACH_H, REACH_H_S = 0.4, 0.3
"""How far from where they must be somebody may appear again, body heights: at once, and more for every second."""
SIZE_RATIO = 1.4
FORGET_S = 60.0
LEAST_GAP_S = 1e-3


class Handover:
    """Renames tracks. Feed it the tracker's tracks of every frame."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._names: dict[int, int] = {}
        self._since_s: dict[int, float] = {}
        self._lately: dict[int, Track] = {}
        self._where: dict[int, Track] = {}

    def update(self, t_s: float, tracks: Sequence[Track]) -> list[Track]:
        """The same tracks, with the ids of the people whom they go on with."""
        if self._names:
            tracks = self._renamed(tracks)
        seen = {track.id: track for track in tracks if track.seen}
        if not seen.keys() <= self._since_s.keys():
            self._note(t_s, seen)
        named = [self._taken_over(t_s, track, seen) if self._is_new(track) else track for track in tracks]
        for track in named:
            if track.confirmed:
                self._where[track.id] = track
                if track.seen:
                    self._lately[track.id] = track
        taken = {track.id for track in named if track.seen}
        return [track for track in named if track.seen or track.id not in taken]

    def _renamed(self, tracks: Sequence[Track]) -> list[Track]:
        """Tracks under the names that they have; who is seen under an own id again gets it back."""
        back = {track.id for track in tracks if track.seen and track.id not in self._names}
        self._names = {number: name for number, name in self._names.items() if name not in back}
        names = self._names
        return [track._replace(id=names[track.id]) if track.id in names else track for track in tracks]

    def _note(self, t_s: float, seen: dict[int, Track]) -> None:
        """Remember since when each id has been there; forget those of long ago."""
        for number in seen:
            self._since_s.setdefault(number, t_s)
        if len(self._lately) > len(seen):
            self._lately = {k: track for k, track in self._lately.items() if t_s - track.t_s <= FORGET_S}
            self._where = {k: track for k, track in self._where.items() if k in self._lately}
            there = self._lately.keys() | seen.keys()
            self._since_s = {k: since_s for k, since_s in self._since_s.items() if k in there}
            self._names = {k: name for k, name in self._names.items() if name in there}

    def _is_new(self, track: Track) -> bool:
        return track.seen and track.confirmed and track.id not in self._lately

    def _taken_over(self, t_s: float, track: Track, seen: dict[int, Track]) -> Track:
        """The track, under the id of the nearest person lost where it began."""
        since_s = self._since_s[track.id]
        lost = [
            other
            for number, other in self._lately.items()
            if number not in seen and other.t_s < since_s <= other.t_s + GAP_S and self._could_be(track, other)
        ]
        if not lost:
            return track
        before = min(lost, key=lambda other: self._apart_h(track, other))
        self._names[track.id] = before.id
        seen[before.id] = track
        return track._replace(id=before.id, gap_s=max(since_s - before.t_s, LEAST_GAP_S))

    def _could_be(self, track: Track, other: Track) -> bool:
        reach_h = REACH_H + REACH_H_S * (track.t_s - other.t_s)
        return 1 / SIZE_RATIO < track.height / other.height < SIZE_RATIO and self._apart_h(track, other) <= reach_h

    def _apart_h(self, track: Track, other: Track) -> float:
        """From where the other must be by now, as the tracker predicts."""
        a, b = track.foot, self._where[other.id].foot
        return hypot((a.x - b.x) * self._aspect, a.y - b.y) / other.height
