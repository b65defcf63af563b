"""Holds the picture of a camera that trembles or was nudged still, to a small part of a pixel, where the scene lies.

Least squares on gradients after Lucas and Kanade, "An iterative image registration technique with an application to
stereo vision" (IJCAI 1981), for one shift of the whole picture. Both pictures are normalised patch by patch, so that
light hardly counts, and what no shift explains (people, goods that went) counts little.
"""

from __future__ import annotations

from math import hypot
from typing import NamedTuple

import cv2
import numpy as np

from agent.vision.likeness import Look
from hal.ports import F32, U8

FARTHEST_PX = 2.5
"""A picture that lies further off is none of a camera that trembles: it is left as it is."""
LEAST_PX = 0.05
"""A picture that lies no further off is not moved, which would cost it some sharpness."""
STEPS, CLOSE_PX = 4, 0.07
"""It is measured again from where the last step led, so many times at most, until a step is so short."""
ALIKE = 0.5
"""So much of the texture must look alike for the two to show one scene."""
LEAST_TEXTURE = 0.01
"""How steep (squared standard deviations a pixel) the picture must be both ways to tell a shift."""
UNLIKE = 0.6
"""What differs by so many standard deviations counts half."""
SOFT = 1.0
"""Pictures are softened by so many of their halved pixels, for a shift changes soft edges evenly."""
PATCH = (9, 9)
NOISE = 9.0
"""Added to variances (squared levels), so that noise is no texture."""
_TAPS = np.arange(-4.0, 5.0)


class Steady:
    """Remembers where the pictures of one camera lie: so far to the `right` of the scene and `down`, in pixels."""

    def __init__(self) -> None:
        self.right = self.down = 0.0
        self._scene: Look | None = None

    def still(self, look: Look, scene: Look, where: U8) -> Look:
        """The look, moved to where the `scene` lies, by what is seen in `where` (255); as it is if nothing tells."""
        if scene is not self._scene:
            self._scene, self._reference = scene, _Reference.of(scene)
        self._measure(_normalised(look), np.asarray(where[::2, ::2] > 0, np.float32))
        if self.right == self.down == 0.0:
            return look
        return Look(_moved(look.luma, -self.right, -self.down), _moved(look.chroma, -self.right / 2, -self.down / 2))

    def _measure(self, plane: F32, seen: F32) -> None:
        """Step by step from where the picture lay last."""
        for _ in range(STEPS):
            right, down = self._reference.off(_moved(plane, -self.right / 2, -self.down / 2), seen)
            self.right, self.down = self.right + 2 * right, self.down + 2 * down
            if hypot(self.right, self.down) > FARTHEST_PX:
                self.right = self.down = 0.0
                return
            if 2 * hypot(right, down) < CLOSE_PX:
                break
        if hypot(self.right, self.down) < LEAST_PX:
            self.right = self.down = 0.0


class _Reference(NamedTuple):
    """What pictures are held against, at half their size: normalised, and how it changes to the right and down."""

    plane: F32
    across: F32
    along: F32

    @classmethod
    def of(cls, scene: Look) -> _Reference:
        plane = _normalised(scene)
        return cls(plane, _slope(plane, 1, 0), _slope(plane, 0, 1))

    def off(self, plane: F32, seen: F32) -> tuple[float, float]:
        """By how much a plane lies further right and down, by what is `seen` (1); 0 where too little tells."""
        beyond = np.subtract(self.plane, plane)
        weight = seen / (1 + np.square(beyond / UNLIKE))
        across, along = self.across * weight, self.along * weight
        a, b, c = _sum(across, self.across), _sum(across, self.along), _sum(along, self.along)
        area = a * c - b * b
        if area <= (LEAST_TEXTURE * seen.size) ** 2 or a + c < ALIKE * self._steepness(seen):
            return 0.0, 0.0
        p, q = _sum(across, beyond), _sum(along, beyond)
        return (c * p - b * q) / area, (a * q - b * p) / area

    def _steepness(self, seen: F32) -> float:
        return _sum(self.across * seen, self.across) + _sum(self.along * seen, self.along)


def _slope(plane: F32, across: int, along: int) -> F32:
    return np.asarray(cv2.Sobel(plane, cv2.CV_32F, across, along, ksize=1, scale=0.5), np.float32)


def _sum(one: F32, other: F32) -> float:
    return float(np.vdot(one, other))


def _normalised(look: Look) -> F32:
    """The luma at half its size, softened, without the mean and the spread of small patches."""
    height, width = look.luma.shape
    small = cv2.resize(look.luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (5, 5), SOFT)
    rest = cv2.subtract(soft, cv2.blur(soft, PATCH))
    spread = np.sqrt(cv2.blur(cv2.multiply(rest, rest), PATCH) + np.float32(NOISE))
    return np.asarray(cv2.divide(rest, spread), np.float32)


def _moved(plane: F32, right: float, down: float) -> F32:
    """A plane of which everything lies so many pixels further right and down, 2.5 at most."""
    if right == down == 0.0:
        return plane
    moved = cv2.sepFilter2D(plane, cv2.CV_32F, _taps(right), _taps(down), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _taps(shift: float) -> F32:
    """The filter that moves by a part of a pixel: cubic convolution (Keys, IEEE Transactions on ASSP 29, 1981)."""
    x = np.abs(_TAPS + shift)
    near, far = (1.5 * x - 2.5) * x**2 + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0)).astype(np.float32)
