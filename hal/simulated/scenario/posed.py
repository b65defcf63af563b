"""Visits in which people do things with their hands, and the keypoints that a camera has of them. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hal.simulated.itinerary import Itinerary
from hal.simulated.optics import NEAR_M
from hal.simulated.scenario.actor import LEFT, RIGHT, UPRIGHT, Act, Move, inside_of
from hal.simulated.scenario.skeleton import JOINT, Bones, Channels, bones_of
from hal.simulated.shop import Layout
from hal.simulated.sight import Occluders

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

GRID_S = 0.1
TURNING = 5
"""Headings are averaged over so many steps of the grid: nobody turns on the spot at once."""
STRIDE_M = 1.32
BRISK_MPS = 1.25
SWAY_S, SWAY_RAD = 3.1, 0.015
TRUNK_RADIUS_H = 0.085
BEHIND_M = 0.06
SKULL_H, FLESH_H = 0.075, 0.045
_AWAY = -0.1
_FACE = [JOINT[name] for name in ("nose", "l_eye", "r_eye")]
_TRUNK = [JOINT[name] for name in ("l_shoulder", "r_shoulder", "l_hip", "r_hip")]
_EARS = [JOINT["l_ear"], JOINT["r_ear"]]


@dataclass(frozen=True)
class Visit:
    """One person's way through the shop and what they do on it: `acts` with the seconds at which they begin."""

    id: int
    itinerary: Itinerary
    height_m: float
    acts: tuple[tuple[float, Act], ...]

    def spans(self, tag: str) -> Iterator[tuple[float, float]]:
        """When moves of a tag go on, seconds; neighbours are joined."""
        start_s = end_s = None
        for at_s, move in self.moves:
            if move.tag == tag:
                start_s = at_s if start_s is None else start_s
                end_s = at_s + move.seconds
            elif start_s is not None and end_s is not None:
                yield start_s, end_s
                start_s = end_s = None
        if start_s is not None and end_s is not None:
            yield start_s, end_s

    @cached_property
    def moves(self) -> tuple[tuple[float, Move], ...]:
        """Every move with the second at which it begins."""
        found = []
        for at_s, act in self.acts:
            for move in act.moves:
                found.append((at_s, move))
                at_s += move.seconds
        return tuple(found)


def channels_of(visit: Visit, times: F64) -> Channels:
    """What the body does at the times (n,), which rise."""
    floor = visit.itinerary.positions(times)
    grid = np.arange(visit.itinerary.start_s, visit.itinerary.end_s + GRID_S, GRID_S)
    way = visit.itinerary.positions(grid)
    step_m = np.hypot(*np.gradient(way, axis=0).T)
    phase = np.interp(times, grid, np.cumsum(step_m) / STRIDE_M * 2 * np.pi)
    effort = np.interp(times, grid, np.minimum(step_m / GRID_S / BRISK_MPS, 1.6))
    sway = SWAY_RAD * np.sin(2 * np.pi * times / SWAY_S + visit.id)

    def curve(name: str, part: int | None = None) -> F64:
        return _curve(visit.moves, name, part, times)

    hands = [np.stack([curve(name, part) for part in range(3)], 1) for name in ("left_hand", "right_hand")]
    return Channels(
        floor[:, 0], floor[:, 1], np.interp(times, grid, _headings(visit.itinerary, grid, way)),
        curve("lean") + sway, curve("bend") + 0.7 * sway, curve("crouch"), curve("tip"), curve("tip_to"),
        curve("turn") + 4 * sway, curve("nod"), phase, effort, *hands,
    )  # fmt: skip


def _curve(moves: Sequence[tuple[float, Move]], name: str, part: int | None, times: F64) -> F64:
    """One channel: it goes softly from value to value, and stays."""
    value = _scalar(UPRIGHT.get(name, 0.0), part)
    found = np.full(len(times), value)
    for at_s, move in moves:
        if name in move.to:
            target = _scalar(move.to[name], part)
            first = int(np.searchsorted(times, at_s))
            share = np.clip((times[first:] - at_s) / move.seconds, 0.0, 1.0)
            found[first:] = value + (target - value) * share * share * (3.0 - 2.0 * share)
            value = target
    return found


def _scalar(value: float | Sequence[float], part: int | None) -> float:
    return float(value) if isinstance(value, int | float) else float(value[part or 0])


def _headings(itinerary: Itinerary, grid: F64, way: F64) -> F64:
    """Where somebody faces: ahead while walking, as the leg says while standing; turned softly, unwrapped."""
    legs = itinerary.legs
    numbers = np.maximum(np.searchsorted([leg.start_s for leg in legs], grid, side="right") - 1, 0)
    facing = np.array([leg.facing_rad for leg in legs])[numbers]
    standing = np.array([len(leg.points) == 1 for leg in legs])[numbers]
    step = np.gradient(way, axis=0)
    turned = np.unwrap(np.where(standing, facing, np.arctan2(step[:, 1], step[:, 0])))
    padded = np.pad(turned, TURNING // 2, mode="edge")
    return np.asarray(np.convolve(padded, np.ones(TURNING) / TURNING, mode="valid"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A camera's ideal keypoints of one person at `times` (n,): `xy` (n, 17, 2) in 0..1 of the picture.

    `hidden` (n, 17): behind furniture or outside the picture; `covered` (n, 17): behind the own body; `clothed`
    (n, 17): inside a pocket, a bag or clothes. `boxes` (n, 4) are round what is seen, `share` (n,) how many of the
    joints are; `height` (n,) the body's size in frame heights.
    """

    times: F64
    xy: F64
    hidden: Flags
    covered: Flags
    clothed: Flags
    boxes: F64
    share: F64
    height: F64


def sighting_of(visit: Visit, layout: Layout, walls: Occluders, times: F64) -> Sighting:
    """What the camera has of a person, other people left out."""
    bones = bones_of(channels_of(visit, times), visit.height_m)
    count = len(times)
    points = bones.joints.reshape(-1, 3)
    flat, depth = layout.optics.project(points)
    framed = ((flat >= 0) & (flat <= 1)).all(1) & (depth > NEAR_M)
    hidden = (~framed | walls.hide(points)).reshape(count, 17)
    xy = flat.reshape(count, 17, 2)
    size = visit.height_m * layout.optics.focal[1] / np.maximum(depth.reshape(count, 17).mean(1), NEAR_M)
    boxes = _boxes(xy, hidden, size, layout.optics.aspect)
    covered = _covered(bones, layout, visit.height_m)
    return Sighting(times, xy, hidden, covered, _clothed(visit, times), boxes, 1 - hidden.mean(1), size)


def _clothed(visit: Visit, times: F64) -> Flags:
    """Wrists (n, 17) of hands that are inside something."""
    found = np.zeros((len(times), 17), np.bool_)
    for side, name in ((LEFT, "l_wrist"), (RIGHT, "r_wrist")):
        found[:, JOINT[name]] = _curve(visit.moves, inside_of(side), None, times) > 0.5
    return found


def _boxes(xy: F64, hidden: Flags, size: F64, aspect: float) -> F64:
    """Boxes (n, 4) round the seen joints and the flesh about them, cut at the picture's edge; all 0 where none is."""
    pad = np.full((17, 2), FLESH_H)
    pad[:5, 1] = SKULL_H
    reach = pad[None] * size[:, None, None] / (aspect, 1.0)
    low = np.where(hidden[:, :, None], np.inf, xy - reach).min(1)
    high = np.where(hidden[:, :, None], -np.inf, xy + reach).max(1)
    boxes = np.clip(np.concatenate([low, high], axis=1), 0.0, 1.0)
    boxes[np.flatnonzero(hidden.all(1))] = 0.0
    return np.asarray(boxes)


def _covered(bones: Bones, layout: Layout, height_m: float) -> Flags:
    """Which joints (n, 17) lie behind the person's own trunk, or on a face that is turned away."""
    eye = np.array(layout.optics.position)
    ray = bones.joints - eye
    depth = np.linalg.norm(ray, axis=2)
    along = ray / depth[:, :, None]
    shares = np.linspace(0.05, 0.95, 6)[:, None]
    trunk = bones.trunk[:, :1] + shares * (bones.trunk[:, 1:] - bones.trunk[:, :1]) - eye
    reached = np.einsum("njc,nkc->njk", along, trunk)
    gap = np.linalg.norm(trunk[:, None] - along[:, :, None] * reached[..., None], axis=3)
    before = reached < depth[:, :, None] - BEHIND_M
    covered: Flags = ((gap < TRUNK_RADIUS_H * height_m) & before).any(2)
    covered[:, _TRUNK] = False
    covered[:, _FACE + _EARS] = False
    towards = eye - bones.joints[:, 0]
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    facing = (bones.face * towards).sum(1) / np.maximum(np.linalg.norm(bones.face, axis=1), 1e-6)
    covered[:, _FACE] |= (facing < _AWAY)[:, None]
    ears = bones.joints[:, _EARS]
    near = np.linalg.norm(ears - eye, axis=2)
    covered[:, _EARS] |= near > near.min(1, keepdims=True) + 0.035 * height_m
    return covered
