"""Dirt, webs and condensation: parts of the picture that slowly lose detail while the rest does not; pure."""

from __future__ import annotations

import numpy as np

from agent.health.features import Features
from agent.health.judge import Finding
from hal.ports import F32

LOST = 0.45
"""Natural logarithm of the detail that must be gone."""
LEAST_CELLS = 6
"""In fewer of the picture's 192 cells than that, goods that were moved may have taken it."""
TAU_S = 1800.0


class Dirt:
    """Follows how sharp each cell is beside what it was when the scene was learned."""

    def __init__(self, clean: F32, t_s: float) -> None:
        self._clean = clean
        self._slow: F32 = np.zeros_like(clean)
        self._t_s = t_s

    def update(self, t_s: float, seen: Features) -> Finding | None:
        """Take the features of a probe with nothing else wrong; what all cells lose is light or focus, and no dirt."""
        lost = seen.cells - self._clean
        known = ~np.isnan(lost)
        share = np.float32(min((t_s - self._t_s) / TAU_S, 1.0))
        self._t_s = t_s
        if known.any():
            beside = lost - np.median(lost[known])
            self._slow[known] += share * (beside - self._slow)[known]
        return self.finding()

    def finding(self) -> Finding | None:
        """What is known by now."""
        dull = self._slow < -LOST
        if dull.sum() < LEAST_CELLS:
            return None
        words = f"{dull.mean():.0%} of the picture has slowly lost detail: clean the lens"
        return Finding("dirt", 0.7, words, partly=True)
