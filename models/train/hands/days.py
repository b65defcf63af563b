"""Days to learn from: all that is remembered of every simulated person, step by step, and when a hand hides goods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.domain import Joint, Point
from agent.rules.pose_memory import FORGET_S, STEP_S
from agent.rules.pose_numbers import F32
from agent.rules.pose_reach import Fronts
from agent.rules.poses import FOREARM_TO_HAND, LEFT, MIN_CONFIDENCE, RIGHT
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_watch import UNSEEN_S
from hal.simulated.scenario.frames import Frame, SeenPerson
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import Hidings, is_hidden, perturbed, random_noise
from hal.simulated.scenario.pose_day import PoseDay, PosePlan, shelf_polygons
from hal.simulated.scenario.pose_noise import noticed, random_pose_noise
from hal.simulated.scenario.posed import Sighting, Visit, sighting_of
from hal.simulated.sight import Occluders

from .crowd import Looks, rows_of, steadied

LOOKS_HZ = 5.0
"""A camera looks at a person's pose this often at most (`[pose] rate_hz`)."""
LEAST_SCORE = 0.25
"""Poses that are less sure of their joints on average are not taken (`[pose] min_score`)."""
SHOPS = 900
HELD_OUT = 1000
PLAN = PosePlan(shoppers=150, hiders=150, sitters=2)
CLEAR, HIDES, UNCLEAR = 0, 1, 2
"""What a hand does at a step; unclear is the other hand of somebody who hides something, which may help."""
AROUND_S = 1.0
NEAR_STEPS, OF_NEAR = 15, 0.1
"""Just before and after hiding it does little harm to be told so."""
OF_HIDERS, OF_OTHERS = 2.0, 8.0
"""How much other steps count where somebody hides something in the course, and where not: of those most are."""


class Days(NamedTuple):
    """Steps (n, k) of courses one after another, `labels` (n, 2) of their left and right hand, `lengths` (courses,)."""

    rows: NDArray[np.float16]
    labels: NDArray[np.int8]
    lengths: NDArray[np.int64]


def joined(parts: Sequence[Days]) -> Days:
    """Several in one."""
    return Days(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def idle_weights(days: Days) -> F32:
    """How much every step (n,) counts for a hand that hides nothing there."""
    found = np.full(len(days.rows), OF_OTHERS, np.float32)
    for part in np.split(np.arange(len(days.rows)), np.cumsum(days.lengths)[:-1]):
        hides = np.flatnonzero((days.labels[part] == HIDES).any(1))
        if len(hides):
            found[part] = OF_HIDERS
            around = hides[:, None] + np.arange(-NEAR_STEPS, NEAR_STEPS + 1)
            found[part[np.clip(around, 0, len(part) - 1)]] = OF_NEAR
    return found


def day_of(seed: int, plan: PosePlan = PLAN) -> Days:
    """One day, every person with errors of their own. Raises ValueError for a held-out seed."""
    if seed >= HELD_OUT:
        raise ValueError(f"seed {seed} is held out: learn from seeds below {HELD_OUT}")
    day = PoseDay(shop_layout(1 + seed % SHOPS), plan, seed)
    aspect, fronts = day.layout.optics.aspect, fronts_of(day)
    seen = [(visit, part) for visit in day.visits for part in looks_of(day, visit, 1000 * seed + visit.id)]
    courses = zip(seen, steadied([part for _, part in seen]), strict=True)
    return joined([_course(visit, looks, reached(looks, fronts, aspect)) for (visit, _), looks in courses])


def fronts_of(day: PoseDay) -> Fronts:
    """The shelves of the day's shop."""
    return Fronts([[Point(*corner) for corner in front] for front in shelf_polygons(day.layout).values()])


def reached(looks: Looks, fronts: Fronts, aspect: float) -> F32:
    """Whether the left and the right hand are in a front, 0 or 1 (n, 2)."""
    sure, hands = looks.seen >= MIN_CONFIDENCE, np.zeros((len(looks.t_s), 2), np.float32)
    for side, (elbow, wrist) in enumerate(((Joint.L_ELBOW, Joint.L_WRIST), (Joint.R_ELBOW, Joint.R_WRIST))):
        forearm = (looks.xy[:, wrist] - looks.xy[:, elbow]) * sure[:, elbow, None]
        tips = (looks.xy[:, wrist] + FOREARM_TO_HAND * forearm) / (aspect, 1.0)
        hands[:, side] = [
            seen and fronts.at(Point(*tip)) is not None for seen, tip in zip(sure[:, wrist], tips.tolist(), strict=True)
        ]
    return hands


def _course(visit: Visit, looks: Looks, in_shelf: F32) -> Days:
    rows = rows_of(looks, in_shelf)
    times = (looks.t_s[0] // STEP_S + np.arange(len(rows))) * STEP_S
    return Days(rows.astype(np.float16), _labels(visit, times), np.array([len(rows)]))


def looks_of(day: PoseDay, visit: Visit, draw: int) -> Iterator[Looks]:
    """What a camera with errors of this draw makes of one person; where nobody was seen for long it begins anew."""
    noise, aspect = random_pose_noise(draw), day.layout.optics.aspect
    first, last = np.ceil(visit.itinerary.start_s * noise.fps), np.floor(visit.itinerary.end_s * noise.fps)
    sighting = sighting_of(visit, day.layout, Occluders(day.layout), np.arange(first, last + 1) / noise.fps)
    some = _at(sighting, list(_turns(sighting, noise.fps, draw)))
    xy, confidence = noticed(some, noise, aspect, np.random.default_rng((draw, 17)))
    looks = Looks(some.times, xy * (aspect, 1.0), confidence)
    sure = np.flatnonzero(confidence.mean(1) >= LEAST_SCORE)
    for part in np.split(sure, np.flatnonzero(np.diff(some.times[sure]) > FORGET_S) + 1):
        if len(part):
            yield Looks(*(column[part] for column in looks))


def _at(sighting: Sighting, rows: list[int]) -> Sighting:
    """Some rows of it."""
    return Sighting(*(getattr(sighting, part.name)[rows] for part in fields(sighting)))


def _turns(sighting: Sighting, fps: float, draw: int) -> Iterator[int]:
    """The rows at which the turn has come of a person whom a detector of this draw finds, or has just found."""
    there = np.flatnonzero(sighting.share > 0.0)
    frames = (
        Frame(float(sighting.times[row]), (SeenPerson(1, tuple(sighting.boxes[row].tolist()), 1.0, 1.0),))
        for row in there
    )
    budget = PoseBudget(1, LOOKS_HZ)
    errors = replace(random_noise(draw), fps=fps, false_per_frame=0.0)
    hidings: Hidings = {}
    seen_s = float("-inf")
    for row, frame in zip(there.tolist(), perturbed(frames, errors, draw, hidings), strict=True):
        seen_s = frame.t_s if frame.found else seen_s
        turn = budget.choose(frame.t_s, {1: False} if frame.t_s - seen_s <= UNSEEN_S else {})
        if turn and not is_hidden(hidings, 1, frame.t_s):
            yield row


def _labels(visit: Visit, times: NDArray[np.float64]) -> NDArray[np.int8]:
    """What the left and the right hand do at the times, (n, 2)."""
    found = np.zeros((len(times), 2), np.int8)
    side = _hiding_side(visit)
    for start_s, end_s in visit.spans("hide"):
        found[(times >= start_s - AROUND_S) & (times <= end_s + AROUND_S), 1 - side] = UNCLEAR
        found[(times >= start_s) & (times <= end_s), side] = HIDES
    return found


def _hiding_side(visit: Visit) -> int:
    """The hand that has the goods: the one that the first move of hiding names first."""
    names = (next(iter(move.to)) for _, move in visit.moves if move.tag == "hide")
    return LEFT if next(names, "") == "left_hand" else RIGHT
