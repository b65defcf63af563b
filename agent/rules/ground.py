"""How the floor lies before the camera, learned from how tall people look where: far away they are small and high up.

A pinhole camera that hangs `above_h` body heights over level ground and looks down by `pitch` shows a standing body of
height 1, whose foot is at a row of the picture, with a height that these two alone decide. Those that fit what was seen
best give every place on the floor, and with it the true length of steps (Hartley and Zisserman, "Multiple View
Geometry", 2nd ed., 8.1). The focal length cannot be told from heights; a wrong one hardly changes lengths near by,
because pitch and height make up for it.

Furniture hides feet, so at many rows many people look too short. What is kept of a row is therefore the height that
most do not reach, and the camera's height is the median of what the rows say.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from statistics import median

ROWS = 24
ENOUGH_SEEN, ENOUGH_ROWS = 5, 3
USUAL_ABOVE_H = 1.65
"""Where cameras usually hang, body heights over the floor: it counts as much as one row, so that few people at few rows
tell of a floor that is near the truth, and many hardly heed it."""
TALL_SHARE, TALL = 0.7, 1.04
"""The share of people that are shorter than what is kept of a row, and by what that is taller than a grown person: half
a standard deviation of statures (both sexes together) and of the errors of boxes."""
STEPS = (0.2, 0.01)
"""How far the kept height moves with one person, as a share of it: first, and in the end."""
REFIT_EVERY, REFIT_SELDOM = 100, 1600
"""People looked at until the floor is fitted anew: first, and at most (twice as many each time)."""
FOCAL = 1.0
"""Focal length in frame heights: a wide lens, 83 degrees at 16:9."""
MOST_PITCH = pi / 3
"""Beyond it a head tells nothing of a foot."""
ROUNDS = 14
MOST_MISFIT = 0.1
LEAST_SINK = 0.12
"""A ray must sink by so much of its length to meet the floor where a place can still be told."""
LEAST_OVER_H = 0.25
"""So far above a head the camera must hang for the head to tell where the foot is, in body heights."""


class Ground:
    """Learns the floor; until the first of its `fits`, no place or height is told and nothing is stretched."""

    def __init__(self) -> None:
        self._heights = [0.0] * ROWS
        self._seen = [0] * ROWS
        self._until_fit = self._fit_every = REFIT_EVERY
        self._cos, self._sin = 1.0, 0.0
        self.pitch = self.above_h = 0.0
        self.fits = 0

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
            if self._fit():
                self._fit_every = min(2 * self._fit_every, REFIT_SELDOM)
            self._until_fit = self._fit_every

    def place(self, x: float, y: float) -> tuple[float, float, float] | None:
        """Where a foot is on the floor, body heights to the right of the camera and before it, and how tall a grown
        person looks there; None if that is not known. `x` is from the middle of the picture, `y` from its top, in
        frame heights.
        """
        v = (y - 0.5) / FOCAL
        sink = v * self._cos + self._sin
        if sink < LEAST_SINK or not self.above_h:
            return None
        reach, along = self.above_h / sink, self._cos - v * self._sin
        return reach * x / FOCAL, reach * along, FOCAL * along / (reach - self._sin)

    def height(self, foot_y: float) -> float | None:
        """How tall a grown person looks who stands at this row; None where that is not known."""
        v = (foot_y - 0.5) / FOCAL
        sink = v * self._cos + self._sin
        if sink < LEAST_SINK or not self.above_h:
            return None
        return FOCAL * (self._cos - v * self._sin) / (self.above_h / sink - self._sin)

    def foot_below(self, head_y: float, stature: float) -> float | None:
        """The row where somebody stands whose head is at this one; `stature` is their height over a grown person's."""
        v = (head_y - 0.5) / FOCAL
        sink = v * self._cos + self._sin
        if sink < LEAST_SINK or not self.above_h or self.above_h - stature < LEAST_OVER_H:
            return None
        reach = (self.above_h - stature) / sink
        return 0.5 + FOCAL * (reach * v + stature * self._cos) / (reach + stature * self._sin)

    def stretch(self, foot_y: float) -> tuple[float, float]:
        """By how much to multiply steps to the side and in depth, where a foot is at this height of the picture."""
        height = self.height(foot_y)
        if height is None:
            return 1.0, 1.0
        sink = (foot_y - 0.5) / FOCAL * self._cos + self._sin
        scale = height * self.above_h / sink / FOCAL
        return scale, scale / sink

    def _fit(self) -> bool:
        """Find the pitch that the rows agree on best and the height of the camera, by ternary search; false if none."""
        known = [
            ((row + 0.5) / ROWS, self._heights[row] / TALL) for row, n in enumerate(self._seen) if n >= ENOUGH_SEEN
        ]
        if len(known) < ENOUGH_ROWS:
            return False
        low, high = 0.0, MOST_PITCH
        for _ in range(ROUNDS):
            third = (high - low) / 3
            if _misfit(known, low + third)[0] < _misfit(known, high - third)[0]:
                high -= third
            else:
                low += third
        pitch = (low + high) / 2
        misfit, above_h = _misfit(known, pitch)
        if misfit > MOST_MISFIT:
            return False
        self.pitch, self.above_h = pitch, above_h
        self._cos, self._sin = cos(pitch), sin(pitch)
        self.fits += 1
        return True


def _misfit(rows: Sequence[tuple[float, float]], pitch: float) -> tuple[float, float]:
    """How far rows of (foot, height) are from agreeing on the camera's height, as a share of it; and that height."""
    down, along = sin(pitch), cos(pitch)
    above = [USUAL_ABOVE_H]
    for y, height in rows:
        v = (y - 0.5) / FOCAL
        sink = max(v * along + down, 0.0)
        above.append(sink * (FOCAL * (along - v * down) / height + down))
    middle = median(above)
    return (sum(abs(one - middle) for one in above) / len(above) / middle, middle) if middle > 0.0 else (1.0, 0.0)
