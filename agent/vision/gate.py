"""The motion gate: says on a tiny luma picture whether anything moves, so that a still shop costs no inference.

A running average is the background; what differs from it by more than this camera's own noise at that place moves.
Changes of exposure scale the background instead of counting as motion, and a scene that changed as a whole becomes
the new background at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from agent.domain import Box, Point
from agent.vision.raster import raster
from hal.ports import F32, U8

WIDTH = 128
MIN_SIDE = 8
MIN_PIXELS = 7
BACKGROUND_TAU_S = 10.0
LEARN_EVERY_S = 0.3
SETTLING_S = 1.0
BASE_THRESHOLD = 8
NOISE_FACTOR = 4
MAX_THRESHOLD = 48
EXPOSURE_FRACTION = 0.04
EXPOSURE_CHECK_S = 0.25
RESEED_FRACTION = 0.6


class Motion(NamedTuple):
    """What the gate saw in one frame.

    `fraction` of the unmasked picture moves, within `box` (0..1). `reseeded` marks a frame that differs from the
    background as a whole (light switched, camera turned): it counts as motion once and becomes the background.
    """

    active: bool
    fraction: float = 0.0
    box: Box | None = None
    reseeded: bool = False


STILL = Motion(active=False)


class Gate:
    """One camera's gate. `masks` are polygons, 0..1, in which no motion counts (`motion_mask`)."""

    def __init__(self, masks: Sequence[Sequence[Point]] = ()) -> None:
        self._masks = masks
        self._source = (0, 0)
        self._seeded_s = self._learnt_s = self._compared_s = -math.inf

    def update(self, t_s: float, luma: U8) -> Motion:
        """Look at the luma plane (height, width; at least 8) of the frame exposed at `t_s` on the monotonic clock."""
        if luma.shape != self._source:
            self._allocate(luma)
            self._sample(luma)
            self._seed(t_s)
            return STILL
        self._sample(luma)
        moving = self._differing()
        if moving > self._many and t_s - self._compared_s >= EXPOSURE_CHECK_S:
            self._compared_s = t_s
            moving = self._without_exposure(moving)
            if moving > RESEED_FRACTION * self._counted:
                self._seed(t_s)
                return Motion(True, moving / self._counted, Box(0.0, 0.0, 1.0, 1.0), True)
        if t_s - self._learnt_s >= LEARN_EVERY_S:
            self._learn(t_s)
        if not moving:
            return STILL
        if moving < MIN_PIXELS:
            return Motion(False, moving / self._counted)
        return Motion(True, moving / self._counted, self._box())

    def _allocate(self, luma: U8) -> None:
        self._source = luma.shape
        step = max(1, min(round(luma.shape[1] / WIDTH), luma.shape[0] // MIN_SIDE))
        self._every = slice(step // 2, None, step)
        self._rows: U8 = np.empty_like(luma[self._every])
        self._picked = self._rows[:, self._every]
        shape = self._picked.shape
        pictures: list[U8] = [np.empty(shape, np.uint8) for _ in range(6)]
        self._raw, self._frame, self._still, self._delta, self._moving, self._threshold = pictures
        self._background: F32 = np.empty(shape, np.float32)
        self._noise: F32 = np.empty(shape, np.float32)
        self._masked = raster(self._masks, shape[1], shape[0])
        self._counted = max(1, int(np.count_nonzero(self._masked == 0)))
        self._many = EXPOSURE_FRACTION * self._counted

    def _sample(self, luma: U8) -> None:
        """Take every nth pixel and smooth over 3x3: far cheaper than averaging areas, and as quiet.

        Whole rows first: from memory that is not in the cache yet they come faster than single pixels.
        """
        np.copyto(self._rows, luma[self._every])
        np.copyto(self._raw, self._picked)
        cv2.blur(self._raw, (3, 3), dst=self._frame)

    def _seed(self, t_s: float) -> None:
        np.copyto(self._background, self._frame)
        np.copyto(self._still, self._frame)
        self._noise.fill(0.0)
        self._set_threshold()
        self._seeded_s = self._learnt_s = t_s

    def _differing(self) -> int:
        """How many pixels differ from the background by more than their threshold; marks them in `_moving`."""
        cv2.absdiff(self._frame, self._still, dst=self._delta)
        cv2.compare(self._delta, self._threshold, cv2.CMP_GT, dst=self._moving)
        return cv2.countNonZero(self._moving)

    def _without_exposure(self, moving: int) -> int:
        """Count again with the background scaled to this frame's exposure; keep the scale when it explains much."""
        gain = float(np.median((self._frame[2::5, 2::5] + 1.0) / (self._background[2::5, 2::5] + 1.0)))
        if abs(gain - 1.0) < 0.01 or not 0.25 < gain < 4.0:
            return moving
        cv2.convertScaleAbs(self._background, dst=self._still, alpha=gain, beta=gain - 1.0)
        left = self._differing()
        if left < moving / 2:
            np.copyto(self._background, self._still)
            return left
        cv2.convertScaleAbs(self._background, dst=self._still)
        return self._differing()

    def _learn(self, t_s: float) -> None:
        """Bring background and noise nearer to this frame, by the time that has passed."""
        tau_s = SETTLING_S / 4 if t_s - self._seeded_s < SETTLING_S else BACKGROUND_TAU_S
        share = 1.0 - math.exp(-(t_s - self._learnt_s) / tau_s)
        cv2.accumulateWeighted(self._frame, self._background, share)
        cv2.convertScaleAbs(self._background, dst=self._still)
        cv2.accumulateWeighted(self._delta, self._noise, share, mask=cv2.bitwise_not(self._moving))
        self._set_threshold()
        self._learnt_s = t_s

    def _set_threshold(self) -> None:
        """A base, raised where this place is noisy; masked pixels get a threshold that no difference passes."""
        cv2.convertScaleAbs(self._noise, dst=self._threshold, alpha=NOISE_FACTOR, beta=BASE_THRESHOLD)
        np.minimum(self._threshold, MAX_THRESHOLD, out=self._threshold)
        cv2.bitwise_or(self._threshold, self._masked, dst=self._threshold)

    def _box(self) -> Box:
        x, y, width, height = cv2.boundingRect(self._moving)
        rows, columns = self._moving.shape
        return Box(x / columns, y / rows, (x + width) / columns, (y + height) / rows)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """When to look for people: always on motion, now and then without.

    A known person is looked at again every `people_check_s` even when still; an empty scene every `idle_check_s`, so
    that somebody who stood there from the start is found. `least_gap_s` lies between any two looks: a board that is too
    hot looks less often.
    """

    people_check_s: float = 0.5
    idle_check_s: float = 2.0
    least_gap_s: float = 0.0

    def wants_inference(self, t_s: float, motion: Motion, *, people: bool, last_inferred_s: float | None) -> bool:
        """Whether the frame at `t_s` goes to the detector; `people` says that a track lives, confirmed or not."""
        if last_inferred_s is None:
            return True
        wait_s = self.least_gap_s
        if not motion.active:
            wait_s = max(wait_s, self.people_check_s if people else self.idle_check_s)
        return t_s - last_inferred_s >= wait_s - 1e-6
