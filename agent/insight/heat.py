"""A heat map of where people stand: seconds in the cells of a coarse grid, fading, nothing about a person. Pure.

What can be looked at is the map as it stood at the end of the last period: looking twice tells nothing about who is
there now. A cell that too few people have stood in stays blank.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from agent.domain import Point

COLUMNS, ROWS = 64, 36
Grid = NDArray[np.float32]


class HeatMap:
    """`seconds` and `people` have the shape (ROWS, COLUMNS)."""

    def __init__(self, half_life_s: float) -> None:
        self._half_life_s = half_life_s
        self._seconds = np.zeros((ROWS, COLUMNS), np.float32)
        self._people = np.zeros((ROWS, COLUMNS), np.float32)
        self._met: set[tuple[int, int]] = set()
        self._seconds_shown, self._people_shown = self._seconds.copy(), self._people.copy()

    def stand(self, feet: Iterable[tuple[int, Point]], span_s: float) -> None:
        """These tracks stood there for so long; places outside the picture count at its edge."""
        for track, foot in feet:
            row = min(max(int(foot.y * ROWS), 0), ROWS - 1)
            column = min(max(int(foot.x * COLUMNS), 0), COLUMNS - 1)
            self._seconds[row, column] += span_s
            cell = (track, row * COLUMNS + column)
            if cell not in self._met:
                self._met.add(cell)
                self._people[row, column] += 1

    def close(self, passed_s: float) -> None:
        """A period is over: forget who was met, show what there is, and fade."""
        self._met.clear()
        self._fade(passed_s)
        self._seconds_shown, self._people_shown = self._seconds.copy(), self._people.copy()

    def shown(self, least: int) -> Grid:
        """Seconds in the cells as of the last period's end; 0 where fewer than `least` people have stood."""
        return np.where(self._people_shown >= least - 0.5, self._seconds_shown, np.float32(0))

    def snapshot(self) -> bytes:
        """The grids as of the last period's end, compressed."""
        return zlib.compress(np.stack([self._seconds_shown, self._people_shown]).astype("<f4").tobytes(), 6)

    def restore(self, state: bytes, passed_s: float) -> None:
        """Go on from a snapshot of so long ago. Raises ValueError."""
        try:
            grids = np.frombuffer(zlib.decompress(state), "<f4").reshape(2, ROWS, COLUMNS).astype(np.float32)
        except zlib.error as error:
            raise ValueError(f"not a heat map: {error}") from None
        if not (np.isfinite(grids).all() and (grids >= 0).all()):
            raise ValueError("not a heat map: impossible numbers")
        self._seconds, self._people = grids[0].copy(), grids[1].copy()
        self.close(passed_s)

    def _fade(self, passed_s: float) -> None:
        kept = np.float32(0.5 ** (max(passed_s, 0.0) / self._half_life_s))
        self._seconds *= kept
        self._people *= kept
