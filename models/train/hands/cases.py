"""Cases to learn from: what each hand of simulated people does, frame by frame, and whether it is hiding goods."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.domain import Keypoint, Pose
from agent.rules.pose_score import ConcealmentScore
from agent.rules.pose_traits import FACTORS
from agent.rules.poses import LEFT, RIGHT, body_of
from agent.vision.pose_steady import SteadyPose
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.pose_day import PoseDay, PosePlan
from hal.simulated.scenario.pose_noise import noticed, random_pose_noise
from hal.simulated.scenario.posed import Sighting, Visit

F32 = NDArray[np.float32]
Flags = NDArray[np.bool_]

LOOKS_HZ = 5.0
"""A camera looks at a person's pose this often at most (`[pose] rate_hz`)."""
SHOPS = 9
HELD_OUT = 1000
PLAN = PosePlan(shoppers=25, hiders=60, sitters=1)


class Cases(NamedTuple):
    """Traits (n, k), labels (n,), and for each case its person and time of day."""

    traits: F32
    labels: Flags
    person: NDArray[np.int64]
    t_s: NDArray[np.float64]


def cases_of(seed: int, kept: float = 1.0, plan: PosePlan = PLAN) -> Cases:
    """The hands of one day; of those that hide nothing a share is `kept`. Raises ValueError for a held-out seed."""
    if seed >= HELD_OUT:
        raise ValueError(f"seed {seed} is held out: learn from seeds below {HELD_OUT}")
    day = PoseDay(shop_layout(1 + seed % SHOPS), plan, seed)
    noise = random_pose_noise(seed)
    noise = replace(noise, fps=min(noise.fps, LOOKS_HZ))
    rng = np.random.default_rng((seed, 17))
    found = []
    for visit, sighting in day.sightings(noise.fps):
        xy, confidence = noticed(sighting, noise, day.layout.optics.aspect, rng)
        xy[:, :, 0] *= day.layout.optics.aspect
        found.append(_cases(visit, sighting, xy, confidence))
    cases = Cases(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    chosen = cases.labels | (rng.random(len(cases.labels)) < kept)
    return Cases(cases.traits[chosen], cases.labels[chosen], cases.person[chosen], cases.t_s[chosen])


def _cases(visit: Visit, sighting: Sighting, xy: NDArray[np.float64], confidence: NDArray[np.float64]) -> Cases:
    steady, score = SteadyPose(1.0), ConcealmentScore()
    traits, labels, times = [], [], []
    hides, side = list(visit.spans("hide")), _hiding_side(visit)
    for row in np.flatnonzero(sighting.share > 0.0):
        t_s = float(sighting.times[row])
        places = zip(xy[row].tolist(), confidence[row].tolist(), strict=True)
        score.update(body_of(steady.update(Pose(t_s, tuple(Keypoint(x, y, c) for (x, y), c in places))), 1.0))
        if score.traits is None:
            continue
        hiding = any(start_s <= t_s <= end_s for start_s, end_s in hides)
        for hand in (LEFT, RIGHT):
            if not hiding or hand == side:
                traits.append(score.traits[hand])
                labels.append(hiding)
                times.append(t_s)
    shaped = np.array(traits, np.float32).reshape(-1, len(FACTORS))
    return Cases(shaped, np.array(labels, np.bool_), np.full(len(labels), visit.id), np.array(times))


def _hiding_side(visit: Visit) -> int:
    """The hand that has the goods: the one that the first move of hiding names first."""
    names = (next(iter(move.to)) for _, move in visit.moves if move.tag == "hide")
    return LEFT if next(names, "") == "left_hand" else RIGHT
