"""Suppression of overlapping boxes: greedy, distance-IoU and Gaussian soft suppression."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agent.domain import Box, iou
from hal.ports import F32

Suppressor = Callable[[F32, F32, float], tuple[F32, F32]]
"""(boxes (n, 4) as x1 y1 x2 y2, scores (n,), overlap) -> the boxes and scores kept, best first."""

FEW = 8
"""Up to so many boxes plain Python is far cheaper than a dozen numpy calls on a processor that has just slept."""
SOFT_SIGMA = 0.5
SOFT_FLOOR = 0.05


def overlaps(boxes: F32) -> F32:
    """Intersection over union of every pair: (n, 4) -> (n, n)."""
    x1, y1, x2, y2 = np.ascontiguousarray(boxes.T)
    shared = _shared(x1, x2)
    shared *= _shared(y1, y2)
    area = (x2 - x1) * (y2 - y1)
    union = np.add.outer(area, area)
    union -= shared
    np.maximum(union, np.float32(1e-12), out=union)
    shared /= union
    return shared


def _shared(low: F32, high: F32) -> F32:
    """The length that every pair of spans has in common: (n,), (n,) -> (n, n)."""
    length: F32 = np.minimum.outer(high, high)
    length -= np.maximum.outer(low, low)
    np.maximum(length, np.float32(0.0), out=length)
    return length


def distances(a: F32, b: F32) -> F32:
    """Squared distance of the centres over that of the common hull's diagonal, pair by pair: (n, 4) x 2 -> (n,)."""
    apart = a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]
    hull = np.maximum(a[:, 2:], b[:, 2:]) - np.minimum(a[:, :2], b[:, :2])
    squared: F32 = np.einsum("ij,ij->i", apart, apart) * np.float32(0.25)
    squared /= np.maximum(np.einsum("ij,ij->i", hull, hull), np.float32(1e-12))
    return squared


def greedy(boxes: F32, scores: F32, overlap: float) -> tuple[F32, F32]:
    """Keep the best box, drop what overlaps it by more than `overlap`, repeat."""
    if len(scores) <= FEW:
        return _greedy_few(boxes, scores, overlap)
    boxes, scores = _best_first(boxes, scores)
    kept = _keep(overlaps(boxes) > overlap)
    return boxes[kept], scores[kept]


def _greedy_few(boxes: F32, scores: F32, overlap: float) -> tuple[F32, F32]:
    """The same, box by box."""
    if len(scores) < 2:
        return boxes, scores
    all_of = [Box(*box) for box in boxes.tolist()]
    values = scores.tolist()
    kept: list[int] = []
    for index in sorted(range(len(values)), key=values.__getitem__, reverse=True):
        box = all_of[index]
        if not any(iou(box, all_of[better]) > overlap for better in kept):
            kept.append(index)
    return boxes.take(kept, axis=0), scores.take(kept)


def diou(boxes: F32, scores: F32, overlap: float) -> tuple[F32, F32]:
    """Greedy suppression that spares boxes whose centres lie apart (Zheng et al. 2020, "Distance-IoU loss")."""
    boxes, scores = _best_first(boxes, scores)
    shared = overlaps(boxes)
    clashes = shared > overlap
    first, second = np.nonzero(clashes)
    clashes[first, second] = shared[first, second] - distances(boxes[first], boxes[second]) > overlap
    kept = _keep(clashes)
    return boxes[kept], scores[kept]


def soft(boxes: F32, scores: F32, overlap: float) -> tuple[F32, F32]:
    """Lower the score of boxes that overlap a better one instead of dropping them (Bodla et al. 2017, Gaussian).

    Pairs that overlap by at most `overlap` leave each other alone; what falls below `SOFT_FLOOR` is dropped.
    """
    shared = overlaps(boxes)
    decay = np.where(shared > overlap, np.exp(-(shared**2) / SOFT_SIGMA), np.float32(1.0))
    np.fill_diagonal(decay, 1.0)
    left = scores.astype(np.float32, copy=True)
    kept: list[int] = []
    final: list[float] = []
    while left.size:
        best = int(left.argmax())
        score = float(left[best])
        if score < SOFT_FLOOR:
            break
        kept.append(best)
        final.append(score)
        left *= decay[best]
        left[best] = -1.0
    return boxes[kept], np.asarray(final, dtype=np.float32)


def _best_first(boxes: F32, scores: F32) -> tuple[F32, F32]:
    order = np.argsort(-scores, kind="stable")
    return boxes[order], scores[order]


def _keep(clashes: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[int]:
    """The greedy choice over (n, n) clashes sorted best first; a row is one integer, so that a step is one OR."""
    rows = np.packbits(clashes, axis=1, bitorder="little")
    dropped = 0
    kept: list[int] = []
    for index, row in enumerate(rows):
        if not dropped >> index & 1:
            kept.append(index)
            dropped |= int.from_bytes(row.tobytes(), "little")
    return kept


SUPPRESSORS: dict[str, Suppressor] = {"greedy": greedy, "diou": diou, "soft": soft}
