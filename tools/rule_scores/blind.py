"""Controls that know nothing of what somebody does: time in view, size, place. A pose score must beat them.

On real sets such numbers can rank well because of how clips were chosen: thieves are filmed longer, or further away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.vision.pose_file import F64, PoseTable
from tools.rule_scores.ranking import Flags, average_precision, matched_auc, quantile_bins, roc_auc

SEEN = 0.25
BINS = 5
CLIP_S = 6.0


class Ranking(NamedTuple):
    """How well one number ranks: over all frames, among frames alike in time in view and size, and over equal clips."""

    name: str
    auc: float | None
    precision: float | None
    matched: float | None
    clips: float | None
    clip_precision: float | None


def controls(table: PoseTable) -> dict[str, F64]:
    """Each blind control as a number (N,) per row: large means suspicious, whichever way it may count."""
    size, x, y = _boxes(table)
    return {
        "time in view so far": time_in_view(table),
        "body size": size,
        "smallness": -size,
        "place across": x,
        "place down": y,
        "torso height": _torso_height(table),
    }


def time_in_view(table: PoseTable) -> F64:
    """Seconds since a row's person was first in view."""
    found = np.zeros(len(table.frame))
    for rows in table.tracks():
        found[rows] = (table.frame[rows] - table.frame[rows[0]]) / table.fps
    return found


def strata_of(table: PoseTable) -> NDArray[np.int64]:
    """Which rows are alike in time in view and in size: those with the same number."""
    return quantile_bins(time_in_view(table), BINS) * BINS + quantile_bins(_boxes(table)[0], BINS)


def rankings(table: PoseTable, labels: Flags, scores: dict[str, F64]) -> Iterator[Ranking]:
    """How well each of the scores and then each of the controls ranks."""
    strata = strata_of(table)
    clips = _clips(table)
    marked = np.array([labels[rows].any() for rows in clips], np.bool_)
    for name, values in {**scores, **controls(table)}.items():
        highest = np.array([values[rows].max() for rows in clips])
        yield Ranking(
            name,
            roc_auc(values, labels),
            average_precision(values, labels),
            matched_auc(values, labels, strata),
            roc_auc(highest, marked),
            average_precision(highest, marked),
        )


def _clips(table: PoseTable) -> list[NDArray[np.int64]]:
    """Every person's rows cut into clips of one length; what is left over is dropped."""
    length = max(round(CLIP_S * table.fps), 1)
    found = []
    for rows in table.tracks():
        number = (table.frame[rows] - table.frame[rows[0]]) // length
        whole = (table.frame[rows[-1]] - table.frame[rows[0]] + 1) // length
        found += [rows[number == clip] for clip in range(int(whole)) if (number == clip).any()]
    return found


def _boxes(table: PoseTable) -> tuple[F64, F64, F64]:
    """Height of what is seen of each body and its middle, pixels; 0 where nothing is."""
    seen = (table.conf >= SEEN)[:, :, None]
    low = np.where(seen, table.xy, np.inf).min(1)
    high = np.where(seen, table.xy, -np.inf).max(1)
    nothing = np.logical_not(seen.any(axis=(1, 2)))
    low[nothing] = high[nothing] = 0.0
    middle = (low + high) / 2
    return high[:, 1] - low[:, 1], middle[:, 0], middle[:, 1]


def _torso_height(table: PoseTable) -> F64:
    """From the hips up to the shoulders in pixels, by the means of both sides."""
    return np.asarray(table.xy[:, 11:13, 1].mean(1) - table.xy[:, 5:7, 1].mean(1))
