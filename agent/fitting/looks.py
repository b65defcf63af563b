"""Keeps how tall the one person of a walk looked where: the heads and feet that a mount is measured by; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent.domain import Track

EDGE = 0.012
"""A box that is so near the frame's edge may be cut by it."""
MOST = 4096
ENOUGH, SPREAD = 120, 1.3
"""So many looks, the tallest so much taller than the smallest (9 of 10 lie between), are likely enough."""


class Look(NamedTuple):
    """The rows of one person's head and foot, in frame heights from the top, seen whole and alone at `t_s`."""

    t_s: float
    head_y: float
    foot_y: float


class Looks:
    """Those of one walk. Where there are more than can be kept, every second one goes, so that all of it is told of.

    `crowded` are the frames left out because there was more than one person.
    """

    def __init__(self) -> None:
        self.kept: list[Look] = []
        self.crowded = 0
        self._every = 1
        self._passed = 0

    def frame(self, tracks: Sequence[Track]) -> None:
        """Take in one frame on which the detector ran."""
        people = [track for track in tracks if track.confirmed]
        self.crowded += len(people) > 1
        if len(people) != 1 or not is_whole(people[0]):
            return
        self._passed += 1
        if self._passed % self._every == 0:
            self.kept.append(Look(people[0].t_s, people[0].box.y1, people[0].box.y2))
        if len(self.kept) >= MOST:
            self.kept = self.kept[::2]
            self._every *= 2

    @property
    def likely(self) -> bool:
        """Whether they are likely enough to measure by: many, near and far."""
        if len(self.kept) < ENOUGH:
            return False
        heights = sorted(look.foot_y - look.head_y for look in self.kept)
        return heights[len(heights) * 19 // 20] >= SPREAD * heights[len(heights) // 20]


def is_whole(track: Track) -> bool:
    """Whether a person is seen now, and the frame's edge cuts nothing off."""
    x1, y1, x2, y2 = track.box
    inside = min(x1, y1) > EDGE and max(x2, y2) < 1 - EDGE
    return track.seen and track.foot_seen and inside
