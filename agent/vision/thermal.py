"""Warm bodies in the picture of a low-resolution thermal array, and whether the array can be believed. Pure.

What is warmer than its surroundings usually are is found against a background of its own for every pixel, which follows
down at once and up slowly: a heater that stays becomes background within hours, somebody who stands there does not.
When the whole room becomes warmer nothing stands out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

LEAST_C, MOST_C = -20.0, 120.0
"""A shop is neither colder nor hotter."""
BROKEN_SHARE = 0.05
STUCK_PICTURES = 4
"""So many pictures that are equal to the last bit come from no sensor."""
FLOODED_SHARE = 0.6
LEAST_PIXELS = 3
UP_K_PER_S, DOWN_SHARE = 0.0012, 0.3
NOISES = 5.0
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Warmth:
    """What the array made out at `t_s`: how many warm bodies, by how much the warmest stands out (kelvin).

    `trouble` says why nothing can be believed; empty while the array is healthy. `room_c` is the background's median.
    """

    t_s: float
    bodies: int
    contrast_k: float
    trouble: str = ""
    room_c: float | None = None


class WarmBodies:
    """Judges one array's pictures, (24, 32) degrees Celsius with NaN for broken pixels, in the order of their times."""

    def __init__(self, min_contrast_k: float = 1.5) -> None:
        self._min_contrast_k = min_contrast_k
        self._background: F32 | None = None
        self._last: F32 | None = None
        self._last_s = -math.inf
        self._same = 0

    def look(self, t_s: float, picture: F32) -> Warmth:
        """What the picture shows."""
        trouble = self._trouble(picture)
        if trouble:
            return Warmth(t_s, 0, 0.0, trouble)
        whole = _smoothed(picture)
        if self._background is None:
            self._background = np.full_like(whole, np.median(whole))
        self._background += np.median(whole - self._background)
        above = whole - self._background
        noise_k = _spread(above)
        warm = above > max(self._min_contrast_k, NOISES * noise_k)
        self._learn(above, noise_k, t_s)
        if float(warm.mean()) > FLOODED_SHARE:
            return Warmth(t_s, 0, 0.0, "flooded")
        bodies = _blobs(warm)
        room_c = float(np.median(self._background))
        return Warmth(t_s, bodies, round(float(above.max()), 2) if bodies else 0.0, room_c=room_c)

    def _trouble(self, picture: F32) -> str:
        if float(np.isnan(picture).mean()) > BROKEN_SHARE:
            return "broken"
        if not LEAST_C <= float(np.nanmin(picture)) <= float(np.nanmax(picture)) <= MOST_C:
            return "out of range"
        self._same = self._same + 1 if self._last is not None and _equal(picture, self._last) else 0
        self._last = picture
        return "stuck" if self._same >= STUCK_PICTURES - 1 else ""

    def _learn(self, above: F32, noise_k: float, t_s: float) -> None:
        """The background follows what is colder quickly, and what is warmer or only noise slowly."""
        assert self._background is not None
        passed_s = min(max(t_s - self._last_s, 0.0), 60.0) if math.isfinite(self._last_s) else 0.0
        self._last_s = t_s
        step_k = UP_K_PER_S * passed_s
        colder = above < -NOISES * noise_k
        self._background += np.where(colder, above * np.float32(DOWN_SHARE), np.clip(above, -step_k, step_k))


def _smoothed(picture: F32) -> F32:
    """Broken pixels at the median of the others, and less noise: the mean of nine."""
    whole = np.nan_to_num(picture, nan=float(np.nanmedian(picture)))
    return np.asarray(cv2.blur(whole, (3, 3), borderType=cv2.BORDER_REPLICATE), np.float32)


def _spread(above: F32) -> float:
    """The noise of the picture, robust against warm bodies: from differences of neighbours across."""
    steps = np.diff(above, axis=1)
    return float(np.median(np.abs(steps))) * _MAD_TO_SD / math.sqrt(2)


def _equal(a: F32, b: F32) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _blobs(warm: NDArray[np.bool_]) -> int:
    count, _, stats, _ = cv2.connectedComponentsWithStats(warm.astype(np.uint8), connectivity=8)
    return int((stats[1:count, cv2.CC_STAT_AREA] >= LEAST_PIXELS).sum())
