"""A camera over a level floor: from rows of the picture to places and heights on the floor, and back.

Lengths are in body heights h, places in the picture in frame heights, `x` to the right of its middle, `y` from its top
(Hartley and Zisserman, "Multiple View Geometry", 2nd ed., 8.1). The camera neither rolls nor distorts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, radians, sin, tan
from typing import Self

BODY_M = 1.7
"""Metres of a body height."""
LEAST_SINK = 0.12
"""A ray must sink by so much of its length to meet the floor where a place can still be told."""
LEAST_OVER_H = 0.25
"""So far above a head the camera must hang for the head to tell where the foot is, in body heights."""


@dataclass(frozen=True, slots=True)
class Pinhole:
    """A lens of `focal` frame heights, `above_h` over the floor, that looks down by `pitch` (radians)."""

    focal: float
    above_h: float
    pitch: float
    _along: float = field(init=False)
    _down: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_along", cos(self.pitch))
        object.__setattr__(self, "_down", sin(self.pitch))

    @classmethod
    def hung(cls, height_m: float, tilt_deg: float, view_deg: float, aspect: float) -> Self:
        """A camera as a technician measures it; `view_deg` from the left to the right edge."""
        return cls(focal_of(view_deg, aspect), height_m / BODY_M, radians(tilt_deg))

    def place(self, x: float, y: float) -> tuple[float, float, float] | None:
        """Where a foot is on the floor, to the right of the camera and before it, and how tall a grown person looks
        there; None where that cannot be told.
        """
        v = (y - 0.5) / self.focal
        sink = v * self._along + self._down
        if sink < LEAST_SINK:
            return None
        reach, along = self.above_h / sink, self._along - v * self._down
        return reach * x / self.focal, reach * along, self.focal * along / (reach - self._down)

    def height(self, foot_y: float) -> float | None:
        """How tall a grown person looks who stands at this row; None where that cannot be told."""
        v = (foot_y - 0.5) / self.focal
        sink = v * self._along + self._down
        if sink < LEAST_SINK:
            return None
        return self.focal * (self._along - v * self._down) / (self.above_h / sink - self._down)

    def above(self, foot_y: float, height: float) -> float:
        """How high the camera hangs to whom a grown person at this row looks so tall, whatever `above_h` is."""
        v = (foot_y - 0.5) / self.focal
        sink = max(v * self._along + self._down, 0.0)
        return sink * (self.focal * (self._along - v * self._down) / height + self._down)

    def foot_below(self, head_y: float, stature: float) -> float | None:
        """The row where somebody stands whose head is at this one; `stature` is their height over a grown person's."""
        v = (head_y - 0.5) / self.focal
        sink = v * self._along + self._down
        if sink < LEAST_SINK or self.above_h - stature < LEAST_OVER_H:
            return None
        reach = (self.above_h - stature) / sink
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
