"""What helps to aim a camera: how sharp its picture is, how it is exposed and how level it hangs; pure figures.

Sharpness is the no-reference measure of Crete, Dolmiere, Ladret and Nicolas, "The blur effect" (2007): what is sharp
loses its differences when it is blurred once more, what is blurred does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.domain import Point
from hal.ports import F32, U8, Yuv420

BLUR_PIXELS = 9
"""The length of the second blur, as in the paper."""
CALM_PIXELS, NOISE = 3, 1.5
"""What is left of the sensor's noise after a small blur: differences of so few grey levels count for nothing."""
STEP = 2 / 3
"""What the second blur takes away of the differences of a clean step, after the small one."""
LEAST_DETAIL = 0.002
"""So small a share of differences above the noise shows nothing to focus on."""
GRID = 3
WIDTH, HEIGHT = 320, 180
DARK, BRIGHT = 24, 232
"""Luma of the limited range (16..235) below and above which nothing can be told apart."""
MOST_DARK, MOST_BRIGHT = 0.5, 0.15
LEAST_MEAN, MOST_MEAN, LEAST_SPREAD = 50.0, 200.0, 24.0
UPRIGHT_DEG, LEAST_EDGE, LEAST_UPRIGHT = 15.0, 48.0, 150
NEAR_DEG, REFITS = 5.0, 10

ADVICE = {
    "ok": "",
    "dark": "too dark: give more light, or open the iris",
    "bright": "too bright: keep lamp and sun out of the picture, or close the iris",
    "flat": "no contrast: take the cap off the lens, wipe it, or aim at something",
}


class Aim(NamedTuple):
    """One look at a picture.

    `sharpness` and `tiles` (3 x 3, by rows from the top left) are 0..100, None where there is nothing to focus on.
    `mean` and `spread` (5 to 95 % of the pixels) are grey levels 0..255; `dark` and `bright` shares. `exposure` is a
    key of ADVICE. `tilt_deg` is how far uprights lean to the right, None where there are too few.
    """

    sharpness: float | None
    tiles: tuple[float | None, ...]
    mean: float
    spread: float
    dark: float
    bright: float
    exposure: str
    tilt_deg: float | None


def look(picture: Yuv420, masks: Iterable[Sequence[Point]] = ()) -> Aim:
    """Measure a picture; what is behind privacy masks is left out of its exposure."""
    luma = picture.y
    small = cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    seen = np.asarray(small, np.uint8)[_open(masks)]
    tiles = tuple(_sharpness(tile) for tile in _tiles(luma))
    dark, bright = float((seen < DARK).mean()), float((seen > BRIGHT).mean())
    mean = float(seen.mean())
    low, high = (float(level) for level in np.percentile(seen, (5, 95)))
    exposure = _exposure(mean, high - low, dark, bright)
    return Aim(_sharpness(luma), tiles, _full(mean), high - low, dark, bright, exposure, _tilt(luma))


def _open(masks: Iterable[Sequence[Point]]) -> NDArray[np.bool_]:
    """The pixels of the small picture behind no mask; all of them where masks hide everything."""
    hidden = np.zeros((HEIGHT, WIDTH), np.uint8)
    for mask in masks:
        corners = np.array([[round(x * WIDTH), round(y * HEIGHT)] for x, y in mask], np.int32)
        cv2.fillPoly(hidden, [corners], (1,))
    return hidden == 0 if not hidden.all() else np.ones_like(hidden, np.bool_)


def _tiles(luma: U8) -> list[U8]:
    rows = np.array_split(luma, GRID, axis=0)
    return [tile for row in rows for tile in np.array_split(row, GRID, axis=1)]


def _sharpness(luma: U8) -> float | None:
    """100 less the blur of the worse direction."""
    picture = np.asarray(cv2.blur(luma.astype(np.float32), (CALM_PIXELS, CALM_PIXELS)), np.float32)
    found = [_kept(picture, axis) for axis in (0, 1)]
    known = [share for share in found if share is not None]
    return round(100 * min(known), 1) if known else None


def _kept(picture: F32, axis: int) -> float | None:
    """The share of the differences along an axis that a blur along it takes away; 1 is that of a clean step."""
    size = (1, BLUR_PIXELS) if axis == 0 else (BLUR_PIXELS, 1)
    before = np.abs(np.diff(picture, axis=axis))
    after = np.abs(np.diff(cv2.blur(picture, size), axis=axis))
    before[before < NOISE] = 0.0
    total = float(before.sum())
    if total < LEAST_DETAIL * before.size * NOISE:
        return None
    return min(float(np.maximum(before - after, 0.0).sum()) / total / STEP, 1.0)


def _exposure(mean: float, spread: float, dark: float, bright: float) -> str:
    if spread < LEAST_SPREAD:
        return "dark" if mean < LEAST_MEAN else "bright" if mean > MOST_MEAN else "flat"
    if dark > MOST_DARK or mean < LEAST_MEAN:
        return "dark"
    return "bright" if bright > MOST_BRIGHT or mean > MOST_MEAN else "ok"


def _full(level: float) -> float:
    """A grey level of the limited range as one of 0..255."""
    return min(max((level - 16) * 255 / 219, 0.0), 255.0)


def _tilt(luma: U8) -> float | None:
    """How far what is nearly upright leans in the middle of the picture, weighted by how clear it is."""
    small = np.asarray(cv2.resize(luma, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_AREA), np.float32)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32)
    x, y = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(x, y)
    lean = (np.degrees(np.arctan2(y, x)) + 90.0) % 180.0 - 90.0  # of the gradient, which stands across the edge
    upright = (strength > LEAST_EDGE) & (np.abs(lean) < UPRIGHT_DEG)
    if int(upright.sum()) < LEAST_UPRIGHT:
        return None
    place = np.nonzero(upright)[1] / upright.shape[1] - 0.5
    return round(_at_the_middle(place, lean[upright], strength[upright]), 1)


def _at_the_middle(place: NDArray[Any], lean: NDArray[Any], weights: NDArray[Any]) -> float:
    """The lean at the middle of the picture of a line through what is seen; what lies far off it is left out.

    A camera that looks down sees uprights spread: those at the sides lean outwards, though it hangs level.
    """
    middle, slope = float(np.average(lean, weights=weights)), 0.0
    for _ in range(REFITS):
        near = np.abs(lean - middle - slope * place) < NEAR_DEG
        if int(near.sum()) < LEAST_UPRIGHT:
            break
        slope, middle = (float(value) for value in np.polyfit(place[near], lean[near], 1, w=np.sqrt(weights[near])))
    return middle
