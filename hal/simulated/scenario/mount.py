"""How a camera hangs and what its stream does to the picture: it trembles, is nudged now and then, and is coded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hal.simulated.scenery import Scenery

OF_WIDTH = 1 / 320
"""A pixel of a picture as wide as a background sees it, as a share of its width."""
TREMBLE_PX, NUDGE_PX = 0.4, 1.5
"""How far the picture swings at most, and how far a nudge turns it for good."""
SWING_HZ = (7.3, 11.9)
CODED_SHARE, QUALITY = 0.5, (45, 85)
"""On so many days the pictures come coded, with a quality between these (as JPEG has it)."""


class Mount:
    """The camera of one day of `length_s`: how much it trembles, `nudges` at random times, and its stream."""

    def __init__(self, nudges: int, length_s: float, rng: np.random.Generator) -> None:
        self._swing = rng.uniform(0.0, TREMBLE_PX) * OF_WIDTH
        self._phases = rng.uniform(0.0, 2 * np.pi, 2)
        self._nudged_s = np.sort(rng.uniform(0.0, length_s, nudges))
        self._turns = np.cumsum(np.vstack([(0, 0), rng.uniform(-NUDGE_PX, NUDGE_PX, (nudges, 2))]) * OF_WIDTH, axis=0)
        self._quality = int(rng.integers(*QUALITY)) if rng.random() < CODED_SHARE else 0

    def over(self, scenery: Scenery, t_s: float) -> Scenery:
        """The scenery as this camera sees it at a moment."""
        swing = self._swing * np.sin(2 * np.pi * np.array(SWING_HZ) * t_s + self._phases)
        right, down = swing + self._turns[np.searchsorted(self._nudged_s, t_s, side="right")]
        return replace(scenery, shift=(float(right), float(down)), quality=self._quality)
