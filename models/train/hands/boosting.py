"""Gradient boosting of small full trees for yes-or-no labels, on numpy alone (Friedman, 2001; second-order leaves)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.rules.pose_trees import DEPTH, NODES, SPLITS, Tree

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Codes = NDArray[np.uint8]

BINS = 48
"""Values of an input are told apart this finely; the lowest code is for NaN."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to boost: `trees` of them at a learning `rate`; a leaf has `least` cases or more and is shrunk by `ridge`."""

    trees: int = 250
    rate: float = 0.2
    least: int = 60
    ridge: float = 8.0


def boosted(inputs: F32, labels: NDArray[np.bool_], recipe: Recipe) -> tuple[float, list[Tree]]:
    """The base, in log-odds, and trees for cases (n, k) and labels (n,)."""
    edges = edges_of(inputs)
    codes = coded(inputs, edges)
    base = float(np.log(labels.mean() / (1.0 - labels.mean())))
    logits, trees = np.full(len(labels), base), []
    for _ in range(recipe.trees):
        chance = 1.0 / (1.0 + np.exp(-logits))
        tree, leaves = _grown(codes, edges, labels - chance, chance * (1.0 - chance), recipe)
        logits += np.array(tree.means)[leaves]
        trees.append(tree)
    return base, trees


def edges_of(inputs: F32) -> list[F64]:
    """Where each input is cut into bins: at its quantiles."""
    shares = np.linspace(0, 1, BINS)[1:-1]
    return [
        np.unique(np.quantile(column[~np.isnan(column)], shares)) if (~np.isnan(column)).any() else np.zeros(1)
        for column in inputs.T.astype(np.float64)
    ]


def coded(inputs: F32, edges: list[F64]) -> Codes:
    """The bin of every value: one more than how many edges are below it, 0 for NaN; (k, n)."""
    found = np.empty(inputs.T.shape, np.uint8)
    for row, column, cuts in zip(found, inputs.T, edges, strict=True):
        row[:] = np.where(np.isnan(column), 0, np.searchsorted(cuts, column, side="left") + 1)
    return found


def _grown(codes: Codes, edges: list[F64], slope: F64, bend: F64, recipe: Recipe) -> tuple[Tree, NDArray[np.int64]]:
    """One tree down the slope of the loss, and the node in which each case ends."""
    count = codes.shape[1]
    node = np.zeros(count, np.int64)
    asks, limits = [0] * SPLITS, [float("inf")] * SPLITS
    for level in range(DEPTH):
        first = 2**level - 1
        sums = _histograms(codes, node - first, 2**level, slope, bend)
        for place in range(2**level):
            ask, cut = _best(sums[:, :, place], recipe)
            if ask >= 0:
                asks[first + place], limits[first + place] = ask, float(edges[ask][cut])
                above = (node == first + place) & (codes[ask] > cut + 1)
            else:
                above = np.zeros(count, np.bool_)
            node = np.where(node == first + place, 2 * node + 1 + above, node)
    return Tree(tuple(asks), tuple(limits), _means(node, slope, bend, recipe)), node


def _histograms(codes: Codes, place: NDArray[np.int64], places: int, slope: F64, bend: F64) -> F64:
    """Sums (3, k, places, BINS) of cases, slopes and bends by input, node and bin."""
    found = np.empty((3, len(codes), places, BINS))
    for number, column in enumerate(codes):
        key = place * BINS + column
        for row, weights in enumerate((None, slope, bend)):
            found[row, number] = np.bincount(key, weights, places * BINS).reshape(places, BINS)
    return found


def _best(sums: F64, recipe: Recipe) -> tuple[int, int]:
    """The input and the edge whose split of one node gains most; (-1, 0) where none gains."""
    below = np.cumsum(sums, axis=2)[:, :, :-1]
    above = below[:, :, -1:] + sums[:, :, -1:] - below

    def worth(part: F64) -> F64:
        return np.asarray(part[1] ** 2 / (part[2] + recipe.ridge))

    gain = worth(below) + worth(above)
    gain[(below[0] < recipe.least) | (above[0] < recipe.least)] = -1.0
    gain[:, 0] = -1.0
    number, code = np.unravel_index(int(gain.argmax()), gain.shape)
    whole = sums.sum(2)[:, 0]
    if gain[number, code] <= whole[1] ** 2 / (whole[2] + recipe.ridge):
        return -1, 0
    return int(number), int(code) - 1


def _means(node: NDArray[np.int64], slope: F64, bend: F64, recipe: Recipe) -> tuple[float, ...]:
    """What the leaves give, and above them the means of the cases that come through."""
    means, counts = np.zeros(NODES), np.bincount(node, minlength=NODES).astype(np.float64)
    steps = np.bincount(node, slope, NODES) / (np.bincount(node, bend, NODES) + recipe.ridge)
    means[SPLITS:] = recipe.rate * steps[SPLITS:]
    for place in reversed(range(SPLITS)):
        left, right = 2 * place + 1, 2 * place + 2
        counts[place] = counts[left] + counts[right]
        means[place] = (means[left] * counts[left] + means[right] * counts[right]) / max(counts[place], 1.0)
    return tuple(means.tolist())
