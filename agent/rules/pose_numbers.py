"""What one look at a body says about its hands, as numbers that a network can weigh. Pure; many looks at a time.

Places are in torso lengths from the middle of the hips, so neither size nor place in the picture has a part. Of the
head only whether it looks down is told: where it is turned to counts elsewhere, and little (docs/concealment.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.domain import Joint
from agent.rules.poses import MIN_CONFIDENCE

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

LIMBS = range(Joint.L_SHOULDER, Joint.R_ANKLE + 1)
"""Shoulders, elbows, wrists, hips, knees and ankles, left before right."""
FAR = 4.0
"""Torso lengths beyond which nothing is told apart."""
_EARS = [Joint.L_EAR, Joint.R_EAR]


def _names() -> tuple[tuple[str, str], ...]:
    """Every number and the factor under which an incident shows it, as the right hand's owner would tell them."""
    limbs = [Joint(limb) for limb in LIMBS]
    parts = {Joint.R_ELBOW: "hand", Joint.R_WRIST: "hand", Joint.L_ELBOW: "other_hand", Joint.L_WRIST: "other_hand"}
    seen = {Joint.R_WRIST: "hand_seen", Joint.L_WRIST: "other_hand"}
    places = [(f"{limb.name.lower()}_{axis}", parts.get(limb, "stance")) for limb in limbs for axis in "xy"]
    sure = [(f"{limb.name.lower()}_seen", seen.get(limb, parts.get(limb, "stance"))) for limb in limbs]
    rest = [("nod", "stance"), ("torso", "stance"), ("walk_x", "walking"), ("walk_y", "walking"), ("age", "stance")]
    shelf = [("there", "stance"), ("other_in_shelf", "shelf"), ("in_shelf", "shelf"), ("shelf_known", "shelf")]
    return (*places, *sure, *rest, *shelf)


NUMBERS = dict(_names())
"""The numbers of one look in their order, each with its factor; they are those of the right hand."""
COLUMN = {name: column for column, name in enumerate(NUMBERS)}


def _mirror() -> tuple[NDArray[np.int64], F32]:
    """Which number takes the place of each, and its sign, when the left hand is looked at as if it were the right."""
    other = {"l": "r", "r": "l"}
    swapped = {"in_shelf": "other_in_shelf", "other_in_shelf": "in_shelf"}

    def mirrored(name: str) -> str:
        side, _, part = name.partition("_")
        return swapped.get(name, f"{other[side]}_{part}" if side in other else name)

    columns = np.array([COLUMN[mirrored(name)] for name in NUMBERS])
    return columns, np.array([-1.0 if name.endswith("_x") else 1.0 for name in NUMBERS], np.float32)


MIRROR, SIGN = _mirror()


def mirrored(rows: F32) -> F32:
    """The numbers (..., k) of the left hand from those of the right one."""
    return rows[..., MIRROR] * SIGN


def body_numbers(xy: F64, seen: F64, scale: F64) -> tuple[F32, F64, Flags]:
    """Of n looks the numbers (n, 38) of limbs and trunk, the middles of the hips (n, 2) and whether a torso was seen.

    `xy` (n, 17, 2) in frame heights, `seen` (n, 17) how sure each joint is, `scale` (n,) the torso's length when it is
    not foreshortened. Of a look without a torso every number is 0.
    """
    sure = seen >= MIN_CONFIDENCE
    hips, some_hip = _middle(xy, sure, Joint.L_HIP)
    shoulders, some_shoulder = _middle(xy, sure, Joint.L_SHOULDER)
    there = some_hip & some_shoulder
    places = np.clip((xy - hips[:, None]) / scale[:, None, None], -FAR, FAR) * sure[:, :, None]
    torso = np.hypot(*(shoulders - hips).T) / scale
    limbs = slice(LIMBS.start, LIMBS.stop)
    parts = [places[:, limbs].reshape(len(xy), -1), seen[:, limbs], _nod(places, sure)[:, None], torso[:, None]]
    return (np.concatenate(parts, 1) * there[:, None]).astype(np.float32), hips, there


def _middle(xy: F64, sure: Flags, left: int) -> tuple[F64, Flags]:
    """Halfway between a joint and its other side, or the one that is seen; and whether any is."""
    pair = sure[:, left : left + 2]
    count = pair.sum(1)
    return (xy[:, left : left + 2] * pair[:, :, None]).sum(1) / np.maximum(count, 1)[:, None], count > 0


def _nod(places: F64, sure: Flags) -> F64:
    """How far the nose is below the ears, torso lengths; 0 where it cannot be told."""
    ears = sure[:, _EARS]
    count = ears.sum(1)
    level = (places[:, _EARS, 1] * ears).sum(1) / np.maximum(count, 1)
    return np.where(sure[:, Joint.NOSE] & (count > 0), places[:, Joint.NOSE, 1] - level, 0.0)
