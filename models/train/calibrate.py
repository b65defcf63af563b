"""Turn scores into probabilities and choose the operating points of a file; write its manifest entry.

    python -m models.train.calibrate --model person-m models/person-m.tflite

Scores: sigmoid(slope x logit + shift) (Platt 1999), the likeliest on every labelled set that was not trained on, clean
and at night together, each set counting the same. Below `KNEE` the line is drawn out, so that a raw score of `WEAKEST`
still reaches the agent's least score: true there would be next to nothing, and the end of the recall curve would go.
Operating point (`confirm_score`): the lowest score from which precision reaches 0.85; `min_score`: 0.55; per light.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import members
from .data import Picture, by_group, split
from .decode import Floats
from .evaluate import run
from .manifest import Facts, entry, put
from .metrics import Curve, Found, curve
from .opcheck import macs
from .runners import TfliteHeads

CONFIRM_PRECISION, LEAST_PRECISION = 0.85, 0.55
#: The agent's least score, the raw score that must not fall below it, and where the drawn-out tail begins.
FLOOR, WEAKEST, KNEE = 0.05, 0.04, 0.35
#: Weaker boxes do not take part in fitting: they are many, and nobody acts on them.
JUDGED_FROM = 0.25
LIGHTS = {"day": "clean", "night": "night"}


@dataclass(frozen=True, slots=True)
class Judged:
    """Boxes of one set: logits (n,), whether each found a person, and what one box counts."""

    logits: Floats
    hits: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a raw probability becomes a score: slope and shift of its logit; `tail` is the slope's share below KNEE."""

    slope: float
    shift: float
    tail: float = 1.0

    def __call__(self, raw: float) -> float:
        line = self.slope * _logit(min(max(raw, 1e-6), 1 - 1e-6)) + self.shift
        below = min(line - _logit(KNEE), 0.0)
        return float(1 / (1 + np.exp(-(line + below * (self.tail - 1)))))


def fitted(parts: Sequence[Judged], rounds: int = 50) -> Scaling:
    """The likeliest line by Newton's method, with the tail that keeps raw `WEAKEST` at `FLOOR`."""
    x, y, w = _together(parts)
    features = np.stack([x, np.ones_like(x)])
    line = np.array([1.0, 0.0])
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-line @ features))
        hessian = (features * w * p * (1 - p)) @ features.T + 1e-9 * np.eye(2)
        line -= np.linalg.solve(hessian, features @ (w * (p - y)))
    slope, shift = (round(float(value), 3) for value in line)
    weakest = slope * _logit(WEAKEST) + shift
    tail = (_logit(FLOOR) - _logit(KNEE)) / (weakest - _logit(KNEE))
    return Scaling(slope, shift, round(min(1.0, tail), 3))


def _together(parts: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Logits, hits and weights of all sets."""
    x, y, w = (np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "hits", "weights"))
    return x.astype(np.float64), y.astype(np.float64), w.astype(np.float64)


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def judged(results: list[Found]) -> Judged:
    """The boxes of a set for fitting; the set counts 1 in all."""
    line = curve(results)
    strong = line.scores >= JUDGED_FROM
    line = Curve(line.scores[strong], line.hits[strong], line.labels)
    p = np.clip(line.scores, 1e-4, 1 - 1e-4)
    weights = np.full(len(p), 1 / max(len(p), 1), np.float32)
    return Judged(np.log(p / (1 - p)).astype(np.float32), line.hits.astype(np.float32), weights)


def reliability(line: Curve, scaling: Scaling, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean score, share of hits, boxes) by score bin: the reliability diagram as a table."""
    scores = np.array([scaling(float(score)) for score in line.scores])
    rows = []
    for low in np.arange(bins) / bins:
        inside = (scores >= low) & (scores < low + 1 / bins)
        if inside.any():
            rows.append((float(scores[inside].mean()), float(line.hits[inside].mean()), int(inside.sum())))
    return rows


def points(line: Curve, scaling: Scaling) -> tuple[float, float]:
    """(min_score, confirm_score) of one light, after scaling."""
    least, confirm = (line.score_for_precision(p) for p in (LEAST_PRECISION, CONFIRM_PRECISION))
    return max(0.1, scaling(least) - 5e-4), min(0.95, scaling(confirm) + 5e-4)


def measure(runner: TfliteHeads, pictures: list[Picture]) -> dict[str, dict[str, list[Found]]]:
    """Results by light and set."""
    return {
        light: {group: run(runner, some, kind) for group, some in by_group(pictures).items()}
        for light, kind in LIGHTS.items()
    }


def facts(results: dict[str, dict[str, list[Found]]], file: Path, overlap: float) -> Facts:
    """Everything the manifest entry says about accuracy and operating points; prints the reliability tables."""
    scaling = fitted([judged(found) for sets in results.values() for found in sets.values()])
    print(scaling)
    scores, accuracy = {}, {}
    for light, sets in results.items():
        everything = curve([found for part in sets.values() for found in part])
        scores[light] = points(everything, scaling)
        accuracy[f"ap50_{light}"] = round(float(np.mean([curve(p).average_precision() for p in sets.values()])), 3)
        raw = next(s for s in np.append(everything.scores[::-1], 1.0) if scaling(float(s)) >= scores[light][1])
        recall, precision = everything.at_score(float(raw))
        accuracy[f"recall_{light}"], accuracy[f"precision_{light}"] = round(recall, 3), round(precision, 3)
        print(light, f"recall {recall:.3f} precision {precision:.3f} at {scores[light][1]:.3f}")
        for mean, share, count in reliability(everything, scaling):
            print(f"  said {mean:.2f}  were {share:.2f}  ({count})")
    latency = {"million_macs": round(macs(file) / 1e6, 1)}
    line, tail = (scaling.slope, scaling.shift), (KNEE, scaling.tail)
    return Facts(scores, overlap, line, tail, accuracy, latency)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--overlap", type=float, default=0.5)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    graph = members.graph(options.model)
    runner = TfliteHeads(options.file, graph, options.overlap)
    found = facts(measure(runner, split("val") + split("test")), options.file, options.overlap)
    put(options.file.with_name("manifest.toml"), graph.name, entry(graph, options.file, found))


if __name__ == "__main__":
    main()
