"""How the floor lies before the camera, learned from how tall people look where: far away they are small and high up.

On level ground the height of a standing body in the picture falls linearly to nothing at the horizon. The line fitted
to what was seen gives the horizon, and with it how steeply the camera looks down at each row: steps in depth look
shorter than they are by the tangent of that angle, steps sideways, as against the body's height, longer by its cosine.

Furniture hides feet, so at many rows many people look too short. What is kept of a row is therefore the height that
most do not reach, and the line is the median one of all pairs of rows (Theil 1950, Sen 1968).
"""

from __future__ import annotations

from itertools import combinations
from math import atan, cos, tan
from statistics import median

ROWS = 24
ENOUGH_SEEN, ENOUGH_ROWS = 20, 4
TALL_SHARE = 0.7
"""The share of people that are shorter than what is kept of a row."""
STEPS = (0.2, 0.01)
"""How far the kept height moves with one person, as a share of it: first, and in the end."""
REFIT_EVERY = 100
FOCAL = 1.0
"""Focal length in frame heights: a wide lens, 83 degrees at 16:9; a longer one would stretch more."""
MOST_STRETCH = 2.5
LEAST_SLOPE, MOST_SLOPE = 0.05, 0.85
"""Beyond the latter, under a camera that looks steeply down, a head tells nothing of a foot."""


class Ground:
    """Learns the floor; until it knows enough, nothing is stretched and no height expected."""

    def __init__(self) -> None:
        self._heights = [0.0] * ROWS
        self._seen = [0] * ROWS
        self._until_fit = REFIT_EVERY
        self.horizon: float | None = None
        self.slope = 0.0

    def learn(self, foot_y: float, height: float) -> None:
        """Take in one person; both in frame heights."""
        row = int(foot_y * ROWS)
        if not 0 <= row < ROWS:
            return
        self._seen[row] += 1
        kept = self._heights[row]
        if kept == 0.0:
            self._heights[row] = height
        else:
            step = kept * max(STEPS[0] / self._seen[row], STEPS[1])
            self._heights[row] += step * (TALL_SHARE if height > kept else TALL_SHARE - 1)
        self._until_fit -= 1
        if self._until_fit == 0:
            self._until_fit = REFIT_EVERY
            self._fit()

    def height(self, foot_y: float) -> float | None:
        """How tall a grown person looks who stands at this row; None where that is not known."""
        if self.horizon is None or foot_y <= self.horizon:
            return None
        return self.slope * (foot_y - self.horizon)

    def foot_below(self, head_y: float, stature: float) -> float | None:
        """The row where somebody stands whose head is at this one; `stature` is their height over a grown person's."""
        tall = self.slope * stature
        if self.horizon is None or tall >= MOST_SLOPE:
            return None
        return (head_y - tall * self.horizon) / (1 - tall)

    def stretch(self, foot_y: float) -> tuple[float, float]:
        """By how much to multiply steps to the side and in depth, where a foot is at this height of the picture."""
        if self.horizon is None or foot_y <= self.horizon:
            return 1.0, 1.0
        down = atan((foot_y - 0.5) / FOCAL) + atan((0.5 - self.horizon) / FOCAL)
        return cos(down), min(1 / tan(down), MOST_STRETCH)

    def _fit(self) -> None:
        known = [((row + 0.5) / ROWS, self._heights[row]) for row, n in enumerate(self._seen) if n >= ENOUGH_SEEN]
        if len(known) < ENOUGH_ROWS:
            return
        slope = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(known, 2))
        if slope >= LEAST_SLOPE:
            self.slope, self.horizon = slope, median(y - height / slope for y, height in known)
