"""What a place that differs is: a thing that came, one that went, another thing, or only light.

A thing stands out from what is round it; where it has gone the scene goes on through its outline. So the colours on
both sides of the outline are compared, now and before (after San Miguel and Martinez, "Robust unattended and stolen
object detection by fusing simple algorithms", AVSS 2008, who compare histograms of the two sides).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import cv2
import numpy as np

from agent.rules.changes import ChangeKind
from agent.vision.likeness import BLACK, TINT, Look, Matrix, Texture, unlike
from hal.ports import F32, U8

PAD = 8
MEMORY_LOOKS = 5
JUMP = 1.0
"""A step of the logarithm of the ratio by which a place has become another one."""
CLEARER, FAINTER = 1.35, 0.74
"""How many times as clear the outline is at least when something came, and at most when something went."""
FAINT = 3.0
"""Added to differences across the outline (levels), so that noise has no ratio."""
TINT_COUNTS = 2.0
"""How much more a level of colour counts than one of brightness, which shadows change, too."""
LIGHT_LEFT = 0.3
"""What two levels of light may leave unexplained of a difference (rms)."""
LIGHT_RMS = 5.0
KEPT_OF_PLACE = 0.3
"""So much of a place is left at least when the edges between two levels of light, which are soft, are not counted."""
GLARE, GLARING_SHARE = 205.0, 0.25
"""What is now so bright (levels above black) and was not is in the sun where it is so much of a place."""
LINE_THICK, LINE_LONG = 9.0, 2.5
"""A strip is thinner than so many pixels and so many times as long as thick."""
RIM = 0.35
"""What fills no more of its hull is the rim of something."""
OTHER = 0.25
"""Where so much of a place looks other than before, it is another."""
_RING = np.ones((5, 5), np.uint8)
_BESIDE, _DEEP = np.ones((3, 3), np.uint8), np.ones((11, 11), np.uint8)
_WITHIN = (9, 9)
Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


class Nature:
    """What is thought of one place after several looks: each tells light from things, and how its outline changed.

    Once something went its place is bare: what then stands out in it plainly more came, whatever stood there before.
    """

    __slots__ = ("_bare_log_ratio", "_light", "_log_ratio", "_looks")

    def __init__(self) -> None:
        self._looks = 0
        self._light = self._log_ratio = self._bare_log_ratio = 0.0

    def look(
        self, now: Texture, then: Texture, mask: U8, apart: U8, roi: tuple[int, int, int, int], *, goods: bool = False
    ) -> None:
        """Judge the pixels of `mask` (255) in the box `roi` (x0, y0, x1, y1), by what is not `apart` (255); earlier
        looks fade. When the place has plainly become another one again, they are forgotten. `goods` stand in a shelf.
        """
        log_ratio = log(outline_ratio(now, then, mask, apart, roi))
        if abs(log_ratio - self._log_ratio) > JUMP:
            filled = log_ratio > self._log_ratio and self.kind is ChangeKind.REMOVED
            self._bare_log_ratio = self._log_ratio if filled else 0.0
            self._looks = 0
        self._looks = min(self._looks + 1, MEMORY_LOOKS)
        self._light += (is_light(now, then, mask, roi, goods=goods) - self._light) / self._looks
        self._log_ratio += (log_ratio - self._log_ratio) / self._looks

    @property
    def kind(self) -> ChangeKind | None:
        """What it is; None for light and shadow."""
        if self._light >= 0.5:
            return None
        ratio = exp(self._log_ratio - self._bare_log_ratio)
        if ratio > CLEARER:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if ratio < FAINTER else ChangeKind.ALTERED


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a place looked like: a part of a look, and where it lies."""

    look: Look
    area: tuple[slice, slice]

    @classmethod
    def of(cls, look: Look, roi: tuple[int, int, int, int]) -> Glimpse:
        """The box `roi` and its surroundings."""
        area = _padded(roi, look.luma.shape)
        return cls(_part(look, area), area)

    def shows(self, now: Look, mask: U8) -> bool:
        """Whether the place of `mask` (255) still looks the same, whatever the light."""
        place = mask[self.area]
        other = unlike(Texture(_part(now, self.area)), Texture(self.look)) & place
        return cv2.countNonZero(other) < OTHER * cv2.countNonZero(place)


def is_light(now: Texture, then: Texture, mask: U8, roi: tuple[int, int, int, int], *, goods: bool = False) -> bool:
    """Whether a place shows the same surface in another light, or an edge of it; the edges of `goods` are their own."""
    area = _padded(roi, mask.shape)
    if _is_line(mask[area], roi) or _is_rim(mask[area]):
        return True
    after, before = now.look.luma[area] - BLACK, then.look.luma[area] - BLACK
    return _two_lights(after, before, mask[area] > 0, goods) and not _other_colour(now, then, mask)


def outline_ratio(now: Texture, then: Texture, mask: U8, apart: U8, roi: tuple[int, int, int, int]) -> float:
    """How many times as strongly a place stands out from what is round it as before, under the same light."""
    area = _padded(roi, mask.shape)
    place, round_it = mask[area], ~apart[area]
    inner = cv2.erode(place, _RING)
    inside = place if cv2.countNonZero(inner) < _WITHIN[0] else cv2.subtract(inner, cv2.erode(place, _DEEP))
    outside = cv2.bitwise_and(cv2.subtract(cv2.dilate(place, _DEEP), cv2.dilate(place, _BESIDE)), round_it)
    sides = _Side(cv2.bitwise_and(inside, round_it)), _Side(outside)
    outline = (place > cv2.erode(place, _BESIDE)) & sides[0].near & sides[1].near
    if not outline.any():
        return 1.0
    gain = _gain(now.look.luma[area] - BLACK, then.look.luma[area] - BLACK, np.asarray(outside) > 0)
    return (_apart(now.look, area, sides, outline) + FAINT) / (_apart(then.look, area, sides, outline) * gain + FAINT)


class _Side:
    """The pixels of one side (255) of an outline: `near` is true where some are near, `mean` what they look like."""

    def __init__(self, pixels: cv2.typing.MatLike) -> None:
        self._pixels = cv2.multiply(pixels, 1 / 255, dtype=cv2.CV_32F)  # type: ignore[call-overload]  # takes numbers
        count = cv2.blur(self._pixels, _WITHIN)
        self.near: Flags = count > 0.02
        self._count = np.maximum(count, 0.02)

    def mean(self, plane: Matrix) -> F32:
        return np.asarray(cv2.divide(cv2.blur(cv2.multiply(plane, self._pixels), _WITHIN), self._count))


def _apart(look: Look, area: tuple[slice, slice], sides: tuple[_Side, _Side], outline: Flags) -> float:
    """How much the two sides differ along the outline, in levels of brightness and colour."""
    rows, columns = area
    colours = look.chroma[rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2]
    u, v = cv2.split(cv2.resize(colours, outline.shape[::-1], interpolation=cv2.INTER_NEAREST))
    planes = ((look.luma[area], 1.0), (u, TINT_COUNTS), (v, TINT_COUNTS))
    return sum(weight * _step(sides, plane, outline) for plane, weight in planes)


def _step(sides: tuple[_Side, _Side], plane: Matrix, outline: Flags) -> float:
    """The mean difference of one plane across the outline."""
    steps = np.abs(np.subtract(sides[0].mean(plane), sides[1].mean(plane)))
    return float(steps[outline].mean())


def _is_line(mask: U8, roi: tuple[int, int, int, int]) -> bool:
    """Whether a place is a thin, long strip: the edge of a patch of light, and hardly ever a thing."""
    thick = 2 * float(cv2.distanceTransform(mask, cv2.DIST_L2, 3).max())
    long = float(np.hypot(roi[2] - roi[0], roi[3] - roi[1]))
    return thick < LINE_THICK and long > LINE_LONG * thick


def _is_rim(mask: U8) -> bool:
    """Whether a place lies round another that is as it was: the edges of a large patch of light. Things fill theirs."""
    corners = cv2.convexHull(cv2.findNonZero(mask))
    return cv2.countNonZero(mask) < RIM * cv2.contourArea(corners)


def _padded(roi: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The box and its surroundings, between even pixels."""
    (x0, y0, x1, y1), (height, width) = roi, shape
    rows = slice(max(y0 - PAD, 0) // 2 * 2, min(y1 + PAD + 1, height) // 2 * 2)
    return rows, slice(max(x0 - PAD, 0) // 2 * 2, min(x1 + PAD + 1, width) // 2 * 2)


def _part(look: Look, area: tuple[slice, slice]) -> Look:
    half = tuple(slice(side.start // 2, side.stop // 2) for side in area)
    return Look(look.luma[area].copy(), look.chroma[half].copy())


def _gain(after: F32, before: F32, where: Flags) -> float:
    """How much lighter a place has become."""
    lit = float(before[where].sum())
    return float(np.clip(after[where].sum() / lit, 0.25, 4.0)) if lit > 0 else 1.0


def _two_lights(after: F32, before: F32, inside: Flags, goods: bool) -> bool:
    """Whether the same surface in one or two other lights explains what is seen: the patch, and what lies beside it."""
    near = np.asarray(cv2.dilate(inside.view(np.uint8), _RING)) > 0
    glaring = (after > GLARE) & (before <= GLARE)
    if float(glaring[near].mean()) > GLARING_SHARE:
        return True
    near &= ~glaring
    ratio = after / np.maximum(before, 1.0)
    low, high = np.percentile(ratio[near], (10, 90))
    bright = ratio > (low + high) / 2
    near = near if goods else _without_edges(near, bright)
    now, then = after[near].astype(np.float64), np.maximum(before[near].astype(np.float64), 1.0)
    bright, left, scale = bright[near], now.copy(), np.ones_like(now)
    for level in (bright, ~bright):
        if level.any():
            gain = now[level].sum() / then[level].sum()
            left[level] -= then[level] * gain
            if not goods:  # what has become dark differs little in levels, whatever it is
                scale[level] /= np.clip(gain, 0.25, 1.0)
    shift = now - then * (now.sum() / then.sum())
    rms, all_rms = (float(np.sqrt(np.mean((each * scale) ** 2))) for each in (left, shift))
    return rms < LIGHT_RMS and rms < LIGHT_LEFT * max(all_rms, LIGHT_RMS)


def _without_edges(place: Flags, bright: Flags) -> Flags:
    """The place without the pixels between both levels; all of it where they are everywhere, as in a motley thing."""
    level = bright.view(np.uint8)
    inner = place & (cv2.dilate(level, _BESIDE) == cv2.erode(level, _BESIDE))
    return inner if np.count_nonzero(inner) >= KEPT_OF_PLACE * np.count_nonzero(place) else place


def _other_colour(now: Texture, then: Texture, mask: U8) -> bool:
    """Whether the place has another hue, the change of brightness aside."""
    small = mask[::2, ::2] > 0
    if not small.any():
        return False
    lit = float((now.mean[::2, ::2][small] - BLACK).mean()) / max(float((then.mean[::2, ::2][small] - BLACK).mean()), 1)
    shift = now.look.chroma[small].mean(axis=0) - then.look.chroma[small].mean(axis=0) * np.clip(lit, 0.25, 4.0)
    return bool(np.abs(shift).max() > TINT)
