"""Paints one posed body into a small picture: hulls of spheres as flat inks, shaded from a relief of the same hulls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.simulated.figure import Body
from hal.simulated.optics import NEAR_M, Optics
from hal.simulated.sheets import u8

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

_CIRCLE = np.stack([np.cos(np.arange(12) * np.pi / 6), np.sin(np.arange(12) * np.pi / 6)], axis=1)
_SUBPIXEL = 4
_RELIEF = ((1.0, 0.6), (0.7, 0.85), (0.4, 1.0))
"""(share of the radius, share of the height) of the nested hulls that make a rounded relief."""
_FULL_HEIGHT_M, _PEAK = 0.11, 150
_PATCH_PX = 460
_SLOPE_LIGHT = 0.5
"""How much a slope of 45 degrees changes the light. With the creases and the sensor's noise it is what a detector
trained on photographs needs to see a person (measured by tools/score_scene.py)."""
_LAMP = np.array([[0.4, 1.0, 0.1], [0.5, 0.0, -0.5], [-0.1, -1.0, -0.4]], np.float32)


@dataclass(frozen=True, slots=True)
class Discs:
    """Spheres as seen: centres (n, 2) and radii (n,) in picture widths and heights, depths (n,) in metres."""

    centres: F64
    radii: F64
    depths: F64

    def extent(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 round all discs, 0..1, may reach past the picture."""
        low, high = self.centres - self.radii, self.centres + self.radii
        (x1, y1), (x2, y2) = low.min(0), high.max(0)
        return float(x1), float(y1), float(x2), float(y2)


def project_spheres(spheres: F64, optics: Optics) -> Discs:
    """Spheres (n, 4) in world metres as the camera sees them; radii are given for both picture axes, (n, 2)."""
    centres, depths = optics.project(spheres[:, :3])
    radii = spheres[:, 3:] / np.maximum(depths, NEAR_M)[:, None] * optics.focal
    return Discs(centres, radii, depths)


@dataclass(frozen=True, slots=True)
class Patch:
    """A painted body: `roi` (x0, y0, x1, y1) in pixels, even-aligned; `inks` and `shade` uint8 at `scale` times that.

    `inks` holds Ink values, 0 outside the body; `shade` is 128 for plain light.
    """

    roi: tuple[int, int, int, int]
    inks: U8
    shade: U8


def region(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The even-aligned pixel region of a 0..1 box within the picture, or None when it is empty."""
    x0, y0 = int(box[0] * width) & ~1, int(box[1] * height) & ~1
    x1, y1 = (int(np.ceil(box[2] * width)) + 1) & ~1, (int(np.ceil(box[3] * height)) + 1) & ~1
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width & ~1), min(y1, height & ~1)
    return (x0, y0, x1, y1) if x1 - x0 >= 2 and y1 - y0 >= 2 else None


def paint(body: Body, discs: Discs, grain: int, width: int, height: int) -> Patch | None:
    """Paint a body for a picture of width x height pixels; None when it is outside or behind the camera."""
    roi = region(discs.extent(), width, height)
    if roi is None or float(discs.depths.min()) < 4 * NEAR_M:
        return None
    x0, y0, x1, y1 = roi
    scale = min(2.0, _PATCH_PX / max(y1 - y0, x1 - x0))
    shape = (round((y1 - y0) * scale), round((x1 - x0) * scale))
    to_patch = np.array([width, height]) * scale
    centres = discs.centres * to_patch - np.array([x0, y0]) * scale
    radii = discs.radii * to_patch
    inks, relief = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    detail = 3 if y1 - y0 > 70 else 2
    outlines = [_circles(centres, radii * share) for share, _ in _RELIEF[:detail]]
    depths = discs.depths.tolist()
    for part in sorted(body.parts, key=lambda p: p.depth(depths, body.parts), reverse=True):
        hulls = [cv2.convexHull(ring[part.first : part.last].reshape(-1, 2)) for ring in outlines]
        cv2.fillConvexPoly(inks, hulls[0], int(part.ink), cv2.LINE_8, _SUBPIXEL)
        peak = _PEAK * min(1.0, part.relief_m / _FULL_HEIGHT_M)
        for hull, (_, level) in zip(hulls, _RELIEF if peak else (), strict=False):
            cv2.fillConvexPoly(relief, hull, int(peak * level), cv2.LINE_8, _SUBPIXEL)
    pixels_per_m = float(radii[:, 0].mean() / body.spheres[:, 3].mean())
    return Patch(roi, inks, _shaded(relief, pixels_per_m, _folds(grain, centres.mean(0), shape)))


def _circles(centres: F64, radii: F64) -> I32:
    """Twelve points round each disc in fixed point, int32 (n, 12, 2)."""
    ring = centres[:, None, :] + radii[:, None, :] * _CIRCLE[None]
    return np.asarray(np.round(ring * (1 << _SUBPIXEL)), np.int32)


def _shaded(relief: U8, pixels_per_m: float, folds: U8) -> U8:
    """Light from above and a little from the left on a relief with folds of cloth; 128 is plain."""
    rough = cv2.add(relief, folds, mask=relief)
    window = max(1, round(0.011 * pixels_per_m)) * 2 + 1
    soft = cv2.blur(cv2.blur(rough, (window, window)), (window, window))
    gain = 128 * _SLOPE_LIGHT * (_FULL_HEIGHT_M * pixels_per_m / _PEAK)
    return u8(cv2.filter2D(soft, cv2.CV_8U, _LAMP * (-gain / 3.0), delta=122))


def _folds(grain: int, anchor: F64, shape: tuple[int, int]) -> U8:
    """A piece of a tile of folds that stays with the body as its patch grows and shrinks, uint8 of `shape`."""
    y, x = (int(np.clip(_PATCH_PX - anchor[k], 0, 2 * _PATCH_PX - size)) for k, size in ((1, shape[0]), (0, shape[1])))
    return _fold_tile(grain % 4)[y : y + shape[0], x : x + shape[1]]


@cache
def _fold_tile(number: int) -> U8:
    """Soft random folds, uint8 about 60 +- 9, the same for every run."""
    noise = np.random.default_rng(number).normal(size=(_PATCH_PX * 2, _PATCH_PX * 2)).astype(np.float32)
    folds = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigmaX=10.0, sigmaY=5.0))
    return u8(np.clip(60 + 9 * (folds - folds.mean()) / folds.std(), 0, 255))
