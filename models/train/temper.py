"""Make the heads of a network agree on what a score means: a shift of the logit head by head, folded into the weights.

    python -m models.train.temper --model person-m --weights .cache/train/m.npz --out .cache/train/m_even.npz

Heads see different people (small ones far away, large ones near) and are sure of themselves to different degrees;
after this, equal scores of two heads are equally often right, so that one threshold fits people of every size. Fitted
on the held-out sets, clean and at night, like the calibration in the manifest.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import members
from .calibrate import LIGHTS, Judged
from .data import by_group, split
from .decode import Anchors, decode, suppress
from .evaluate import degraded
from .graph import Graph, shapes
from .metrics import Found, match
from .runners import TorchHeads
from .ssd_weights import Weights

#: Weaker boxes do not take part, and this slope is shared: free slopes fitted worse (AP50 0.706 against 0.713).
FLOOR, SLOPE = 0.10, 2.0


def level_numbers(graph: Graph) -> NDArray[np.int64]:
    """Which level each anchor belongs to, (n,)."""
    found = shapes(graph)
    counts = [int(np.prod(found[level.scores].grid)) * len(level.anchors) for level in graph.levels]
    return np.repeat(np.arange(len(counts)), counts)


def judged_by_level(runner: TorchHeads) -> list[list[Judged]]:
    """For every level the judged boxes of every set and light; a set counts 1 in all."""
    numbers = level_numbers(runner.graph)
    found: list[list[Judged]] = [[] for _ in runner.graph.levels]
    for kind in LIGHTS.values():
        for members_ in by_group(split("val") + split("test")).values():
            rows = [_boxes(runner, degraded(picture, kind), picture.boxes, numbers) for picture in members_]
            logits, hits, levels = (np.concatenate(column) for column in zip(*rows, strict=True))
            for level, part in enumerate(found):
                mine = levels == level
                weights = np.full(int(mine.sum()), 1 / max(len(logits), 1), np.float32)
                part.append(Judged(logits[mine], hits[mine], weights))
    return found


def _boxes(
    runner: TorchHeads, image: NDArray[np.uint8], truth: NDArray[np.float32], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Logits, hits and levels of the boxes that survive suppression in one picture."""
    raw, logits = runner.raw(image)
    strong = np.flatnonzero(logits >= np.log(FLOOR / (1 - FLOOR)))
    boxes = np.clip(decode(raw[strong], _anchors(runner, strong), runner.graph.size), 0, 1)
    kept = suppress(boxes, logits[strong], runner.overlap)
    hits = match(Found(boxes[kept], logits[strong][kept], truth))
    return logits[strong][kept], hits.astype(np.float32), numbers[strong][kept]


def _anchors(runner: TorchHeads, rows: NDArray[np.intp]) -> Anchors:
    return Anchors(runner.anchors.centres[rows], runner.anchors.sizes[rows])


def shift(parts: Sequence[Judged], rounds: int = 40) -> float:
    """What a level's logits lack to be right as often as sigmoid(SLOPE x logit) says."""
    x, y, w = (np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "hits", "weights"))
    found = 0.0
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-SLOPE * (x + found)))
        found -= float((w * (p - y)).sum() / max(SLOPE * (w * p * (1 - p)).sum(), 1e-9))
    return found


def fold(graph: Graph, weights: Weights, shifts: Sequence[float]) -> Weights:
    """The weights with each level's shift inside its score layer."""
    changed = dict(weights)
    for level, more in zip(graph.levels, shifts, strict=True):
        changed[f"{level.scores}/b"] = np.asarray(weights[f"{level.scores}/b"] + more, np.float32)
    return changed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    graph = members.graph(options.model)
    with np.load(options.weights) as file:
        weights = dict(file)
    shifts = [shift(parts) for parts in judged_by_level(TorchHeads(graph, weights))]
    for level, more in zip(graph.levels, shifts, strict=True):
        print(f"{level.scores}: {more:+.3f}")
    np.savez(options.out, **fold(graph, weights, shifts))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
