"""Bodies as joints only, for many moments at once: what a person's limbs do is a set of channels over time.

The measures are those of the rendered figure (hal/simulated/figure.py). Hands go to places in the trunk's own frame, in
body heights from the middle of the hips: forward, to the left, up. Elbows follow from the lengths of the arm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hal.simulated.figure import COCO_17

F64 = NDArray[np.float64]

UPPER_ARM_H, FOREARM_H = 0.17, 0.15
THIGH_H = SHANK_H = 0.245
SHOULDER_H, NECK_H = 0.285, 0.31
HALF_SHOULDERS_H, HALF_HIPS_H = 0.097, 0.055
SOLE_H, LYING_H = 0.043, 0.07
SWING_H = 0.11
"""How far a hand swings to and fro in walking."""
JOINT = {name: number for number, name in enumerate(COCO_17)}


class Hand(NamedTuple):
    """A place in the trunk's frame, body heights from the middle of the hips."""

    forward: float
    left: float
    up: float


class Channels(NamedTuple):
    """What a body does at n moments.

    `x`, `y` metres on the floor; `heading`, `lean` (forwards), `bend` (to the left), `turn` and `nod` of the head and
    `tip` (the whole body falling over, towards `tip_to` from its heading) in radians; `crouch` 0..1; `phase` (2 pi a
    stride) and `effort` (1 walking) of the gait; hands (n, 3) as in `Hand`.
    """

    x: F64
    y: F64
    heading: F64
    lean: F64
    bend: F64
    crouch: F64
    tip: F64
    tip_to: F64
    turn: F64
    nod: F64
    phase: F64
    effort: F64
    left_hand: F64
    right_hand: F64


class _Axes(NamedTuple):
    """Three unit vectors (n, 3)."""

    forward: F64
    left: F64
    up: F64


class Bones(NamedTuple):
    """COCO-17 `joints` (n, 17, 3) and the `trunk` (n, 2, 3) from hips to neck in world metres; `face` (n, 3) ahead."""

    joints: F64
    trunk: F64
    face: F64


def bones_of(channels: Channels, height_m: float) -> Bones:
    """The joints of a body of this height at every moment. The lower foot stands on the floor."""
    flat = _axes(channels.heading)
    legs = {side: _leg(flat, channels, sign) for side, sign in (("l", 1.0), ("r", -1.0))}
    lowest = np.minimum(*(leg[2][:, 2] for leg in legs.values()))
    trunk = _leaning(flat, channels)
    points = _upper(flat, trunk, channels)
    for side, places in legs.items():
        points |= {f"{side}_{name}": place for name, place in zip(("hip", "knee", "ankle"), places, strict=True)}
    names = (*COCO_17, "pelvis", "neck")
    body = np.stack([points[name] for name in names], axis=1) * height_m
    body[:, :, 2] += ((SOLE_H - lowest) * height_m)[:, None]
    body = _tipped(body, channels, height_m)
    body[:, :, 0] += channels.x[:, None]
    body[:, :, 1] += channels.y[:, None]
    joints = body[:, :17]
    ears = (joints[:, JOINT["l_ear"]] + joints[:, JOINT["r_ear"]]) / 2
    return Bones(joints, body[:, 17:], joints[:, JOINT["nose"]] - ears)


def _axes(heading: F64) -> _Axes:
    zero, one = np.zeros_like(heading), np.ones_like(heading)
    forward = np.stack([np.cos(heading), np.sin(heading), zero], 1)
    left = np.stack([-np.sin(heading), np.cos(heading), zero], 1)
    return _Axes(forward, left, np.stack([zero, zero, one], 1))


def _leaning(flat: _Axes, channels: Channels) -> _Axes:
    """The trunk's axes, leant forwards and bent sideways."""
    lean, bend = (channels.lean + 0.35 * channels.crouch)[:, None], channels.bend[:, None]
    forward = flat.forward * np.cos(lean) - flat.up * np.sin(lean)
    spine = flat.up * np.cos(lean) + flat.forward * np.sin(lean)
    return _Axes(
        forward, flat.left * np.cos(bend) - spine * np.sin(bend), spine * np.cos(bend) + flat.left * np.sin(bend)
    )


def _leg(flat: _Axes, channels: Channels, sign: float) -> tuple[F64, F64, F64]:
    """Hip, knee and ankle from the middle of the hips, body heights."""
    phase = channels.phase + (0.0 if sign > 0 else np.pi)
    thigh = 0.42 * np.minimum(channels.effort, 1.3) * np.sin(phase) + 1.0 * channels.crouch
    knee = 0.06 + 0.75 * channels.effort * np.maximum(0.0, np.cos(phase)) ** 1.5 + 1.9 * channels.crouch
    hip = flat.left * (HALF_HIPS_H * sign)
    middle = hip + _swung(flat, thigh, THIGH_H)
    return hip, middle, middle + _swung(flat, thigh - knee, SHANK_H)


def _swung(flat: _Axes, angle: F64, length: float) -> F64:
    return np.asarray(length * (flat.forward * np.sin(angle)[:, None] - flat.up * np.cos(angle)[:, None]))


def _upper(flat: _Axes, trunk: _Axes, channels: Channels) -> dict[str, F64]:
    """Head and arms from the middle of the hips, body heights."""
    neck = trunk.up * NECK_H
    points = {"pelvis": np.zeros_like(neck), "neck": neck, **_head(neck, flat, channels)}
    for side, sign, hand in (("l", 1.0, channels.left_hand), ("r", -1.0, channels.right_hand)):
        shoulder = trunk.up * SHOULDER_H + trunk.left * (HALF_SHOULDERS_H * sign)
        swing = -SWING_H * np.minimum(channels.effort, 1.5) * np.sin(channels.phase + (0.0 if sign > 0 else np.pi))
        low = np.clip((0.05 - hand[:, 2]) / 0.05, 0.0, 1.0)
        ahead = hand[:, 0] + swing * low
        target = trunk.forward * ahead[:, None] + trunk.left * hand[:, 1:2] + trunk.up * hand[:, 2:3]
        elbow, wrist = _arm(shoulder, target, -trunk.up * 0.7 - trunk.forward * 0.45 + trunk.left * (0.4 * sign))
        points |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}
    return points


def _head(neck: F64, flat: _Axes, channels: Channels) -> dict[str, F64]:
    turn, nod = channels.turn[:, None], channels.nod[:, None]
    level = flat.forward * np.cos(turn) + flat.left * np.sin(turn)
    ahead = level * np.cos(nod) - flat.up * np.sin(nod)
    above = flat.up * np.cos(nod) + level * np.sin(nod)
    aside = flat.left * np.cos(turn) - flat.forward * np.sin(turn)
    head = neck + above * 0.085
    points = {"nose": head + ahead * 0.054 - above * 0.008}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        points[f"{side}_eye"] = head + ahead * 0.047 + aside * (0.019 * sign) + above * 0.012
        points[f"{side}_ear"] = head + aside * (0.043 * sign)
    return points


def _arm(shoulder: F64, target: F64, pole: F64) -> tuple[F64, F64]:
    """Elbow and wrist of an arm whose hand goes to `target` or as near as it reaches, its elbow towards `pole`."""
    way = target - shoulder
    length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    along = way / length
    length = np.clip(length, abs(UPPER_ARM_H - FOREARM_H) + 0.01, UPPER_ARM_H + FOREARM_H - 0.003)
    bend = (UPPER_ARM_H**2 - FOREARM_H**2 + length**2) / (2 * length)
    out = pole - along * (pole * along).sum(1, keepdims=True)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    elbow = shoulder + along * bend + out * np.sqrt(np.maximum(UPPER_ARM_H**2 - bend**2, 0.0))
    return elbow, shoulder + along * length


def _tipped(body: F64, channels: Channels, height_m: float) -> F64:
    """The whole body turned about the feet by `tip` towards `tip_to`; lying, it rests on the floor."""
    towards = channels.heading + channels.tip_to
    ahead = np.stack([np.cos(towards), np.sin(towards), np.zeros_like(towards)], 1)[:, None]
    cos, sin = np.cos(channels.tip)[:, None], np.sin(channels.tip)[:, None]
    along = (body * ahead).sum(2)
    rise = body[:, :, 2]
    turned = body + ahead * (along * (cos - 1.0) + rise * sin)[:, :, None]
    turned[:, :, 2] = np.maximum(rise * cos - along * sin, 0.0) + LYING_H * height_m * sin
    return np.asarray(turned)
