"""The body of a walking figure: joints from a gait, flesh and clothes as hulls of spheres round them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.simulated.people import Ink, Look

F64 = NDArray[np.float64]
Joints = dict[str, F64]


@dataclass(frozen=True, slots=True)
class Stance:
    """What a body does at one moment.

    `heading_rad` is the direction it faces (0 = east, counter-clockwise); `phase_rad` runs 2 pi a stride;
    `effort` is 0 standing, 1 walking, 1.7 running. `reach` lifts the right hand forward to `reach_m` above the floor
    (0..1 of the way there); `crouch` bends the knees (0..1); `look_rad` turns the head to the left.
    """

    x: float
    y: float
    heading_rad: float
    phase_rad: float = 0.0
    effort: float = 0.0
    reach: float = 0.0
    reach_m: float = 1.3
    crouch: float = 0.0
    look_rad: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """One drawn piece: the convex hull of spheres `first`..`last` (exclusive) in the body's sphere list.

    Parts are painted from far to near by the mean depth of their spheres, less `ahead_m`; one that lies on another
    part takes the depth of its `host`. `relief_m` is how far it stands out towards the camera (0: it lies flat).
    """

    ink: Ink
    first: int
    last: int
    ahead_m: float = 0.0
    host: int = -1
    relief_m: float = 0.05

    def depth(self, depths: Sequence[float], parts: Sequence[Part]) -> float:
        """How far away it counts, given the depths of all spheres."""
        base = parts[self.host] if self.host >= 0 else self
        return sum(depths[base.first : base.last]) / (base.last - base.first) - self.ahead_m


@dataclass(frozen=True, slots=True)
class Body:
    """A posed body in world metres: `spheres` (n, 4) as x, y, z, radius; COCO-17 `keypoints` (17, 3)."""

    spheres: F64
    parts: tuple[Part, ...]
    keypoints: F64
    face: F64


COCO_17 = (
    "nose", "l_eye", "r_eye", "l_ear", "r_ear", "l_shoulder", "r_shoulder", "l_elbow", "r_elbow", "l_wrist",
    "r_wrist", "l_hip", "r_hip", "l_knee", "r_knee", "l_ankle", "r_ankle",
)  # fmt: skip
"""Joint names in the order of the COCO keypoint data set."""


class _Frame:
    """A right-handed body frame: forward, left, up, in world axes."""

    def __init__(self, heading_rad: float) -> None:
        self.forward = np.array([math.cos(heading_rad), math.sin(heading_rad), 0.0])
        self.left = np.array([-math.sin(heading_rad), math.cos(heading_rad), 0.0])
        self.up = np.array([0.0, 0.0, 1.0])

    def swing(self, angle_rad: float, length: float, outward: float = 0.0) -> F64:
        """A limb hanging down, swung forward by an angle and moved `outward` to the left."""
        reach = self.forward * math.sin(angle_rad) - self.up * math.cos(angle_rad)
        return length * (reach * math.cos(outward) + self.left * math.sin(outward))


def joints_of(stance: Stance, look: Look) -> Joints:
    """Every joint in world metres. The lower foot always stands on the floor."""
    frame, h = _Frame(stance.heading_rad), look.height_m
    legs = {side: _leg(frame, stance, h, sign) for side, sign in (("l", 1.0), ("r", -1.0))}
    pelvis = np.array([stance.x, stance.y, 0.043 * h - min(float(leg[2][2]) for leg in legs.values())])
    joints: Joints = {"pelvis": pelvis}
    for side, (hip, knee, ankle) in legs.items():
        joints |= {f"{side}_hip": pelvis + hip, f"{side}_knee": pelvis + knee, f"{side}_ankle": pelvis + ankle}
        toe = pelvis + ankle + _foot(frame, knee, ankle, h)
        joints[f"{side}_toe"] = np.array([toe[0], toe[1], max(toe[2], 0.02 * h)])
    _add_trunk(joints, frame, stance, look)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        _add_arm(joints, frame, stance, look, side, sign)
    return joints


def _leg(frame: _Frame, stance: Stance, h: float, sign: float) -> tuple[F64, F64, F64]:
    """Hip, knee and ankle relative to the pelvis; thigh and knee angles follow a sine gait."""
    phase = stance.phase_rad + (0.0 if sign > 0 else math.pi)
    thigh = 0.42 * min(stance.effort, 1.3) * math.sin(phase) + 0.06 * stance.effort + 1.0 * stance.crouch
    knee = 0.06 + 0.75 * stance.effort * max(0.0, math.cos(phase)) ** 1.5 + 1.9 * stance.crouch
    hip = frame.left * (0.055 * h * sign)
    spread = sign * (0.09 - 0.05 * min(stance.effort, 1.0))
    mid = hip + frame.swing(thigh, 0.245 * h, spread)
    return hip, mid, mid + frame.swing(thigh - knee, 0.245 * h)


def _foot(frame: _Frame, knee: F64, ankle: F64, h: float) -> F64:
    """From ankle to toe: level under a straight leg, pointing down behind a swinging one."""
    shank = ankle - knee
    trailing = max(0.0, -float(shank @ frame.forward)) / max(float(np.linalg.norm(shank)), 1e-6)
    return 0.11 * h * (frame.forward * math.cos(trailing) - frame.up * (0.18 + 0.5 * trailing))


def _add_trunk(joints: Joints, frame: _Frame, stance: Stance, look: Look) -> None:
    h = look.height_m
    lean = look.stoop_rad + 0.05 * stance.effort**2 + 0.35 * stance.crouch + 0.12 * stance.reach
    spine = frame.up * math.cos(lean) + frame.forward * math.sin(lean)
    twist = 0.10 * stance.effort * math.sin(stance.phase_rad)
    across = frame.left * math.cos(twist) - frame.forward * math.sin(twist)
    base = joints["pelvis"]
    joints["waist"] = base + spine * 0.10 * h
    joints["chest"] = base + spine * 0.215 * h
    joints["neck"] = base + spine * 0.31 * h
    for side, sign in (("l", 1.0), ("r", -1.0)):
        joints[f"{side}_shoulder"] = base + spine * 0.285 * h + across * (0.097 * h * sign * look.breadth)
    gaze = _Frame(stance.heading_rad + stance.look_rad)
    head = joints["neck"] + frame.up * 0.085 * h + frame.forward * 0.015 * h
    joints |= {"head": head, "nose": head + gaze.forward * 0.054 * h - frame.up * 0.008 * h}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        joints[f"{side}_eye"] = head + gaze.forward * 0.047 * h + gaze.left * (0.019 * h * sign) + frame.up * 0.012 * h
        joints[f"{side}_ear"] = head + gaze.left * (0.043 * h * sign)


def _add_arm(joints: Joints, frame: _Frame, stance: Stance, look: Look, side: str, sign: float) -> None:
    h = look.height_m
    swing = -0.5 * stance.effort * math.sin(stance.phase_rad + (0.0 if sign > 0 else math.pi))
    bend = 0.22 + 0.25 * stance.effort + (0.7 if stance.effort > 1.3 else 0.0)
    if look.carries and sign > 0:
        swing, bend = 0.35 * swing, 0.15
    shoulder = joints[f"{side}_shoulder"]
    elbow = shoulder + frame.swing(swing, 0.17 * h, 0.24 * sign)
    wrist = elbow + frame.swing(swing + bend, 0.15 * h, 0.02 * sign)
    if stance.reach > 0 and sign < 0:
        elbow, wrist = _reaching(frame, shoulder, elbow, wrist, stance, h)
    joints |= {f"{side}_elbow": elbow, f"{side}_wrist": wrist}
    joints[f"{side}_hand"] = wrist + (wrist - elbow) * 0.42


def _reaching(frame: _Frame, shoulder: F64, elbow: F64, wrist: F64, stance: Stance, h: float) -> tuple[F64, F64]:
    """Blend the arm from its rest towards a target in front of the shoulder."""
    rise = min(max(stance.reach_m - float(shoulder[2]), -0.24 * h), 0.24 * h)
    ahead = math.sqrt(max((0.30 * h) ** 2 - rise**2, 0.0))
    target = shoulder + frame.forward * ahead + frame.up * rise
    middle = (shoulder + target) / 2 - frame.up * 0.03 * h - frame.left * 0.03 * h
    return elbow + (middle - elbow) * stance.reach, wrist + (target - wrist) * stance.reach


class _Clay:
    """Collects spheres and the parts made of them."""

    def __init__(self) -> None:
        self.spheres: list[tuple[float, float, float, float]] = []
        self.parts: list[Part] = []

    def add(self, ink: Ink, *balls: tuple[F64, float], ahead_m: float = 0.0, host: int = -1, bulk: float = 1.0) -> int:
        """Add a part; returns its number. `bulk` scales its relief."""
        relief_m = bulk * sum(radius for _, radius in balls) / len(balls)
        first = len(self.spheres)
        self.spheres += [(float(c[0]), float(c[1]), float(c[2]), r) for c, r in balls]
        self.parts.append(Part(ink, first, len(self.spheres), ahead_m, host, relief_m))
        return len(self.parts) - 1


def body_of(stance: Stance, look: Look) -> Body:
    """Dress the joints of a stance in the flesh and clothes of a look."""
    joints = joints_of(stance, look)
    frame, clay = _Frame(stance.heading_rad), _Clay()
    for side in ("l", "r"):
        _clothe_leg(clay, joints, frame, look, side)
    _clothe_trunk(clay, joints, frame, look)
    for side in ("l", "r"):
        _clothe_arm(clay, joints, look, side)
    _shape_head(clay, joints, _Frame(stance.heading_rad + stance.look_rad), look)
    _add_belongings(clay, joints, frame, look)
    keypoints = np.array([joints[name] for name in COCO_17])
    return Body(np.array(clay.spheres), tuple(clay.parts), keypoints, joints["nose"] - joints["head"])


def _clothe_leg(clay: _Clay, j: Joints, frame: _Frame, look: Look, side: str) -> None:
    h, w = look.height_m, look.girth
    hip, knee, ankle, toe = (j[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "toe"))
    sole = frame.up * 0.018 * h
    heel = ankle - frame.forward * 0.018 * h - sole
    clay.add(Ink.SHOE, (heel, 0.025 * h), (toe - sole * 0.2, 0.019 * h), (ankle, 0.024 * h))
    shin = Ink.SKIN if look.bare_legs else Ink.LEGS
    loose = 1.0 if look.bare_legs else look.trouser
    clay.add(shin, (knee, 0.031 * h * w * loose), (knee * 0.62 + ankle * 0.38, 0.032 * h * w * loose),
             (ankle + sole, 0.0225 * h * loose))  # fmt: skip
    clay.add(shin if look.skirt else Ink.LEGS, (hip, 0.051 * h * w), (knee, 0.034 * h * w * loose), bulk=0.85)


def _clothe_trunk(clay: _Clay, j: Joints, frame: _Frame, look: Look) -> None:
    h, w = look.height_m, look.girth
    side = frame.left * 0.042 * h * w
    pelvis, waist, chest = j["pelvis"], j["waist"], j["chest"]
    clay.add(Ink.LEGS, (j["l_hip"], 0.05 * h * w), (j["r_hip"], 0.05 * h * w), (waist + side, 0.045 * h * w),
             (waist - side, 0.045 * h * w), bulk=0.5)  # fmt: skip
    if look.skirt:
        knees = (j["l_knee"], j["r_knee"])
        hems = [(k * 0.8 + pelvis * 0.2, 0.05 * h * w) for k in knees]
        clay.add(Ink.LEGS, (waist + side, 0.04 * h * w), (waist - side, 0.04 * h * w), *hems, ahead_m=0.16)
    hem = pelvis - frame.up * (look.hem_m - 0.03 * h)
    shoulders = [(j[f"{s}_shoulder"] - frame.up * 0.014 * h, 0.036 * h) for s in ("l", "r")]
    ribs = [(chest + sign * side * 1.2, 0.056 * h * w) for sign in (1, -1)]
    tails = [(hem + sign * side * 1.05, 0.052 * h * w) for sign in (1, -1)]
    collar = (j["neck"] - frame.up * 0.006 * h, 0.03 * h)
    trunk = clay.add(Ink.TOP, *shoulders, *ribs, *tails, collar, ahead_m=0.06 + 0.25 * look.hem_m, bulk=1.25)
    _stripe(clay, trunk, (shoulders[0][0] * 0.5 + shoulders[1][0] * 0.5, hem), frame, look)


def _stripe(clay: _Clay, trunk: int, span: tuple[F64, F64], frame: _Frame, look: Look) -> None:
    """Horizontal bands round the trunk, from shoulders to hem."""
    wide, deep = frame.left * 0.082 * look.height_m * look.girth, frame.forward * 0.008 * look.height_m
    for number in range(look.stripes):
        middle = span[0] + (span[1] - span[0]) * (number + 1.0) / (look.stripes + 0.8)
        rim = [(middle + a + b, 0.009 * look.height_m) for a in (wide, -wide) for b in (deep, -deep)]
        clay.add(Ink.PATTERN, *rim, ahead_m=clay.parts[trunk].ahead_m + 0.001, host=trunk, bulk=0)


def _clothe_arm(clay: _Clay, j: Joints, look: Look, side: str) -> None:
    h, w = look.height_m, 0.5 + 0.5 * look.girth
    shoulder, elbow, wrist, hand = (j[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hand"))
    cuff = Ink.SKIN if look.short_sleeves else Ink.TOP
    clay.add(Ink.SKIN, (wrist, 0.018 * h), (hand, 0.021 * h))
    clay.add(cuff, (elbow, 0.027 * h * w), (wrist, 0.021 * h * w))
    clay.add(Ink.TOP, (shoulder, 0.038 * h), (elbow, 0.032 * h * w))


def _shape_head(clay: _Clay, j: Joints, gaze: _Frame, look: Look) -> None:
    h, head = look.height_m, j["head"]
    clay.add(Ink.SKIN, (j["neck"], 0.03 * h), (head - gaze.up * 0.03 * h, 0.029 * h))
    back = head - gaze.forward * 0.014 * h
    if look.long_hair:
        clay.add(
            Ink.HAIR, (back - gaze.forward * 0.012 * h, 0.046 * h), (j["neck"] - gaze.forward * 0.03 * h, 0.038 * h)
        )
    clay.add(Ink.HAIR, (back + gaze.up * 0.016 * h, 0.054 * h), (back - gaze.up * 0.01 * h, 0.046 * h))
    face = head + gaze.forward * 0.014 * h
    brow, chin = face - gaze.up * 0.002 * h, face - gaze.up * 0.034 * h + gaze.forward * 0.008 * h
    clay.add(Ink.SKIN, (brow, 0.0425 * h), (chin, 0.0295 * h))
    if look.hat:
        clay.add(Ink.HAT, (head + gaze.up * 0.03 * h, 0.053 * h), (head + gaze.up * 0.022 * h, 0.053 * h))
    clay.add(Ink.DARK, *((j[f"{s}_eye"] - gaze.forward * 0.002 * h, 0.0042 * h) for s in ("l",)))
    clay.add(Ink.DARK, *((j[f"{s}_eye"] - gaze.forward * 0.002 * h, 0.0042 * h) for s in ("r",)))


def _add_belongings(clay: _Clay, j: Joints, frame: _Frame, look: Look) -> None:
    h = look.height_m
    if look.carries:
        hand = j["l_hand"] - frame.up * 0.03 * h
        reach = frame.forward * 0.06 * h
        low = frame.up * 0.11 * h
        clay.add(Ink.BAG, *((hand + a - b, 0.02 * h) for a in (reach, -reach) for b in (low, low * 0.1)))
    if look.backpack:
        back = j["chest"] - frame.forward * 0.085 * h
        clay.add(Ink.BAG, *((back + sign * frame.left * 0.04 * h + v * frame.up * 0.07 * h, 0.045 * h)
                            for sign in (1, -1) for v in (0.7, -1)))  # fmt: skip
