"""How the shop differs from its plan at a moment: goods that are gone, things put down, lamps, sun and exposure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.simulated.sheets import u8
from hal.simulated.shop import Block, Layout, Xy

U8 = NDArray[np.uint8]
_BLACK, _GREY = 16, 128


@dataclass(frozen=True, slots=True)
class Furnishing:
    """What stands where: numbers of the items `gone` from the rack's front, `things` on the floor, each lamp's power.

    An empty `lamps` leaves them as planned.
    """

    gone: frozenset[int] = frozenset()
    things: tuple[Block, ...] = ()
    lamps: tuple[float, ...] = ()

    def of(self, layout: Layout) -> Layout:
        """The layout furnished so; the rack's goods are another matter."""
        lamps = layout.lamps
        if self.lamps:
            lamps = tuple(replace(lamp, power=power) for lamp, power in zip(lamps, self.lamps, strict=True))
        return replace(layout, things=self.things, lamps=lamps)


class Sun(NamedTuple):
    """A patch of sunlight on the floor: its corners in metres, and how much brighter it makes the floor."""

    floor: tuple[Xy, ...]
    strength: float


@dataclass(frozen=True, slots=True)
class Scenery:
    """A furnishing in its light: `gain` and `lift` are the camera's exposure, `flicker` the share by which rows differ.

    `tint` is added to the two chroma planes: another white balance.
    """

    furnishing: Furnishing = Furnishing()
    sun: Sun | None = None
    gain: float = 1.0
    lift: float = 0.0
    flicker: float = 0.0
    tint: tuple[int, int] = (0, 0)

    def expose(self, y: U8, u: U8, v: U8, index: int) -> None:
        """Give the finished planes this exposure, in place; `index` sets the flicker's phase."""
        if self.gain != 1.0 or self.lift:
            cv2.LUT(y, _curve(self.gain, _BLACK, self.lift), dst=y)
        if self.flicker:
            rows = 1.0 + self.flicker * np.sin(2.4 * index + np.arange(len(y)) * (12.0 / len(y)))
            np.clip(y * rows[:, None].astype(np.float32), 0, 255, out=y, casting="unsafe")
        for plane, shift in zip((u, v), self.tint, strict=True):
            if self.gain != 1.0 or shift:
                cv2.LUT(plane, _curve(self.gain, _GREY, shift), dst=plane)


USUAL = Scenery()


def _curve(gain: float, pivot: int, lift: float) -> U8:
    """A table that stretches values about a pivot."""
    return u8(np.clip(pivot + (np.arange(256) - pivot) * gain + lift, 0, 255))


def shine(y: U8, floor: U8, sun: Sun, layout: Layout) -> None:
    """Light a patch of the seen floor, in place; its edge is as soft as a pixel."""
    h, w = y.shape
    corners = np.array(layout.optics.floor_polygon(sun.floor))
    if len(corners) < 3:
        return
    mask = np.zeros_like(y)
    cv2.fillPoly(mask, [np.rint(corners * (w, h) - 0.5).astype(np.int32)], 255)
    mask = u8(cv2.blur(cv2.bitwise_and(mask, floor), (3, 3)))
    cv2.add(y, cv2.multiply(y, mask, scale=sun.strength / 255), dst=y)


def lamps_off(layout: Layout, off: set[int]) -> tuple[float, ...]:
    """The lamps' powers with some of them dark."""
    return tuple(0.0 if number in off else lamp.power for number, lamp in enumerate(layout.lamps))
