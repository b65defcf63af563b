"""Where a person's box is in the picture, for many moments at once: the renderer's bodies, posed ahead of time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hal.simulated.figure import Stance, body_of
from hal.simulated.itinerary import Itinerary
from hal.simulated.optics import NEAR_M
from hal.simulated.people import Look, random_look
from hal.simulated.shop import Layout
from hal.simulated.sight import Occluders

F64 = NDArray[np.float64]
Ints = NDArray[np.int64]

LOOKS = 24
_PHASES = 8
_STAND, _REACH, _WALK, _RUN = 0, 1, 2, 2 + _PHASES
_STRIDE_M = {_WALK: 1.32, _RUN: 2.3}
_EFFORT = {_WALK: 0.92, _RUN: 1.6}
_SAMPLE = 3
"""Every third sphere of a body is tested against the furniture."""
_TOO_NEAR_M = 0.5


@dataclass(frozen=True, slots=True)
class Views:
    """What the camera has of one person at `times` (n,): picture coordinates are 0..1.

    `boxes` (n, 4) are round the seen part of the body; `share` (n,) is how much of it is seen (0: nothing);
    `foot` (n, 2) is the floor point under the body, `heights` (n,) the whole body in frame heights, hidden or not;
    `depths` (n,) in metres.
    """

    times: F64
    boxes: F64
    share: F64
    foot: F64
    heights: F64
    depths: F64


class _Poses(NamedTuple):
    """A look's bodies at the origin facing east: spheres (poses, n, 4); `weights` of the samples in the seen share."""

    spheres: F64
    weights: F64


@cache
def look_of(number: int) -> Look:
    """One of LOOKS looks."""
    return random_look(np.random.default_rng((77, number % LOOKS)))


@cache
def _poses(number: int) -> _Poses:
    look = look_of(number)
    stances = [Stance(0, 0, 0), Stance(0, 0, 0, reach=0.6)]
    stances += [
        Stance(0, 0, 0, phase_rad=2 * math.pi * k / _PHASES, effort=_EFFORT[gait])
        for gait in (_WALK, _RUN)
        for k in range(_PHASES)
    ]
    spheres = np.stack([body_of(stance, look).spheres for stance in stances])
    return _Poses(spheres, spheres[0, ::_SAMPLE, 3] ** 1.5)


def views_of(itinerary: Itinerary, look: int, layout: Layout, walls: Occluders, times: F64) -> Views:
    """What the camera has of a person with look number `look`, other people left out; `times` rise."""
    floor = itinerary.positions(times)
    spheres = _placed(
        _poses(look).spheres[_pose_numbers(itinerary, times, floor)], headings_of(itinerary, times, floor)
    )
    spheres[:, :, :2] += floor[:, None]
    low, high, depths = _extents(spheres, layout)
    foot, _ = layout.optics.project(np.column_stack([floor, np.zeros(len(floor))]))
    seen, share = _seen(spheres[:, ::_SAMPLE], _poses(look).weights, layout, walls)
    share[depths.min(1) < _TOO_NEAR_M] = 0.0
    boxes = _boxes(low, high, seen)
    heights = high[:, :, 1].max(1) - low[:, :, 1].min(1)
    return Views(times, boxes, share, foot, heights, depths.mean(1))


def _legs(itinerary: Itinerary, times: F64) -> Ints:
    starts = [leg.start_s for leg in itinerary.legs]
    return np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)


def _pose_numbers(itinerary: Itinerary, times: F64, floor: F64) -> Ints:
    """The posed body of every moment: standing, reaching, or the phase of the gait after the way walked so far."""
    gaits = {"walk": _WALK, "run": _RUN, "reach": _REACH}
    gait = np.array([gaits.get(leg.action, _STAND) for leg in itinerary.legs])[_legs(itinerary, times)]
    way_m = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(floor, axis=0).T))])
    stride = np.where(gait == _RUN, _STRIDE_M[_RUN], _STRIDE_M[_WALK])
    phase = (way_m / stride * _PHASES).astype(np.int64) % _PHASES
    return np.where(gait >= _WALK, gait + phase, gait)


def headings_of(itinerary: Itinerary, times: F64, floor: F64) -> F64:
    """Where somebody is turned to (n,), radians, at floor points (n, 2) and times (n,)."""
    facing = np.array([leg.facing_rad for leg in itinerary.legs])[_legs(itinerary, times)]
    standing = np.array([len(leg.points) == 1 for leg in itinerary.legs])[_legs(itinerary, times)]
    step = np.gradient(floor, axis=0) if len(floor) > 1 else np.zeros_like(floor)
    return np.where(standing, facing, np.arctan2(step[:, 1], step[:, 0]))


def _placed(spheres: F64, headings: F64) -> F64:
    """Bodies (n, spheres, 4) turned to their headings (n,)."""
    cos, sin = np.cos(headings)[:, None], np.sin(headings)[:, None]
    x, y = spheres[:, :, 0], spheres[:, :, 1]
    return np.stack([x * cos - y * sin, x * sin + y * cos, spheres[:, :, 2], spheres[:, :, 3]], axis=2)


def _extents(spheres: F64, layout: Layout) -> tuple[F64, F64, F64]:
    """Low and high picture corners of every sphere (n, spheres, 2), and depths (n, spheres)."""
    moments, count, _ = spheres.shape
    centres, depths = layout.optics.project(spheres[:, :, :3].reshape(-1, 3))
    reach = spheres[:, :, 3].reshape(-1, 1) / np.maximum(depths, NEAR_M)[:, None] * layout.optics.focal
    shape = (moments, count, 2)
    return (centres - reach).reshape(shape), (centres + reach).reshape(shape), depths.reshape(moments, count)


def _seen(samples: F64, weights: F64, layout: Layout, walls: Occluders) -> tuple[NDArray[np.bool_], F64]:
    """Which samples (n, k) are seen, and the seen share of the body (n,)."""
    points = samples[:, :, :3].reshape(-1, 3)
    xy, depth = layout.optics.project(points)
    seen: NDArray[np.bool_] = np.logical_and(((xy >= 0) & (xy <= 1)).all(1), depth > NEAR_M)
    seen[seen] = np.logical_not(walls.hide(points[seen]))
    seen = seen.reshape(samples.shape[:2])
    return seen, (seen * weights).sum(1) / weights.sum()


def _boxes(low: F64, high: F64, seen: NDArray[np.bool_]) -> F64:
    """Boxes (n, 4): round the whole body where all of it is seen, else round its seen samples; cut at the edges."""
    whole = np.concatenate([low.min(1), high.max(1)], axis=1)
    hidden = ~seen[:, :, None]
    part = np.concatenate(
        [np.where(hidden, np.inf, low[:, ::_SAMPLE]).min(1), np.where(hidden, -np.inf, high[:, ::_SAMPLE]).max(1)],
        axis=1,
    )
    return np.clip(np.where(np.asarray(seen.all(1))[:, None], whole, part), 0.0, 1.0)
