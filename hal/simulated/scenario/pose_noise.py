"""What a real pose model makes of ideal keypoints: jitter, dropouts, guesses behind the body, left and right swapped.

A pure function of (sighting, noise, generator).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.simulated.scenario.posed import Sighting

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIRRORED = np.array([0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15])
"""Every joint's number with left and right exchanged."""
_GROUPS = (np.arange(5, 11), np.arange(11, 17), np.arange(17))
_SEEN, _COVERED, _HIDDEN = (0.76, 0.10), (0.48, 0.16), (0.18, 0.08)
"""Confidence of seen joints, of those behind the own body or inside clothes and bags, and of those behind other things:
mean and deviation."""
_GUESSED_H = 0.035
_LOST_H = 0.12
JITTER, DROPOUT, SWAPS, FPS = (0.004, 0.016), (0.01, 0.10), (0.0, 0.08), (3.0, 15.0)


@dataclass(frozen=True, slots=True)
class PoseNoise:
    """How a pose model errs.

    `jitter` is the standard deviation of a seen joint in body heights (half of it lasts for `lasts_s`, half is new in
    every frame); each joint is lost in `dropout` of the time, in bursts of `burst_s`; left and right of the arms, the
    legs or the whole body are swapped in `swaps` of the time. `fps` is how often there is a pose.
    """

    jitter: float = 0.008
    lasts_s: float = 0.5
    dropout: float = 0.04
    swaps: float = 0.02
    burst_s: float = 0.4
    fps: float = 6.0


CLEAN = PoseNoise(0.0, 0.5, 0.0, 0.0, 0.4, 10.0)
"""A model that errs only where it cannot see."""


def random_pose_noise(seed: int) -> PoseNoise:
    """Noise drawn from the whole range that rules must bear."""
    rng = np.random.default_rng((seed, 12))
    return PoseNoise(
        jitter=float(rng.uniform(*JITTER)),
        dropout=float(rng.uniform(*DROPOUT)),
        swaps=float(rng.uniform(*SWAPS)),
        fps=float(np.round(np.exp(rng.uniform(*np.log(FPS))), 1)),
    )


def noticed(sighting: Sighting, noise: PoseNoise, aspect: float, rng: np.random.Generator) -> tuple[F64, F64]:
    """Keypoints (n, 17, 2) in 0..1 of the picture and confidences (n, 17) as a model gives them."""
    times = sighting.times
    lost = _bursts(times, (len(times), 17), noise.dropout, noise.burst_s, rng)
    unseen = sighting.hidden | lost
    guessed = sighting.covered | sighting.clothed
    error_h = noise.jitter * _drift(times, noise.lasts_s, rng)
    error_h += rng.normal(0.0, 1.0, error_h.shape) * np.where(guessed, _GUESSED_H, 0.0)[:, :, None]
    error_h += rng.normal(0.0, 1.0, error_h.shape) * np.where(unseen, _LOST_H, 0.0)[:, :, None]
    xy = sighting.xy + error_h * sighting.height[:, None, None] / (aspect, 1.0)
    means = np.where(unseen, _HIDDEN[0], np.where(guessed, _COVERED[0], _SEEN[0]))
    spread = np.where(unseen, _HIDDEN[1], np.where(guessed, _COVERED[1], _SEEN[1]))
    confidence = np.clip(means + spread * rng.standard_normal(means.shape), 0.02, 0.99)
    return _swapped(times, xy, confidence, noise, rng)


def _drift(times: F64, lasts_s: float, rng: np.random.Generator) -> F64:
    """Unit noise (n, 17, 2), half of its variance a slow drift."""
    fresh = rng.standard_normal((len(times), 17, 2))
    slow = np.empty_like(fresh)
    keep = np.exp(-np.diff(times, prepend=times[:1] - 10.0) / lasts_s)
    state = np.zeros((17, 2))
    for number, draw in enumerate(rng.standard_normal(fresh.shape)):
        state = keep[number] * state + np.sqrt(1.0 - keep[number] ** 2) * draw
        slow[number] = state
    return np.asarray((fresh + slow) / np.sqrt(2.0))


def _bursts(times: F64, shape: tuple[int, ...], share: float, burst_s: float, rng: np.random.Generator) -> Flags:
    """A two-state chain in time for every column: true in `share` of the time."""
    found = np.zeros(shape, np.bool_)
    if share <= 0.0 or not len(times):
        return found
    state: Flags = rng.random(shape[1:]) < share
    ends = 1.0 - np.exp(-np.diff(times, prepend=times[0]) / burst_s)
    for number, draw in enumerate(rng.random(shape)):
        state = state ^ (draw < np.where(state, ends[number], ends[number] * share / (1.0 - share)))
        found[number] = state
    return found


def _swapped(times: F64, xy: F64, confidence: F64, noise: PoseNoise, rng: np.random.Generator) -> tuple[F64, F64]:
    """Left and right exchanged now and then: of the arms, of the legs, of the whole body."""
    for number, group in enumerate(_GROUPS):
        when = _bursts(times, (len(times), 1), noise.swaps / len(_GROUPS), noise.burst_s, rng)[:, 0]
        rows, columns = np.ix_(np.flatnonzero(when), _GROUPS[number])
        xy[rows, columns], confidence[rows, columns] = xy[rows, MIRRORED[group]], confidence[rows, MIRRORED[group]]
    return xy, confidence
