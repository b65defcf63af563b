"""Days to learn from: all that is remembered of every simulated person, step by step, and when a hand hides goods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.domain import Keypoint, Point, Pose
from agent.rules.pose_memory import FORGET_S, STEP_S
from agent.rules.pose_numbers import F32
from agent.rules.pose_reach import Fronts
from agent.rules.pose_score import course_of
from agent.rules.poses import LEFT, RIGHT, Body, body_of
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_steady import SteadyPose
from hal.simulated.scenario.frames import Frame, SeenPerson
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import perturbed, random_noise
from hal.simulated.scenario.pose_day import PoseDay, PosePlan, shelf_polygons
from hal.simulated.scenario.pose_noise import noticed, random_pose_noise
from hal.simulated.scenario.posed import Sighting, Visit, sighting_of
from hal.simulated.sight import Occluders

LOOKS_HZ = 5.0
"""A camera looks at a person's pose this often at most (`[pose] rate_hz`)."""
SHOPS = 40
HELD_OUT = 1000
PLAN = PosePlan(shoppers=25, hiders=60, sitters=1)
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
    return joined([part for visit in day.visits for part in _courses(day, visit, 1000 * seed + visit.id)])


def _courses(day: PoseDay, visit: Visit, draw: int) -> Iterator[Days]:
    """What is remembered of a visit; where nobody was seen for long it begins anew."""
    fronts = Fronts([[Point(*corner) for corner in front] for front in shelf_polygons(day.layout).values()])
    aspect = day.layout.optics.aspect
    bodies = list(_bodies(day, visit, draw))
    gaps = np.flatnonzero(np.diff([body.t_s for body in bodies]) > FORGET_S) + 1
    for part in np.split(np.arange(len(bodies)), gaps):
        some = [bodies[number] for number in part]
        if some:
            rows = course_of(some, lambda body: fronts.reached(body, aspect)).rows
            times = (some[0].t_s // STEP_S + np.arange(len(rows))) * STEP_S
            yield Days(rows.astype(np.float16), _labels(visit, times), np.array([len(rows)]))


def _bodies(day: PoseDay, visit: Visit, draw: int) -> Iterator[Body]:
    """The steadied bodies of one person, as often as a camera with errors of this draw looks."""
    noise, aspect = random_pose_noise(draw), day.layout.optics.aspect
    first, last = np.ceil(visit.itinerary.start_s * noise.fps), np.floor(visit.itinerary.end_s * noise.fps)
    sighting = sighting_of(visit, day.layout, Occluders(day.layout), np.arange(first, last + 1) / noise.fps)
    xy, confidence = noticed(sighting, noise, aspect, np.random.default_rng((draw, 17)))
    steady = SteadyPose(aspect)
    for row in _looks(sighting, noise.fps, draw):
        places = zip(xy[row].tolist(), confidence[row].tolist(), strict=True)
        pose = Pose(float(sighting.times[row]), tuple(Keypoint(x, y, c) for (x, y), c in places))
        yield body_of(steady.update(pose), aspect)


def _looks(sighting: Sighting, fps: float, draw: int) -> Iterator[int]:
    """The rows at which a detector of this draw finds the person and their turn has come."""
    there = np.flatnonzero(sighting.share > 0.0)
    frames = (
        Frame(float(sighting.times[row]), (SeenPerson(1, tuple(sighting.boxes[row].tolist()), 1.0, 1.0),))
        for row in there
    )
    budget = PoseBudget(1, LOOKS_HZ)
    errors = replace(random_noise(draw), fps=fps, false_per_frame=0.0)
    for row, frame in zip(there.tolist(), perturbed(frames, errors, draw), strict=True):
        if budget.choose(frame.t_s, {1: False} if frame.found else {}):
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
