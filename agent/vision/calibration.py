"""From a model's logits to scores that mean something, and back."""

from __future__ import annotations

import math

import numpy as np

from agent.vision.spec import ModelSpec
from hal.ports import F32


class Calibration:
    """sigmoid(slope x logit + shift) (Platt 1999), drawn out below a knee.

    Weak boxes are people so seldom that their true probabilities would all lie below any least score; below the knee
    the line is therefore less steep, which keeps their order and says a little too much.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._slope, self._shift = spec.calibration
        knee, self._tail = spec.tail
        self._knee = _logit(knee)

    def scores(self, logits: F32) -> F32:
        """Scores (n,) of logits (n,)."""
        line = np.float32(self._slope) * logits + np.float32(self._shift)
        below = np.minimum(line - np.float32(self._knee), np.float32(0.0))
        line += below * np.float32(self._tail - 1.0)
        scores: F32 = np.float32(1.0) / (np.float32(1.0) + np.exp(-np.clip(line, -80.0, 80.0)))
        return scores

    def logit(self, score: float) -> float:
        """The logit that has this score."""
        line = _logit(score)
        if line < self._knee:
            line = self._knee + (line - self._knee) / self._tail
        return (line - self._shift) / self._slope


def _logit(score: float) -> float:
    return math.log(score / (1.0 - score))
