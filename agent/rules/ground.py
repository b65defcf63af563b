"""How the floor lies before the camera, learned from how tall people look where: far away they are small and high up.

On level ground the height of a standing body in the picture falls linearly to nothing at the horizon. The line fitted
to what was seen gives the horizon, and with it how steeply the camera looks down at each row: steps in depth look
shorter than they are by the tangent of that angle, steps sideways, as against the body's height, longer by its cosine.
"""

from __future__ import annotations

from math import atan, cos, tan

ROWS = 24
ENOUGH_SEEN, ENOUGH_ROWS = 20, 4
MEMORY = 300
REFIT_EVERY = 200
FOCAL = 1.0
"""Focal length in frame heights: a wide lens, 83 degrees at 16:9; a longer one would stretch more."""
MOST_STRETCH = 1.6
"""More would find more runners far away, and take more walkers whose feet jitter or are hidden for them."""
LEAST_SLOPE = 0.05


class Ground:
    """Learns the floor; until it knows enough, nothing is stretched."""

    def __init__(self) -> None:
        self._heights = [0.0] * ROWS
        self._seen = [0] * ROWS
        self._until_fit = REFIT_EVERY
        self._horizon: float | None = None

    def learn(self, foot_y: float, height: float) -> None:
        """Take in one whole person; both in frame heights."""
        row = int(foot_y * ROWS)
        if not 0 <= row < ROWS:
            return
        seen = self._seen[row] = min(self._seen[row] + 1, MEMORY)
        self._heights[row] += (height - self._heights[row]) / seen
        self._until_fit -= 1
        if self._until_fit == 0:
            self._until_fit = REFIT_EVERY
            self._horizon = self._fit()

    def stretch(self, foot_y: float) -> tuple[float, float]:
        """By how much to multiply steps to the side and in depth, where a foot is at this height of the picture."""
        if self._horizon is None or foot_y <= self._horizon:
            return 1.0, 1.0
        down = atan((foot_y - 0.5) / FOCAL) + atan((0.5 - self._horizon) / FOCAL)
        return cos(down), min(1 / tan(down), MOST_STRETCH)

    def _fit(self) -> float | None:
        """Where the weighted least-squares line of height over row meets nothing; None while it is not clear."""
        known = [((row + 0.5) / ROWS, self._heights[row], n) for row, n in enumerate(self._seen) if n >= ENOUGH_SEEN]
        if len(known) < ENOUGH_ROWS:
            return None
        total = sum(n for _, _, n in known)
        mean_y = sum(y * n for y, _, n in known) / total
        mean_h = sum(h * n for _, h, n in known) / total
        slope = sum((y - mean_y) * (h - mean_h) * n for y, h, n in known) / sum(
            (y - mean_y) ** 2 * n for y, _, n in known
        )
        return mean_y - mean_h / slope if slope >= LEAST_SLOPE else None
