"""Draws what is learned from: stretches of courses, of either hand, mostly from where somebody has reached."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.rules.pose_memory import DELAY_STEPS, STEPS
from agent.rules.pose_numbers import COLUMN, F32, Flags, mirrored

from .days import HIDES, UNCLEAR, Days, idle_weights

STRETCH = 128
"""Steps in a row that are judged in one go."""
BATCH = 128
REACHED_STEPS = 25
"""So long after somebody reached into a shelf it is most telling what their hands do."""
ELSEWHERE = 0.25
"""So many stretches from anywhere come to one from there."""
BEGUN_SHARE = 0.3
"""So many stretches begin where somebody has just come into view."""
KNOWN_SHARE = 0.8
"""In so many the shelves are known: files of poses have none."""
_SHELF = slice(COLUMN["other_in_shelf"], COLUMN["shelf_known"] + 1)
_HANDS = [COLUMN["other_in_shelf"], COLUMN["in_shelf"]]


class Batch(NamedTuple):
    """`steps` (n, STRETCH + STEPS - 1, k); for the last STRETCH of them `labels` and `weights` (n, STRETCH).

    A label says whether the hand hid something DELAY_STEPS before the step.
    """

    steps: F32
    labels: F32
    weights: F32


class Stretches:
    """Draws stretches of the days' courses."""

    def __init__(self, days: Days, rng: np.random.Generator) -> None:
        self._days, self._rng = days, rng
        self._first = np.cumsum(days.lengths) - days.lengths
        self._idle = idle_weights(days)
        self._telling = np.flatnonzero(lately_reached(days) | (days.labels == HIDES).any(1))

    def rounds(self) -> NDArray[np.int64]:
        """About as many moments as make every telling step part of one stretch, in any order: (batches, BATCH)."""
        count = len(self._telling) // STRETCH + 1
        anywhere = self._rng.integers(0, len(self._days.rows), max(int(ELSEWHERE * count), 1))
        moments = np.concatenate([self._rng.choice(self._telling, count), anywhere])
        whole = np.resize(self._rng.permutation(moments), (max(len(moments) // BATCH, 1), BATCH))
        return np.asarray(whole, np.int64)

    def draw(self, moments: NDArray[np.int64]) -> Batch:
        """A stretch round each of the moments (n,), which are rows of the days."""
        rng, count = self._rng, len(moments)
        course = np.searchsorted(self._first, moments, side="right") - 1
        length, first = self._days.lengths[course][:, None], self._first[course][:, None]
        before = rng.integers(0, STRETCH, (count, 1)) - DELAY_STEPS
        start = np.clip(moments[:, None] - first - before, 0, np.maximum(length - STRETCH, 0))
        late = np.maximum(start - rng.integers(0, STEPS, (count, 1)), 0)
        begun = np.where(rng.random((count, 1)) < BEGUN_SHARE, late, 0)
        left = rng.random(count) < 0.5
        steps = self._seen(first + np.clip(start + np.arange(1 - STEPS, STRETCH), begun, length - 1), left)
        end = start + np.arange(STRETCH)
        moment = end - DELAY_STEPS
        rows = first + np.clip(moment, 0, length - 1)
        labels = self._days.labels[rows, np.where(left, 0, 1)[:, None]]
        counts = (end < length) & (moment >= begun) & (labels != UNCLEAR)
        weights = np.where(labels == HIDES, 1.0, self._idle[rows]) * counts
        return Batch(steps, (labels == HIDES).astype(np.float32), weights.astype(np.float32))

    def _seen(self, rows: NDArray[np.int64], left: Flags) -> F32:
        steps = self._days.rows[rows].astype(np.float32)
        steps[left] = mirrored(steps[left])
        steps[self._rng.random(len(left)) >= KNOWN_SHARE, :, _SHELF] = 0.0
        return steps


def lately_reached(days: Days) -> Flags:
    """Of every step (n,) whether one of the hands was in a shelf within REACHED_STEPS before it."""
    steps = np.arange(len(days.rows))
    reached = np.where((days.rows[:, _HANDS] > 0).any(1), steps, -REACHED_STEPS - 1)
    latest = np.maximum.accumulate(reached)
    begins = np.repeat(np.cumsum(days.lengths) - days.lengths, days.lengths)
    return (latest >= begins) & (steps - latest <= REACHED_STEPS)
