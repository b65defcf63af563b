"""A camera over a level floor: from rows of the picture to places and heights on the floor, and back.

Lengths are in body heights h, places in the picture in frame heights, `x` to the right of its middle, `y` from its top
(Hartley and Zisserman, "Multiple View Geometry", 2nd ed., 8.1). The camera neither rolls nor distorts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, inf, radians, sin, tan

BODY_M = 1.7
"""Metres of a body height."""
LEAST = 0.12
"""By so much of its length a ray must sink to meet the floor where a place can be told, and go forward for somebody
there to be seen from the side; and so many body heights before the lens their head must be."""
LEAST_OVER_H = 0.25
"""So far above a head the camera must hang for the head to tell where the foot is, in body heights."""


@dataclass(frozen=True, slots=True)
class Pinhole:
    """A lens of `focal` frame heights, `above_h` over the floor, that looks down by `pitch` (radians, below a right
    angle).

    Feet between the rows `far_y` and `near_y` are told of: beyond is the horizon, nearer what is about below the lens.
    """

    focal: float
    above_h: float
    pitch: float
    far_y: float = field(init=False)
    near_y: float = field(init=False)
    _along: float = field(init=False)
    _down: float = field(init=False)

    def __post_init__(self) -> None:
        along, down = cos(self.pitch), sin(self.pitch)
        forward = (along - LEAST) / down if down else inf
        before_lens = (self.above_h / (down + LEAST) - down) / along
        object.__setattr__(self, "_along", along)
        object.__setattr__(self, "_down", down)
        object.__setattr__(self, "far_y", 0.5 + self.focal * (LEAST - down) / along)
        object.__setattr__(self, "near_y", 0.5 + self.focal * min(forward, before_lens))

    def place(self, x: float, y: float) -> tuple[float, float, float] | None:
        """Where a foot is on the floor, to the right of the camera and before it, and how tall a grown person looks
        there; None where that cannot be told.
        """
        if not self.far_y <= y <= self.near_y:
            return None
        v = (y - 0.5) / self.focal
        reach, along = self.above_h / (v * self._along + self._down), self._along - v * self._down
        return reach * x / self.focal, reach * along, self.focal * along / (reach - self._down)

    def height(self, foot_y: float) -> float | None:
        """How tall a grown person looks who stands at this row; None where that cannot be told."""
        if not self.far_y <= foot_y <= self.near_y:
            return None
        v = (foot_y - 0.5) / self.focal
        return (
            self.focal * (self._along - v * self._down) / (self.above_h / (v * self._along + self._down) - self._down)
        )

    def above(self, foot_y: float, height: float) -> float:
        """How high the camera hangs to whom a grown person at this row looks so tall, whatever `above_h` is."""
        v = (foot_y - 0.5) / self.focal
        sink = max(v * self._along + self._down, 0.0)
        return sink * (self.focal * (self._along - v * self._down) / height + self._down)

    def foot_below(self, head_y: float, stature: float) -> float | None:
        """The row where somebody stands whose head is at this one; `stature` is their height over a grown person's.

        None too near the horizon, and where the camera hangs hardly higher than the head.
        """
        over_h = self.above_h - stature
        if head_y < self.far_y or over_h < LEAST_OVER_H:
            return None
        v = (head_y - 0.5) / self.focal
        reach = over_h / (v * self._along + self._down)
        return 0.5 + self.focal * (reach * v + stature * self._along) / (reach + stature * self._down)

    def stretch(self, foot_y: float) -> tuple[float, float] | None:
        """By how much to multiply steps in box heights to the side and in depth, where a foot is at this row."""
        height = self.height(foot_y)
        if height is None:
            return None
        sink = (foot_y - 0.5) / self.focal * self._along + self._down
        scale = height * self.above_h / sink / self.focal
        return scale, scale / sink


def focal_of(view_deg: float, aspect: float) -> float:
    """The focal length, in frame heights, of a lens that takes in so much from left to right."""
    return aspect / 2 / tan(radians(view_deg) / 2)
