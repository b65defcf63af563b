"""Dirt, webs and condensation: parts of the picture that slowly lose detail while the rest does not; pure."""

from __future__ import annotations

import numpy as np

from agent.health.features import Features, Reference
from agent.health.judge import Finding
from hal.ports import F32

LOST = 0.5
"""Natural logarithm of the detail that must be gone."""
TAU_S = 1800.0


class Dirt:
    """Follows the tiles' texture beside what it was when the scene was learned."""

    def __init__(self, reference: Reference, t_s: float) -> None:
        self._first = reference.tiles
        self._slow: F32 = np.zeros_like(self._first)
        self._t_s = t_s

    def update(self, t_s: float, seen: Features, reference: Reference) -> Finding | None:
        """Take the features of a probe with nothing else wrong."""
        lost = seen.tiles + reference.tiles - self._first - np.log(max(seen.gain, 0.1))
        share = np.float32(min((t_s - self._t_s) / TAU_S, 1.0))
        self._t_s = t_s
        self._slow += np.where(np.isnan(lost), 0.0, share * (lost - self._slow)).astype(np.float32)
        return self.finding()

    def finding(self) -> Finding | None:
        """What is known by now."""
        dull = float((self._slow < -LOST).mean())
        if not dull:
            return None
        return Finding("dirt", 0.7, f"{dull:.0%} of the picture has slowly lost detail: clean the lens", partly=True)
