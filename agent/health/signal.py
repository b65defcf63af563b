"""What the signal itself tells, probe after probe: a frozen or looped picture, noise, a cast of colour; pure."""

from __future__ import annotations

import zlib
from collections import deque
from statistics import median

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
LOUD = 2.0
CAST = 12.0
FLOOR_NOISE = 0.3


class Signal:
    """Follows one source; the first `learn_s` seconds show how it is, after that it is judged."""

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._first_s: float | None = None
        self._before: U8 | None = None
        self._levels: list[float] = []
        self._casts: list[tuple[float, float]] = []
        self._repeats = 0
        self._count = 0
        self._seen: deque[int] = deque(maxlen=LOOP_S)
        self._run = 0
        self._noise: Usual | None = None
        self._cast: tuple[float, float] | None = None
        self.level = 0.0

    @property
    def noiseless(self) -> bool:
        """Whether this source repeats pictures by nature (compressed stills): equality then proves nothing."""
        return self._repeats > NATURAL_REPEATS * max(self._count, 1)

    def take(self, probe: Probe) -> dict[str, Finding | None]:
        """What one more probe shows, by what may be wrong."""
        same = self._repeated(probe.raw)
        self._measure(probe, same)
        if self._noise is None:
            self._learn(probe, same)
            return {}
        return {"frozen": self._frozen(same), "noisy": self._noisy(), "ir_cut": self._tinted(probe)}

    def _learn(self, probe: Probe, same: bool) -> None:
        self._first_s = probe.t_s if self._first_s is None else self._first_s
        self._count += 1
        self._repeats += same or self._run > 0
        self._levels.append(self.level)
        self._casts.append(probe.chroma)
        if probe.t_s - self._first_s >= self._learn_s:
            self._noise = _usual(self._levels)
            self._cast = median(u for u, _ in self._casts), median(v for _, v in self._casts)
            self._levels, self._casts = [], []

    def _repeated(self, raw: U8) -> bool:
        before, self._before = self._before, raw
        return before is not None and before.shape == raw.shape and bool((before == raw).all())

    def _measure(self, probe: Probe, same: bool) -> None:
        code = zlib.crc32(probe.raw.tobytes())
        self._run = self._run + 1 if code in self._seen and not same else 0
        self._seen.append(code)
        self.level = 0.0 if same else _noise_level(probe.detail)

    def _frozen(self, same: bool) -> Finding | None:
        if self.noiseless:
            return None
        if same:
            return Finding("frozen", 0.99, "exactly the same picture again: a sensor always shows some noise")
        if self._run >= LOOP_RUN:
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
    """Deviation of the noise in grey levels (Immerkaer 1996), over the flatter half of the picture."""
    y = detail.astype(np.int16)
    mixed = y[:-2, :-2] + y[:-2, 2:] + y[2:, :-2] + y[2:, 2:] + 4 * y[1:-1, 1:-1]
    mixed -= 2 * (y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:])
    strength = np.abs(mixed)
    return float(np.quantile(strength, 0.25)) / 6 / 0.3186


def _usual(values: list[float]) -> Usual:
    middle = median(values)
    return Usual(middle, max(median(abs(value - middle) for value in values), FLOOR_NOISE / 6))
