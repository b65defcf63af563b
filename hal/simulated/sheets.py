"""The blank sheets that surfaces are drawn on: even colour, grain, lighter and darker shades."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Rgb = tuple[int, int, int]
Texture = Callable[[float, float, float, np.random.Generator], U8]
"""(width in m, height in m, pixels per metre, generator) -> RGB picture (h, w, 3), top row at the upper edge."""


def u8(picture: Any) -> U8:
    """An OpenCV or numpy result as the uint8 array that it is; floats are cut off."""
    return np.asarray(picture).astype(np.uint8, copy=False)


def blank(width_m: float, height_m: float, ppm: float, colour: Rgb) -> U8:
    """One colour, RGB (h, w, 3)."""
    shape = (max(2, round(height_m * ppm)), max(2, round(width_m * ppm)), 3)
    return np.full(shape, colour, np.uint8)


def grained(sheet: U8, rng: np.random.Generator, sigma: float, cell_px: int = 1) -> U8:
    """Add brightness noise with cells of some pixels."""
    h, w = sheet.shape[:2]
    noise = rng.normal(0.0, sigma, (h // cell_px + 1, w // cell_px + 1)).astype(np.float32)
    wide = np.asarray(cv2.resize(noise, (w, h), interpolation=cv2.INTER_LINEAR))
    return u8(np.clip(sheet + wide[:, :, None], 0, 255))


def shaded(colour: Rgb, gain: float) -> Rgb:
    """A colour made lighter or darker."""
    r, g, b = (int(np.clip(c * gain, 0, 255)) for c in colour)
    return r, g, b
