"""What one update of our tracker costs against norfair's: walkers made up for the purpose, and MOT17's detections."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.mot_sequences import load_group
from tools.peers import OURS, PEERS, Contender, Norfair, Video

F64 = NDArray[np.float64]
Frame = tuple[F64, F64]
"""Boxes x1, y1, x2, y2 (n, 4) in pixels and scores (n,)."""

SCENE = Video(15.0, 1280, 720)
TURN = 100
"""Frames a tracker takes before the other has its turn: long enough that both run warm, as the goal was measured."""

SCALAR_NORFAIR = Contender(
    "norfair", "norfair", Norfair, "mean distance", {"distance_function": "mean_euclidean", "distance_threshold": 100.0}
)
"""norfair with the distance of its own examples; it is the one that the goals were set against."""

COST_TARGETS = {"5 objects": 0.05, "20 objects": 0.03, "MOT17": 0.10}


def walkers(count: int, frames: int, seed: int = 1) -> list[Frame]:
    """People who walk to and fro through a shop, found 19 times out of 20 with a little noise."""
    rng = random.Random(seed)
    people = [_Walker(rng) for _ in range(count)]
    scene = []
    for _ in range(frames):
        found = [walker.step(rng) for walker in people]
        kept = [one for one in found if rng.random() < 0.95]
        boxes = np.array([box for box, _ in kept]).reshape(-1, 4)
        scene.append((boxes, np.array([score for _, score in kept])))
    return scene


class _Walker:
    """A box that moves at a steady pace and turns at the frame's edge; pixels."""

    def __init__(self, rng: random.Random) -> None:
        self.height = rng.uniform(0.15, 0.4) * SCENE.height
        self.x, self.y = rng.uniform(100, 1100), rng.uniform(50, 350)
        self.pace = rng.gauss(0, 64) / SCENE.fps

    def step(self, rng: random.Random) -> tuple[list[float], float]:
        """Its next box and score."""
        self.x += self.pace
        if not 20 < self.x < 1180:
            self.pace = -self.pace
        corners = (self.x, self.y, self.x + 0.4 * self.height, self.y + self.height)
        return [corner + rng.gauss(0, 0.01 * self.height) for corner in corners], rng.uniform(0.6, 0.95)


def in_turn(ours: Contender, peer: Contender, video: Video, frames: Sequence[Frame]) -> float:
    """Median time of our update over the peer's, both fed the same frames, a few each in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    runs = [contender.begin(video) for contender in (ours, peer)]
    for start in range(0, len(frames), TURN):
        for tracker, spent in zip(runs, times, strict=True):
            prepared = [tracker.prepare(*frame) for frame in frames[start : start + TURN]]
            spent += [_timed(tracker, one) for one in prepared]
    return median(times[0]) / median(times[1])


def _timed(tracker: Any, prepared: Any) -> float:
    """Seconds of one update."""
    start_s = time.perf_counter()
    tracker.update(prepared)
    return time.perf_counter() - start_s


def costs(quick: bool) -> dict[str, float]:
    """The ratios by what was measured; empty where norfair is not installed. MOT17 only where its data is."""
    if SCALAR_NORFAIR.missing:
        return {}
    ratios = {f"{count} objects": in_turn(OURS, SCALAR_NORFAIR, SCENE, walkers(count, 600)) for count in (5, 20)}
    norfair = next(peer for peer in PEERS if peer.name == "norfair")
    sequences = load_group("MOT17")
    if sequences:
        parts = [
            (one, [(boxes, scores) for _, boxes, scores in one.first(200 if quick else 400).frames()])
            for one in sequences
        ]
        ratios["MOT17"] = median(in_turn(OURS, norfair, one.video, part) for one, part in parts)
    return ratios
