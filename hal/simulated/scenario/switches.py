"""What a poor tracker does to the ids of tracks: new ones for the same person, and ids exchanged when two pass.

A pure function of (ids and boxes over time, noise, seed).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from hal.simulated.scenario.frames import BoxXyxy
from hal.simulated.scenario.noise import Noise, overlap

PASSING_IOU = 0.2
PASSED_S = 3.0
"""Boxes that overlap again within this belong to the same encounter."""


class Switches:
    """Renames the tracks of one day."""

    def __init__(self, noise: Noise, seed: int) -> None:
        self._noise, self._rng = noise, np.random.default_rng((seed, 6))
        self._names: dict[int, int] = {}
        self._last = 0
        self._switch_s: dict[int, float] = {}
        self._met_s: dict[tuple[int, int], float] = {}

    def rename(self, t_s: float, boxes: Mapping[int, BoxXyxy]) -> dict[int, int]:
        """The ids that the tracks in `boxes` have from now on; every call brings the tracks seen at `t_s`."""
        for track in boxes:
            if t_s >= self._switch_s.get(track, -math.inf):
                self._last += 1
                self._names[track] = self._last
                self._switch_s[track] = t_s + float(self._rng.exponential(1.0)) * self._noise.new_id_every_s
        if self._noise.swaps:
            self._exchange(t_s, boxes)
        return {track: self._names[track] for track in boxes}

    def _exchange(self, t_s: float, boxes: Mapping[int, BoxXyxy]) -> None:
        for one, other in combinations(boxes, 2):
            if overlap(boxes[one], boxes[other]) > PASSING_IOU:
                met_s = self._met_s.get((one, other), -math.inf)
                self._met_s[one, other] = t_s
                if t_s - met_s > PASSED_S and self._rng.random() < self._noise.swaps:
                    self._names[one], self._names[other] = self._names[other], self._names[one]
