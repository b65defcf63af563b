"""How the shop differs from its plan at a moment: goods that are gone, things put down, lamps, sun and exposure.

And how its picture does: a camera that trembles, a stream that is coded.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """A patch of sunlight: its corners on the `floor` in metres, and how much brighter it makes what it lies on.

    `upright` are the corners of one on something upright as they are seen (0..1), such as a rack's front.
    """

    floor: tuple[Xy, ...]
    strength: float
    upright: tuple[Xy, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenery:
    """A furnishing in its light: `gain` and `lift` are the camera's exposure, `flicker` the share by which rows differ.

    `tint` is added to the two chroma planes: another white balance. `shift` is by how much of its width the picture
    lies further right and down, since the camera trembles or was nudged. The pictures are coded with a `quality`
    (1..100, as JPEG has it) and not at all with 0.
    """

    furnishing: Furnishing = Furnishing()
    sun: Sun | None = None
    gain: float = 1.0
    lift: float = 0.0
    flicker: float = 0.0
    tint: tuple[int, int] = (0, 0)
    shift: tuple[float, float] = (0.0, 0.0)
    quality: int = 0

    def tremble(self, y: U8, u: U8, v: U8) -> None:
        """Move the finished planes, in place; what comes in from beyond the edge is what lies at it."""
        for plane in (y, u, v) if any(self.shift) else ():
            height, width = plane.shape
            move = np.array([[1, 0, self.shift[0] * width], [0, 1, self.shift[1] * width]], np.float32)
            plane[:] = cv2.warpAffine(plane, move, (width, height), borderMode=cv2.BORDER_REPLICATE)

    def code(self, y: U8, u: U8, v: U8) -> None:
        """Code the finished planes and decode them, in place: an intra-coded picture of a stream loses as much."""
        for plane in (y, u, v) if self.quality else ():
            coded = cv2.imencode(".jpg", plane, [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1]
            plane[:] = u8(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))

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
    """Light a patch of the seen floor or of what stands on it, in place; its edge is as soft as a pixel."""
    seen = layout.optics.floor_polygon(sun.floor) if sun.floor else ()
    on_floor = cv2.bitwise_and(_filled(seen, y.shape), floor)
    mask = u8(cv2.blur(cv2.bitwise_or(on_floor, _filled(sun.upright, y.shape)), (3, 3)))
    cv2.add(y, cv2.multiply(y, mask, scale=sun.strength / 255), dst=y)


def _filled(corners: Sequence[Xy], shape: tuple[int, ...]) -> U8:
    """255 within the corners (0..1), uint8 of this shape; all 0 where they are too few."""
    mask = np.zeros(shape, np.uint8)
    if len(corners) >= 3:
        cv2.fillPoly(mask, [np.rint(np.array(corners) * shape[::-1] - 0.5).astype(np.int32)], 255)
    return mask


def lamps_off(layout: Layout, off: set[int]) -> tuple[float, ...]:
    """The lamps' powers with some of them dark."""
    return tuple(0.0 if number in off else lamp.power for number, lamp in enumerate(layout.lamps))
