"""How well a number ranks: area under the ROC curve, average precision, and both among comparable cases only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]


def roc_auc(scores: F64, labels: Flags) -> float | None:
    """The chance that a positive ranks above a negative, ties counting half; None without both (Hanley 1982)."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(scores: F64, labels: Flags) -> float | None:
    """The mean of the precision at every positive, going down the ranks; tied scores are taken together."""
    if not labels.any():
        return None
    recall, precision = precision_recall(scores, labels)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def precision_recall(scores: F64, labels: Flags) -> tuple[F64, F64]:
    """Recall and precision at each distinct score, from the highest on."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(labels[order])[last]
    return hits / labels.sum(), hits / (last + 1)


def roc_curve(scores: F64, labels: Flags) -> tuple[F64, F64]:
    """False and true positive rates at each distinct score, from (0, 0) to (1, 1)."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits, total = np.cumsum(labels[order])[last], labels.sum()
    false = (last + 1 - hits) / max(len(labels) - total, 1)
    return np.concatenate([[0.0], false]), np.concatenate([[0.0], hits / max(total, 1)])


def matched_auc(scores: F64, labels: Flags, strata: NDArray[np.int64]) -> float | None:
    """The ROC area over pairs from the same stratum only, each stratum by how many pairs it has."""
    pairs = [(auc, weight) for part in _parts(strata) for auc, weight in _weighed(scores[part], labels[part])]
    total = sum(weight for _, weight in pairs)
    return sum(auc * weight for auc, weight in pairs) / total if total else None


def quantile_bins(values: F64, bins: int) -> NDArray[np.int64]:
    """Which of so many equally full bins each value lies in."""
    edges = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def _parts(strata: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    order = np.argsort(strata, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(strata[order])) + 1)


def _weighed(scores: F64, labels: Flags) -> Iterator[tuple[float, int]]:
    auc = roc_auc(scores, labels)
    if auc is not None:
        positives = int(labels.sum())
        yield auc, positives * (len(labels) - positives)
