"""Who was where in the last minutes, to tell who was near when something happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import hypot

from agent.domain import Box, Track

HISTORY_S = 300.0
SLACK_S = 1.0
UNFOUND_S = 10.0
"""So long somebody who was lost while they stood may still stand there."""


class Whereabouts:
    """The boxes of confirmed people, as often as they are noted. `aspect` is the picture's width / height."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._seen: deque[tuple[float, list[tuple[int, Box, float]]]] = deque()
        self._stood: dict[int, Track] = {}

    def unfound(self, t_s: float) -> list[Track]:
        """Those who were lost a moment ago while they stood: they may stand there still."""
        return [track for track in self._stood.values() if track.t_s < t_s]

    def note(self, t_s: float, tracks: Sequence[Track]) -> None:
        """Remember where everybody is at `t_s`."""
        there = {track.id: track for track in tracks}
        self._stood = {k: one for k, one in self._stood.items() if k not in there and t_s - one.t_s <= UNFOUND_S}
        self._stood |= {k: track for k, track in there.items() if track.confirmed and track.still}
        self._seen.append((t_s, [(track.id, track.box, track.height) for track in tracks if track.confirmed]))
        while t_s - self._seen[0][0] > HISTORY_S:
            self._seen.popleft()

    def nearest(self, box: Box, start_s: float, end_s: float) -> tuple[int | None, float]:
        """The track that came nearest to a box in a time (the last of those as near), and how near (body heights)."""
        near = [
            (gap(box, body, self._aspect) / height, -t_s, track)
            for t_s, people in self._seen
            if start_s - SLACK_S <= t_s <= end_s
            for track, body, height in people
        ]
        return (min(near)[2], min(near)[0]) if near else (None, 0.0)


def gap(a: Box, b: Box, aspect: float) -> float:
    """The distance between two boxes in frame heights; 0 where they touch."""
    across = max(a.x1 - b.x2, b.x1 - a.x2, 0.0) * aspect
    return hypot(across, max(a.y1 - b.y2, b.y1 - a.y2, 0.0))
