"""What the signal itself tells, probe after probe: a frozen or looped picture, noise, a cast of colour; pure."""

from __future__ import annotations

import zlib
from collections import deque
from statistics import median

import cv2
import numpy as np

from agent.health.features import Probe
from agent.health.judge import MADS, Finding, Usual
from hal.ports import U8

LOOP_S = 600
"""How many probes back a repetition is looked for."""
LOOP_RUN = 5
"""Probes in a row that must be repeated."""
NATURAL_REPEATS = 0.05
"""A source that repeats itself more often than this has no noise to judge by."""
LEAST_CONTRAST = 12
"""Grey levels; black, white or grey all over may be equal because nothing is seen at all."""
LOUD = 2.0
CAST = 12.0
FLOOR_NOISE = 0.3
LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""The difference of two Laplacians: structure is gone from it, noise is not."""


class Repeats:
    """Compares each probe with those before it: `same` as the last one, and how many in a `run` were seen before."""

    def __init__(self) -> None:
        self._before: U8 | None = None
        self._seen: deque[int] = deque(maxlen=LOOP_S)
        self.same = False
        self.run = 0

    def take(self, raw: U8) -> None:
        """One more probe's single pixels."""
        before, self._before = self._before, raw
        equal = before is not None and before.shape == raw.shape and bool((before == raw).all())
        self.same = equal and int(np.ptp(raw)) >= LEAST_CONTRAST
        code = zlib.crc32(raw.tobytes())
        self.run = self.run + 1 if code in self._seen and not equal else 0
        self._seen.append(code)


class Tone:
    """The signal of one source in one light; the first `learn_s` seconds show how it is, after that it is judged.

    `level` is the noise of the newest probe in grey levels.
    """

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._first_s: float | None = None
        self._levels: list[float] = []
        self._casts: list[tuple[float, float]] = []
        self._repeats = 0
        self._count = 0
        self._noise: Usual | None = None
        self._cast: tuple[float, float] | None = None
        self.level = 0.0

    @property
    def known(self) -> bool:
        """Whether the signal was looked at for long enough."""
        return self._noise is not None

    @property
    def noiseless(self) -> bool:
        """Whether this source repeats pictures by nature (compressed stills, black): equality then proves nothing."""
        return self._repeats > NATURAL_REPEATS * max(self._count, 1)

    def take(self, probe: Probe, repeats: Repeats) -> dict[str, Finding | None]:
        """What one more probe shows, by what may be wrong; nothing while it is being learned."""
        self.level = 0.0 if repeats.same else _noise_level(probe.detail)
        if self._noise is None:
            self._learn(probe, repeats)
            return {}
        return {"frozen": self.frozen(repeats), "noisy": self._noisy(), "ir_cut": self._tinted(probe)}

    def _learn(self, probe: Probe, repeats: Repeats) -> None:
        self._first_s = probe.t_s if self._first_s is None else self._first_s
        self._count += 1
        self._repeats += repeats.same or repeats.run > 0
        self._levels.append(self.level)
        self._casts.append(probe.chroma)
        if probe.t_s - self._first_s >= self._learn_s:
            self._noise = _usual(self._levels)
            self._cast = median(u for u, _ in self._casts), median(v for _, v in self._casts)
            self._levels, self._casts = [], []

    def frozen(self, repeats: Repeats) -> Finding | None:
        """Whether the pictures are old ones, as far as this source's can tell."""
        if self.noiseless:
            return None
        if repeats.same:
            return Finding("frozen", 0.99, "exactly the same picture again: a sensor always shows some noise")
        if repeats.run >= LOOP_RUN:
            return Finding("frozen", 0.97, "the pictures come round again: an old recording is being shown")
        return None

    def _noisy(self) -> Finding | None:
        assert self._noise is not None
        bound = max(LOUD * self._noise.median, self._noise.median + MADS * self._noise.mad, 4 * FLOOR_NOISE)
        if self.level <= bound:
            return None
        return Finding("noisy", 0.8, f"noise of {self.level:.1f} grey levels, {self._noise.median:.1f} is usual")

    def _tinted(self, probe: Probe) -> Finding | None:
        assert self._cast is not None
        off = float(np.hypot(probe.chroma[0] - self._cast[0], probe.chroma[1] - self._cast[1]))
        if off < CAST:
            return None
        return Finding("ir_cut", 0.7, f"a cast of colour of {off:.0f}: the infrared filter may be stuck")


def _noise_level(detail: U8) -> float:
    """Deviation of the noise in grey levels (Immerkaer 1996), over the flatter half of every second row."""
    strength = np.abs(cv2.filter2D(detail, cv2.CV_16S, LAPLACIANS))[1:-1:2, 1:-1].ravel()
    return float(np.partition(strength, len(strength) // 4)[len(strength) // 4]) / 6 / 0.3186


def _usual(values: list[float]) -> Usual:
    middle = median(values)
    return Usual(middle, max(median(abs(value - middle) for value in values), FLOOR_NOISE / 6))
