"""How the floor lies before the camera: as its mount was measured, or learned from how tall people look where.

A camera that hangs `above_h` body heights over level ground and looks down by `pitch` shows a standing body of height
1, whose foot is at a row of the picture, with a height that these two alone decide. Far away people are small and high
up: the height and pitch that fit what was seen best give every place on the floor, and with it the true length of
steps. The focal length cannot be told from heights; a wrong one hardly changes lengths near by, because pitch and
height make up for it. What was measured is never learned.

Furniture hides feet, so at many rows many people look too short. What is kept of a row is therefore the height that
most do not reach, and the camera's height is the median of what the rows say.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, radians
from statistics import median

from agent.rules.pinhole import BODY_M, Pinhole, focal_of
from agent.tables.mount import MountConfig

ROWS = 24
ENOUGH_SEEN, ENOUGH_ROWS = 5, 3
ENOUGH_TO_CONTRADICT = 40
"""So many looks at a row count against what was measured: nobody who passes is looked at there so often."""
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
"""Focal length in frame heights where none is told: a wide lens, 83 degrees at 16:9."""
MOST_PITCH = pi / 3
"""Beyond it a head tells nothing of a foot."""
ROUNDS = 14
MOST_MISFIT = 0.1
UNMEASURED = MountConfig()


class Ground:
    """The floor for pictures of this aspect (width / height): known at once where `mount` tells height and tilt.

    Otherwise it is learned, and until the first of its `fits` no place or height is told and nothing is stretched.
    """

    def __init__(self, mount: MountConfig = UNMEASURED, aspect: float = 16 / 9) -> None:
        self._heights = [0.0] * ROWS
        self._seen = [0] * ROWS
        self._until_fit = self._fit_every = REFIT_EVERY
        self._focal = FOCAL if mount.view_deg is None else focal_of(mount.view_deg, aspect)
        self._above_h = None if mount.height_m is None else mount.height_m / BODY_M
        self._pitch = None if mount.tilt_deg is None else radians(mount.tilt_deg)
        self.fits = 0
        self.camera: Pinhole | None = None
        if self._above_h is not None and self._pitch is not None:
            self.camera = Pinhole(self._focal, self._above_h, self._pitch)

    @property
    def taller(self) -> float | None:
        """How many times as tall as the measured mount says people look; None where it was not measured, and while too
        few were seen to tell.
        """
        if self.camera is None or not self._is_measured:
            return None
        seen = ((self.camera.height(y), height) for y, height in self._known(ENOUGH_TO_CONTRADICT))
        told = [height / expected for expected, height in seen if expected is not None]
        return median(told) if len(told) >= ENOUGH_ROWS else None

    @property
    def _is_measured(self) -> bool:
        return self._above_h is not None and self._pitch is not None

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
        return self.camera.place(x, y) if self.camera else None

    def height(self, foot_y: float) -> float | None:
        """How tall a grown person looks who stands at this row; None where that is not known."""
        return self.camera.height(foot_y) if self.camera else None

    def foot_below(self, head_y: float, stature: float) -> float | None:
        """The row where somebody stands whose head is at this one; `stature` is their height over a grown person's."""
        return self.camera.foot_below(head_y, stature) if self.camera else None

    def stretch(self, foot_y: float) -> tuple[float, float]:
        """By how much to multiply steps to the side and in depth, where a foot is at this height of the picture."""
        return (self.camera and self.camera.stretch(foot_y)) or (1.0, 1.0)

    def _fit(self) -> bool:
        """Find what the mount leaves open: what the rows agree on best; false if they do not, or nothing is open."""
        known = self._known(ENOUGH_SEEN)
        if self._is_measured or len(known) < ENOUGH_ROWS:
            return False
        pitch = self._pitch if self._pitch is not None else self._best_pitch(known)
        misfit, above_h = self._misfit(known, pitch)
        if misfit > MOST_MISFIT:
            return False
        self.camera = Pinhole(self._focal, above_h, pitch)
        self.fits += 1
        return True

    def _known(self, enough: int) -> list[tuple[float, float]]:
        """The middle of each row with enough looks, and how tall a grown person looks there."""
        return [((row + 0.5) / ROWS, self._heights[row] / TALL) for row, n in enumerate(self._seen) if n >= enough]

    def _best_pitch(self, rows: Sequence[tuple[float, float]]) -> float:
        """By ternary search."""
        low, high = 0.0, MOST_PITCH
        for _ in range(ROUNDS):
            third = (high - low) / 3
            if self._misfit(rows, low + third)[0] < self._misfit(rows, high - third)[0]:
                high -= third
            else:
                low += third
        return (low + high) / 2

    def _misfit(self, rows: Sequence[tuple[float, float]], pitch: float) -> tuple[float, float]:
        """How far rows of (foot, height) are from agreeing on the camera's height, as a share of it; and that height,
        which is the measured one where there is one.
        """
        level = Pinhole(self._focal, 1.0, pitch)
        above = [level.above(y, height) for y, height in rows]
        middle = self._above_h
        if middle is None:
            above.append(USUAL_ABOVE_H)
            middle = median(above)
        return (sum(abs(one - middle) for one in above) / len(above) / middle, middle) if middle > 0.0 else (1.0, 0.0)
