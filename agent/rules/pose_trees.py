"""A sum of small decision trees that can say what each input did to it. Pure.

Gradient boosting after Friedman (2001); the share of an input is how far the mean of the cases that were trained on
moves at the nodes that ask for it (Saabas, 2014), so the shares and the base add up to the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

DEPTH = 3
SPLITS = 2**DEPTH - 1
NODES = 2 ** (DEPTH + 1) - 1


class Tree(NamedTuple):
    """A full binary tree, nodes numbered as in a heap: node n asks whether input `asks[n]` is above `limits[n]`.

    If so the case goes on to node 2 n + 2, else, and where the input is NaN, to 2 n + 1. `means` (15) are the nodes'.
    """

    asks: tuple[int, ...]
    limits: tuple[float, ...]
    means: tuple[float, ...]


def total(trees: Sequence[Tree], inputs: Sequence[float]) -> float:
    """What the trees give for these inputs, summed."""
    found = 0.0
    for asks, limits, means in trees:
        node = 0
        while node < SPLITS:
            node = 2 * node + (2 if inputs[asks[node]] > limits[node] else 1)
        found += means[node]
    return found


def shares(trees: Sequence[Tree], inputs: Sequence[float]) -> tuple[float, list[float]]:
    """The base and what each input added to it."""
    base, added = 0.0, [0.0] * len(inputs)
    for asks, limits, means in trees:
        node, base = 0, base + means[0]
        while node < SPLITS:
            then = 2 * node + (2 if inputs[asks[node]] > limits[node] else 1)
            added[asks[node]] += means[then] - means[node]
            node = then
    return base, added


def read_trees(text: str) -> tuple[Tree, ...]:
    """Trees from lines of numbers: inputs, limits and means of one tree after another."""
    numbers = [float(word) for word in text.split()]
    size = 2 * SPLITS + NODES
    rows = [numbers[first : first + size] for first in range(0, len(numbers), size)]
    return tuple(
        Tree(tuple(int(n) for n in row[:SPLITS]), tuple(row[SPLITS : 2 * SPLITS]), tuple(row[2 * SPLITS :]))
        for row in rows
    )
