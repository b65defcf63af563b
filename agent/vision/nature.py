"""What a place that differs is: a thing that came, one that went, another thing, or only light."""

from __future__ import annotations

from math import exp, log

import cv2
import numpy as np

from agent.rules.changes import ChangeKind
from agent.vision.likeness import BLACK, TINT, Texture
from hal.ports import F32, U8

PAD = 6
MEMORY_LOOKS = 5
JUMP = 0.4
"""A step of the logarithm of the ratio by which a place has become another one."""
EDGY, BARE = 1.15, 0.87
"""How many times the edges of before a place has at least when something came, and at most when something went."""
LIGHT_LEFT = 0.3
"""What two levels of light may leave unexplained of a difference (rms)."""
LIGHT_RMS = 5.0
GLARE, GLARING_SHARE = 205.0, 0.25
"""What is now so bright (levels above black) and was not is in the sun where it is so much of a place."""
LINE_THICK, LINE_LONG = 9.0, 2.5
"""A strip is thinner than so many pixels and so many times as long as thick."""
_RING = np.ones((5, 5), np.uint8)


class Nature:
    """What is thought of one place after several looks: each tells light from things, and how its edges changed."""

    __slots__ = ("_light", "_log_ratio", "_looks")

    def __init__(self) -> None:
        self._looks = 0
        self._light = self._log_ratio = 0.0

    def look(self, now: Texture, then: Texture, mask: U8, roi: tuple[int, int, int, int]) -> None:
        """Judge the pixels of `mask` (255) in the box `roi` (x0, y0, x1, y1); earlier looks fade.

        When the place has plainly become another one again, they are forgotten.
        """
        log_ratio = log(edge_ratio(now, then, mask, roi))
        if abs(log_ratio - self._log_ratio) > JUMP:
            self._looks = 0
        self._looks = min(self._looks + 1, MEMORY_LOOKS)
        self._light += (is_light(now, then, mask, roi) - self._light) / self._looks
        self._log_ratio += (log_ratio - self._log_ratio) / self._looks

    @property
    def kind(self) -> ChangeKind | None:
        """What it is; None for light and shadow."""
        if self._light >= 0.5:
            return None
        ratio = exp(self._log_ratio)
        if ratio > EDGY:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if ratio < BARE else ChangeKind.ALTERED


def is_light(now: Texture, then: Texture, mask: U8, roi: tuple[int, int, int, int]) -> bool:
    """Whether a place shows the same surface in another light, or an edge of it."""
    area = _padded(roi, mask.shape)
    if _is_line(mask[area], roi):
        return True
    after, before = now.look.luma[area] - BLACK, then.look.luma[area] - BLACK
    return _two_lights(after, before, mask[area] > 0) and not _other_colour(now, then, mask)


def edge_ratio(now: Texture, then: Texture, mask: U8, roi: tuple[int, int, int, int]) -> float:
    """How many times the edges of before a place has, under the same light."""
    area = _padded(roi, mask.shape)
    after, before = now.look.luma[area] - BLACK, then.look.luma[area] - BLACK
    near = np.asarray(cv2.dilate(mask[area], _RING)) > 0
    edges = float(_edges(after)[near].mean()), float(_edges(before)[near].mean()) * _gain(after, before, ~near)
    return (edges[0] + 1.0) / (edges[1] + 1.0)


def _is_line(mask: U8, roi: tuple[int, int, int, int]) -> bool:
    """Whether a place is a thin, long strip: the edge of a patch of light, and hardly ever a thing."""
    thick = 2 * float(cv2.distanceTransform(mask, cv2.DIST_L2, 3).max())
    long = float(np.hypot(roi[2] - roi[0], roi[3] - roi[1]))
    return thick < LINE_THICK and long > LINE_LONG * thick


def _padded(roi: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    x0, y0, x1, y1 = roi
    return slice(max(y0 - PAD, 0), min(y1 + PAD, shape[0])), slice(max(x0 - PAD, 0), min(x1 + PAD, shape[1]))


def _gain(after: F32, before: F32, where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """How much lighter a place has become."""
    lit = float(before[where].sum())
    return float(np.clip(after[where].sum() / lit, 0.25, 4.0)) if lit > 0 else 1.0


def _edges(luma: F32) -> F32:
    """The strength of the edges, float32 of the same shape."""
    across, down = (cv2.Sobel(luma, cv2.CV_32F, dx, dy, ksize=3, scale=0.25) for dx, dy in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down))


def _two_lights(after: F32, before: F32, inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bool:
    """Whether the same surface in one or two other lights explains what is seen: the patch, and what lies beside it."""
    near = np.asarray(cv2.dilate(inside.view(np.uint8), _RING)) > 0
    glaring = (after > GLARE) & (before <= GLARE)
    if float(glaring[near].mean()) > GLARING_SHARE:
        return True
    near &= ~glaring
    now, then = after[near].astype(np.float64), np.maximum(before[near].astype(np.float64), 1.0)
    ratio = now / then
    low, high = np.percentile(ratio, (10, 90))
    bright = ratio > (low + high) / 2
    left = now.copy()
    for level in (bright, ~bright):
        if level.any():
            left[level] -= then[level] * (now[level].sum() / then[level].sum())
    shift = now - then * (now.sum() / then.sum())
    rms, all_rms = float(np.sqrt(np.mean(left**2))), float(np.sqrt(np.mean(shift**2)))
    return rms < LIGHT_RMS and rms < LIGHT_LEFT * max(all_rms, LIGHT_RMS)


def _other_colour(now: Texture, then: Texture, mask: U8) -> bool:
    """Whether the place has another hue, the change of brightness aside."""
    small = mask[::2, ::2] > 0
    if not small.any():
        return False
    lit = float((now.mean[::2, ::2][small] - BLACK).mean()) / max(float((then.mean[::2, ::2][small] - BLACK).mean()), 1)
    shift = now.look.chroma[small].mean(axis=0) - then.look.chroma[small].mean(axis=0) * np.clip(lit, 0.25, 4.0)
    return bool(np.abs(shift).max() > TINT)
