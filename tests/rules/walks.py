"""People who walk as told, for the tests of the rules."""

import itertools
from collections.abc import Iterator, Sequence

from agent.domain import Box, Track

HEIGHT = 0.3
WIDTH = 0.06


def person(t_s: float, x: float, y: float, track: int = 1, *, foot_seen: bool = True, confirmed: bool = True) -> Track:
    """A track whose foot stands at (x, y)."""
    box = Box(x - WIDTH / 2, y - HEIGHT, x + WIDTH / 2, y)
    return Track(track, t_s, box, 0.9, confirmed, True, foot_seen, HEIGHT, 0.0, t_s)


def walk(corners: Sequence[tuple[float, float, float]], fps: float = 10.0, track: int = 1) -> Iterator[Track]:
    """Walk in straight lines through (t_s, x, y) corners."""
    for (t0, x0, y0), (t1, x1, y1) in itertools.pairwise(corners):
        steps = max(round((t1 - t0) * fps), 1)
        for step in range(steps):
            part = step / steps
            yield person(t0 + (t1 - t0) * part, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, track)
    yield person(*corners[-1], track)
