"""What a real detector makes of ideal boxes: misses, jitter, false boxes, hidden people, merged boxes, unsure scores.

A pure function of (frames, noise, seed): the same arguments give the same detections.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hal.simulated.scenario.day import SensorInput
from hal.simulated.scenario.frames import BoxXyxy, Frame, SeenPerson


class Found(NamedTuple):
    """One detection: box 0..1, score, and (for truth alone) the nearest person in it; 0 where there is none."""

    box: BoxXyxy
    score: float
    person: int = 0


Hidings = dict[int, list[tuple[float, float]]]
"""From when to when each person was hidden by something that passed before the camera."""


def is_hidden(hidings: Hidings, person: int, t_s: float) -> bool:
    """Whether something stood before the person then, as far as it has been noted."""
    return any(start_s <= t_s < end_s for start_s, end_s in hidings.get(person, ())[-1:])


class NoisyFrame(NamedTuple):
    """What the detector finds at `t_s`."""

    t_s: float
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Noise:
    """How a detector errs. Shares are 0..1.

    Misses come in bursts of `burst_s` on average. `jitter` is the standard deviation of a box edge, in box heights,
    drawn anew each frame (half of it sideways). A person is hidden for `hidden_s` about every `hidden_every_s`. False
    boxes appear `false_per_frame` on average and last a frame or two; a thing such as a pram is taken for a person in
    `lures` of the frames; two boxes that overlap become one in `merges` of the frames. `skew_s` is by how much the
    sensors' clock is off. A tracker gives people a new id about every `new_id_every_s`, and two who pass each other
    exchange theirs with the chance `swaps` (see `switches`).
    """

    misses: float = 0.1
    burst_s: float = 0.3
    jitter: float = 0.03
    false_per_frame: float = 0.01
    hidden_every_s: float = 120.0
    hidden_s: tuple[float, float] = (0.5, 5.0)
    merges: float = 0.2
    lures: float = 0.25
    new_id_every_s: float = 300.0
    swaps: float = 0.05
    score: float = 0.84
    score_noise: float = 0.06
    fps: float = 8.0
    skew_s: float = 0.0


CLEAN = Noise(0.0, 0.3, 0.0, 0.0, math.inf, (0.0, 0.0), 0.0, 0.0, math.inf, 0.0, 0.9, 0.0, 10.0)
"""A perfect detector at 10 frames a second."""

MISSES, JITTER, FPS, SKEW_S = (0.05, 0.30), (0.02, 0.08), (3.0, 15.0), (-3.0, 3.0)
MERGE_IOU = 0.45
FULL_SHARE = 0.75
SIDEWAYS = 0.5 * 9 / 16
"""Half as many pixels as up and down: a person is narrow."""
FALSE_SCORE = (0.56, 0.08)
FALSE_STAYS = 0.35
"""The chance that a false box is there in the next frame, too."""


def random_noise(seed: int, *, misses: float | None = None) -> Noise:
    """Noise drawn from the whole range that rules must bear; `misses` instead of its own draw."""
    rng = np.random.default_rng((seed, 2))
    drawn = Noise(
        misses=float(rng.uniform(*MISSES)),
        jitter=float(rng.uniform(*JITTER)),
        false_per_frame=float(rng.uniform(0.0, 0.03)),
        fps=float(np.round(math.exp(rng.uniform(*np.log(FPS))), 1)),
        skew_s=float(rng.uniform(*SKEW_S)),
    )
    return drawn if misses is None else replace(drawn, misses=misses)


def skewed(inputs: Iterable[SensorInput], noise: Noise) -> Iterator[SensorInput]:
    """The inputs by a clock that is off."""
    return (replace(one, t_s=one.t_s + noise.skew_s) for one in inputs)


@dataclass(slots=True)
class _Fate:
    """What happens to the sight of one person."""

    seen_s: float
    missed: bool
    hidden_from_s: float
    hidden_until_s: float


def perturbed(frames: Iterable[Frame], noise: Noise, seed: int, hidings: Hidings | None = None) -> Iterator[NoisyFrame]:
    """The detections of every frame; who was hidden meanwhile is noted in `hidings`."""
    detector = _Detector(noise, np.random.default_rng((seed, 3)), {} if hidings is None else hidings)
    return (NoisyFrame(frame.t_s, detector.look(frame)) for frame in frames)


class _Detector:
    """Goes through the frames of a day and remembers each person's fate."""

    def __init__(self, noise: Noise, rng: np.random.Generator, hidings: Hidings) -> None:
        self._noise, self._rng, self._hidings = noise, rng, hidings
        self._fates: dict[int, _Fate] = {}
        self._ghosts: list[Found] = []

    def look(self, frame: Frame) -> tuple[Found, ...]:
        if not frame.people:
            self._fates.clear()
        found = [one for person in frame.people for one in self._see(frame.t_s, person)]
        if len(found) > 1 and self._noise.merges:
            found = self._merged(found)
        return (*found, *self._lured(frame.things), *self._false())

    def _see(self, t_s: float, person: SeenPerson) -> Iterator[Found]:
        noise, rng = self._noise, self._rng
        fate = self._fate(t_s, person.id)
        if fate.hidden_from_s <= t_s < fate.hidden_until_s:
            self._note(person.id, (fate.hidden_from_s, fate.hidden_until_s))
            return
        if fate.missed:
            return
        lacking = max(0.0, 1.0 - person.share / FULL_SHARE)
        if rng.random() < lacking**2:
            return
        yield self._found(person.box, noise.score - 0.4 * lacking, person.id)

    def _note(self, person: int, hidden: tuple[float, float]) -> None:
        spans = self._hidings.setdefault(person, [])
        if not spans or spans[-1] != hidden:
            spans.append(hidden)

    def _found(self, box: BoxXyxy, score: float, person: int = 0) -> Found:
        """A box as found in one frame: neither its edges nor its score are steady."""
        score += self._noise.score_noise * float(self._rng.standard_normal())
        return Found(self._jittered(box), min(max(score, 0.05), 0.99), person)

    def _fate(self, t_s: float, person: int) -> _Fate:
        """Miss or see goes by a two-state chain in time; hiding by waiting times."""
        noise, rng = self._noise, self._rng
        fate = self._fates.get(person)
        if fate is None:
            fate = self._fates[person] = _Fate(t_s, bool(rng.random() < noise.misses), *self._hiding(t_s))
            return fate
        ends = 1.0 - math.exp(-(t_s - fate.seen_s) / noise.burst_s)
        chance = ends if fate.missed else ends * noise.misses / (1.0 - noise.misses)
        fate.missed ^= bool(rng.random() < min(chance, 1.0))
        fate.seen_s = t_s
        if t_s >= fate.hidden_until_s:
            fate.hidden_from_s, fate.hidden_until_s = self._hiding(t_s)
        return fate

    def _hiding(self, t_s: float) -> tuple[float, float]:
        if math.isinf(self._noise.hidden_every_s):
            return math.inf, math.inf
        start_s = t_s + float(self._rng.exponential(self._noise.hidden_every_s))
        return start_s, start_s + float(self._rng.uniform(*self._noise.hidden_s))

    def _jittered(self, box: BoxXyxy) -> BoxXyxy:
        x1, y1, x2, y2 = box
        if not self._noise.jitter:
            return box
        spread = self._noise.jitter * (y2 - y1)
        a, b, c, d = (spread * self._rng.standard_normal(4)).tolist()
        x1, x2 = sorted((x1 + a * SIDEWAYS, x2 + c * SIDEWAYS))
        y1, y2 = sorted((y1 + b, y2 + d))
        return max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0)

    def _merged(self, found: list[Found]) -> list[Found]:
        for k in range(len(found) - 1, 0, -1):
            other = found[k - 1]
            if overlap(found[k].box, other.box) > MERGE_IOU and self._rng.random() < self._noise.merges:
                found[k - 1 : k + 1] = [
                    Found(_union(found[k].box, other.box), max(found[k].score, other.score), other.person)
                ]
        return found

    def _lured(self, things: Sequence[BoxXyxy]) -> Iterator[Found]:
        """Things that look like a person now and then."""
        for box in things:
            if self._noise.lures and box[3] > box[1] and self._rng.random() < self._noise.lures:
                yield self._found(box, float(self._rng.normal(*FALSE_SCORE)))

    def _false(self) -> Sequence[Found]:
        noise, rng = self._noise, self._rng
        self._ghosts = [ghost for ghost in self._ghosts if rng.random() < FALSE_STAYS]
        if noise.false_per_frame and rng.random() < noise.false_per_frame:
            height, x, y = rng.uniform(0.15, 0.5), rng.uniform(0.1, 0.9), rng.uniform(0.45, 0.95)
            box = (x - height / 9, max(y - height, 0.0), x + height / 9, y)
            ghost = Found(box, float(rng.normal(*FALSE_SCORE)))
            self._ghosts.append(ghost)
        return [self._found(ghost.box, ghost.score) for ghost in self._ghosts]


def overlap(a: BoxXyxy, b: BoxXyxy) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)


def _union(a: BoxXyxy, b: BoxXyxy) -> BoxXyxy:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
