"""Turn scores into probabilities and choose the operating points of a file; write its manifest entry.

    python -m models.train.calibrate --model person-m models/person-m.tflite

Scores: sigmoid(slope x logit + shift), the form of Platt (1999), the best of a grid on every labelled set that was not
trained on, clean and at night together, each set counting the same. The grid is bounded so that weak boxes stay above
the agent's least score; scores are therefore good from about 0.6 up and say too much below. Operating point
(`confirm_score`): the lowest score from which precision reaches 0.85; `min_score`: where it reaches 0.55, per light.
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
#: The agent's least score, and the raw score that must not fall below it.
FLOOR, WEAKEST = 0.05, 0.10
#: Weaker boxes do not take part in fitting: they are many, and nobody acts on them.
JUDGED_FROM = 0.25
LIGHTS = {"day": "clean", "night": "night"}


@dataclass(frozen=True, slots=True)
class Judged:
    """Boxes of one set: logits (n,), whether each found a person, and what one box counts."""

    logits: Floats
    hits: Floats
    weights: Floats


def gentle(parts: Sequence[Judged]) -> tuple[float, float]:
    """The likeliest scaling that leaves raw `WEAKEST` at `FLOOR` or above: the agent drops what scores less than that.

    A free fit says of weak boxes what is true, next to nothing, and so cuts off the end of the recall curve.
    """
    x, y, w = _together(parts)
    least = _logit(FLOOR)
    tried = [(slope, shift) for slope in np.arange(0.8, 2.01, 0.05) for shift in np.arange(-1.0, 2.01, 0.05)]
    fitting = [(slope, shift) for slope, shift in tried if slope * _logit(WEAKEST) + shift >= least]

    def loss(scaling: tuple[float, float]) -> float:
        z = scaling[0] * x + scaling[1]
        return float((w * (np.logaddexp(0, z) - y * z)).sum())

    slope, shift = min(fitting, key=loss)
    return round(float(slope), 4), round(float(shift), 4)


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


def scaled(score: float, scaling: tuple[float, float]) -> float:
    """A raw probability after scaling."""
    p = min(max(score, 1e-6), 1 - 1e-6)
    return float(1 / (1 + np.exp(-(scaling[0] * np.log(p / (1 - p)) + scaling[1]))))


def reliability(line: Curve, scaling: tuple[float, float], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean score, share of hits, boxes) by score bin: the reliability diagram as a table."""
    scores = np.array([scaled(float(score), scaling) for score in line.scores])
    rows = []
    for low in np.arange(bins) / bins:
        inside = (scores >= low) & (scores < low + 1 / bins)
        if inside.any():
            rows.append((float(scores[inside].mean()), float(line.hits[inside].mean()), int(inside.sum())))
    return rows


def points(line: Curve, scaling: tuple[float, float]) -> tuple[float, float]:
    """(min_score, confirm_score) of one light, after scaling."""
    least, confirm = (line.score_for_precision(p) for p in (LEAST_PRECISION, CONFIRM_PRECISION))
    return max(0.1, scaled(least, scaling) - 5e-4), min(0.95, scaled(confirm, scaling) + 5e-4)


def measure(runner: TfliteHeads, pictures: list[Picture]) -> dict[str, dict[str, list[Found]]]:
    """Results by light and set."""
    return {
        light: {group: run(runner, some, kind) for group, some in by_group(pictures).items()}
        for light, kind in LIGHTS.items()
    }


def facts(results: dict[str, dict[str, list[Found]]], file: Path, overlap: float) -> Facts:
    """Everything the manifest entry says about accuracy and operating points; prints the reliability tables."""
    scaling = gentle([judged(found) for sets in results.values() for found in sets.values()])
    print(f"calibration {scaling[0]:.4f} {scaling[1]:.4f}")
    scores, accuracy = {}, {}
    for light, sets in results.items():
        everything = curve([found for part in sets.values() for found in part])
        scores[light] = points(everything, scaling)
        accuracy[f"ap50_{light}"] = round(float(np.mean([curve(p).average_precision() for p in sets.values()])), 3)
        raw = next(s for s in np.append(everything.scores[::-1], 1.0) if scaled(float(s), scaling) >= scores[light][1])
        recall, precision = everything.at_score(float(raw))
        accuracy[f"recall_{light}"], accuracy[f"precision_{light}"] = round(recall, 3), round(precision, 3)
        print(light, f"recall {recall:.3f} precision {precision:.3f} at {scores[light][1]:.3f}")
        for mean, share, count in reliability(everything, scaling):
            print(f"  said {mean:.2f}  were {share:.2f}  ({count})")
    latency = {"million_macs": round(macs(file) / 1e6, 1)}
    rounded = (round(scaling[0], 4), round(scaling[1], 4))
    return Facts(scores, overlap, rounded, accuracy, latency)


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
