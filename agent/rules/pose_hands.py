"""What hands do, in the torso's own measure: reach out, come to a place on the body where things can be hidden, rest.

Every finding is a degree 0..1. Lengths are in torso lengths, so that a person's size in the picture drops out.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.rules.poses import LEFT, RIGHT, Arm, Body, Torso

PLACE_TORSOS = 0.35
"""A hand within so many torso lengths of a hip is at the pocket or at a bag there (docs/design/semantics.md)."""
SOFT = 0.10
STRAIGHT_DEG, BENT_DEG = 163.0, 145.0
HANGS_FROM, HANGS_TO = 0.08, -0.04
"""Up the torso from the hips: a hanging hand is below them."""
OFF_FRONT, ON_FRONT = 0.20, 0.08
"""Torso lengths beside the torso's outline: arms and clothes make it wider than its joints."""
NARROW, WIDE = 0.12, 0.40
"""Bounds of half a torso's width: from the side it looks narrow, a coat makes it wide."""
FRONT_LOW, FRONT_HIGH = -0.05, 0.80
CHEST = 0.50
"""From here up a hand before the torso holds something to look at."""
OUT_LEAST, OUT_FULL = 0.25, 0.60
SHOULDER_LEVEL = 0.85
HEAD_TORSOS = 0.45
TOGETHER_TORSOS = 0.40
HIDDEN_PLACE = 0.5
"""What a hand counts that cannot be seen while the upper arm can: as likely behind or in the clothes as not."""


class HandState(NamedTuple):
    """One hand in one pose.

    `at_body`: at a hip, a bag there or the torso's front, with a bent arm. `before_chest`: held up before the chest.
    `reaching`: stretched out from the body. `aside`: low beside the body but off it, as over a basket. `hidden`: the
    arm is seen, the hand is not. `hanging`: at rest beside the body.
    """

    at_body: float = 0.0
    before_chest: float = 0.0
    reaching: float = 0.0
    aside: float = 0.0
    hidden: float = 0.0
    hanging: float = 0.0


class HandsState(NamedTuple):
    """Both hands of one person; `together`: close to each other before the body."""

    left: HandState
    right: HandState
    together: float


def hands_of(body: Body, torso: Torso, scale: float) -> HandsState:
    """What the hands do. `scale` is the torso's length in frame heights when it is not foreshortened."""
    arms = body.arm(LEFT), body.arm(RIGHT)
    head = body.head()
    left, right = (_state(arm, torso, scale, head) for arm in arms)
    return HandsState(left, right, _together(arms, torso, scale))


def _state(arm: Arm, torso: Torso, scale: float, head: complex | None) -> HandState:
    if arm.wrist is None:
        return HandState(at_body=HIDDEN_PLACE, hidden=1.0) if arm.elbow is not None else HandState()
    place = torso.place(arm.wrist)
    half = min(max(torso.half_width / scale, NARROW), WIDE)
    out = abs(place.real) * torso.length / scale - half
    hanging = _hanging(arm, torso)
    busy = 1.0 - hanging
    front = ramp(out, OFF_FRONT, ON_FRONT) * _within(place.imag, FRONT_LOW, FRONT_HIGH) * busy
    high = ramp(place.imag, CHEST - SOFT / 2, CHEST + SOFT / 2)
    hip = 0.0
    if arm.hip is not None:
        hip = ramp(abs(arm.wrist - arm.hip) / scale, PLACE_TORSOS + SOFT, PLACE_TORSOS) * busy
    return HandState(
        at_body=max(hip, front * (1.0 - high)),
        before_chest=front * high,
        reaching=_reaching(arm, place, out, scale, head),
        aside=ramp(out, ON_FRONT, OFF_FRONT) * ramp(place.imag, 0.35, 0.15) * ramp(hip, 0.5, 0.0) * busy,
        hanging=hanging,
    )


def _hanging(arm: Arm, torso: Torso) -> float:
    """How much an arm hangs down: the hand below the hip of its side, the elbow straight.

    It is measured along that side of the body: seen from above, the far side of a body is higher in the picture.
    """
    if arm.wrist is None:
        return 0.0
    own = torso if arm.shoulder is None or arm.hip is None else Torso(arm.hip, arm.shoulder, 0.0)
    angle = arm.elbow_deg
    straight = 0.5 if angle is None else ramp(angle, BENT_DEG, STRAIGHT_DEG)
    return straight * ramp(own.place(arm.wrist).imag, HANGS_FROM, HANGS_TO)


def _bent(arm: Arm) -> float:
    """How bent an arm is; half where its elbow is not seen."""
    angle = arm.elbow_deg
    return 0.5 if angle is None else ramp(angle, STRAIGHT_DEG, BENT_DEG)


def _reaching(arm: Arm, place: complex, out: float, scale: float, head: complex | None) -> float:
    """Stretched out to a side, or up to the level of the shoulders; a hand at the head is not."""
    if arm.wrist is not None and head is not None and abs(arm.wrist - head) / scale < HEAD_TORSOS:
        return 0.0
    sideways = ramp(out, OUT_LEAST, OUT_FULL) * ramp(place.imag, -0.35, -0.1)
    return max(sideways, ramp(place.imag, SHOULDER_LEVEL - SOFT, SHOULDER_LEVEL + SOFT))


def _together(arms: tuple[Arm, Arm], torso: Torso, scale: float) -> float:
    """Both hands close to each other, below the shoulders."""
    left, right = (arm.wrist for arm in arms)
    if left is None or right is None:
        return 0.0
    near = ramp(abs(left - right) / scale, TOGETHER_TORSOS + SOFT, TOGETHER_TORSOS - SOFT)
    return near * _within(torso.place((left + right) / 2).imag, FRONT_LOW, FRONT_HIGH) * min(map(_bent, arms))


def _within(value: float, low: float, high: float) -> float:
    return ramp(value, low - SOFT, low) * ramp(value, high + SOFT, high)


def ramp(value: float, none: float, full: float) -> float:
    """0 at `none` and beyond, 1 at `full` and beyond, straight in between; either may be the larger."""
    return min(max((value - none) / (full - none), 0.0), 1.0)


class TorsoScale:
    """How long a person's torso is when it is not foreshortened: the longest lately, forgotten slowly."""

    def __init__(self, forget_per_s: float = 0.08) -> None:
        self._forget_per_s = forget_per_s
        self._length = 0.0
        self._t_s = 0.0

    def update(self, t_s: float, torso: Torso) -> float:
        """Frame heights, never 0."""
        kept = self._length * (1.0 - min(self._forget_per_s * (t_s - self._t_s), 1.0)) if self._length else 0.0
        self._length, self._t_s = max(kept, torso.length, 2.0 * torso.half_width * NARROW, 1e-4), t_s
        return self._length
