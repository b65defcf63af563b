"""Average precision and operating points of person detection (all labels count, none is ignored).

AP is the area under the interpolated precision-recall curve (Everingham et al. 2010, all points); a label is
taken by the best-scored box that overlaps it enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .decode import Floats, iou


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector said about one picture, and the truth: boxes x1, y1, x2, y2 in 0..1."""

    boxes: Floats
    scores: Floats
    truth: Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """Matches of a set sorted by falling score; `labels` counts the people."""

    scores: Floats
    hits: NDArray[np.bool_]
    labels: int

    def recall(self) -> Floats:
        """Recall after each box."""
        return np.asarray(np.cumsum(self.hits) / max(self.labels, 1), np.float32)

    def precision(self) -> Floats:
        """Precision after each box."""
        return np.asarray(np.cumsum(self.hits) / np.arange(1, len(self.hits) + 1), np.float32)

    def average_precision(self) -> float:
        """Area under the interpolated curve."""
        recall = np.concatenate([[0.0], self.recall()])
        envelope = np.maximum.accumulate(self.precision()[::-1])[::-1]
        return float(np.sum(np.diff(recall) * envelope))

    def at_score(self, score: float) -> tuple[float, float]:
        """(recall, precision) of all boxes scored at least `score`."""
        count = int((self.scores >= score).sum())
        if count == 0:
            return 0.0, 1.0
        return float(self.recall()[count - 1]), float(self.precision()[count - 1])

    def score_for_precision(self, precision: float) -> float:
        """The lowest score at which precision still holds (1.0 where it never does)."""
        enough = np.nonzero(self.precision() >= precision)[0]
        return float(self.scores[enough[-1]]) if len(enough) else 1.0


def match(found: Found, overlap: float = 0.5) -> NDArray[np.bool_]:
    """Which boxes (sorted by falling score) take a label nobody better took."""
    hits = np.zeros(len(found.boxes), bool)
    if not len(found.truth):
        return hits
    overlaps = iou(found.boxes, found.truth)
    free = np.ones(len(found.truth), bool)
    for row, over in enumerate(overlaps):
        best = int(np.argmax(np.where(free, over, -1.0)))
        if free[best] and over[best] >= overlap:
            hits[row], free[best] = True, False
    return hits


def curve(results: list[Found], overlap: float = 0.5) -> Curve:
    """The curve of a set."""
    scores = np.concatenate([r.scores for r in results]) if results else np.zeros(0, np.float32)
    hits = np.concatenate([match(r, overlap) for r in results]) if results else np.zeros(0, bool)
    order = np.argsort(-scores, kind="stable")
    return Curve(scores[order], hits[order], sum(len(r.truth) for r in results))


def recall_by_height(results: list[Found], score: float, low: float, high: float) -> tuple[float, int]:
    """Recall (and number) of people whose height is in [low, high) of the picture's, at a score."""
    taken = people = 0
    for result in results:
        strong = result.scores >= score
        height = result.truth[:, 3] - result.truth[:, 1]
        wanted = (height >= low) & (height < high)
        people += int(wanted.sum())
        if not wanted.any() or not strong.any():
            continue
        order = _taken_labels(Found(result.boxes[strong], result.scores[strong], result.truth))
        taken += int((order & wanted).sum())
    return (taken / people if people else 0.0), people


def _taken_labels(found: Found) -> NDArray[np.bool_]:
    overlaps = iou(found.boxes, found.truth)
    taken = np.zeros(len(found.truth), bool)
    for over in overlaps:
        best = int(np.argmax(np.where(taken, -1.0, over)))
        if not taken[best] and over[best] >= 0.5:
            taken[best] = True
    return taken
