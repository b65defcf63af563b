"""What each hand of one person does and did a moment ago, as numbers that a score can weigh: its traits.

Lengths are in torso lengths and nothing is remembered for longer than some seconds but how the arms are held in
walking, so size, place and time in view have no part. What cannot be told is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, isnan, nan

from agent.domain import Joint
from agent.rules.pose_hands import HandsState, HandState, ramp
from agent.rules.poses import LEFT, RIGHT, Arm, Body, Torso

MEMORY_S = 5.0
"""Times since something are told up to this."""
SETTLE_S = 0.35
LONG_AGO_S = -99.0
HALF = 0.5
QUICK_S, SLOW_S = 0.7, 2.5
"""Time constants of the two means of every place."""
STRIDE_S = 2.0
"""... and of how an arm is held in walking."""
WALKING = 1.0
"""Torso lengths a second."""
MOST_WALK, MOST_SPEED, MOST_STEP = 4.0, 8.0, 1.0
STILL = 0.25
"""A hand that stays within so many torso lengths is still."""
BENT_DEG, STRAIGHT_DEG = 130.0, 163.0

PLACES: dict[str, str] = {
    "from_hip": "place", "from_other_hip": "place", "up": "place", "across": "place", "off": "place",
    "elbow_deg": "arm", "elbow_up": "arm", "elbow_off": "arm", "seen": "hand_seen", "apart": "other_hand",
    "other_up": "other_hand", "other_elbow_deg": "other_hand", "tilt_deg": "stance", "crouch": "stance",
}  # fmt: skip
"""Traits that are told as they are and as two means, with the factor under which an incident shows each."""
PLAIN: dict[str, str] = {
    "speed": "stays", "path": "stays", "still_s": "stays", "at_body": "place", "at_body_s": "stays",
    "since_reach_s": "after_reach", "since_rest_s": "after_reach", "rested": "after_reach",
    "since_chest_s": "after_reach",
    "other_seen": "other_hand", "other_at_body": "other_hand", "other_hanging": "other_hand",
    "other_since_reach_s": "other_hand", "facing": "stance", "width": "stance", "nod": "stance",
    "walk": "walking", "walk_slow": "walking", "bent_in_walking": "bears", "other_bent_in_walking": "bears",
}  # fmt: skip
FACTORS: dict[str, str] = {
    **PLACES, **PLAIN,
    **{f"{name}_quick": factor for name, factor in PLACES.items()},
    **{f"{name}_slow": factor for name, factor in PLACES.items()},
}  # fmt: skip
"""Every trait and its factor, in the order in which a hand's traits are told."""


@dataclass(slots=True)
class _Hand:
    """One hand over time."""

    reached_s: float = LONG_AGO_S
    rested_s: float = LONG_AGO_S
    chest_s: float = LONG_AGO_S
    seen: float = HALF
    at_body: float = 0.0
    arrived_s: float | None = None
    place: complex | None = None
    anchor: complex = 0j
    still_since_s: float = 0.0
    speed: float = 0.0
    path: float = 0.0
    bent: float = 0.0
    quick: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)

    def take(self, t_s: float, span_s: float, state: HandState, seen: float) -> None:
        """What the hand is at, and how sure the pose is of it."""
        share = _share(span_s, SETTLE_S)
        self.seen += share * (seen - self.seen)
        self.at_body += share * (state.at_body - self.at_body)
        self.reached_s = t_s if state.reaching >= HALF else self.reached_s
        self.rested_s = t_s if state.hanging >= HALF else self.rested_s
        self.chest_s = t_s if state.before_chest >= HALF else self.chest_s
        if self.at_body < HALF:
            self.arrived_s = None
        elif self.arrived_s is None:
            self.arrived_s = t_s

    def go(self, t_s: float, span_s: float, place: complex) -> None:
        """Where the hand is from the hips, torso lengths: how fast, how far lately, how long about there."""
        if self.place is None:
            self.anchor, self.still_since_s = place, t_s
        else:
            step = abs(place - self.place)
            self.speed += _share(span_s, SETTLE_S) * (min(step / span_s, MOST_SPEED) - self.speed)
            self.path = self.path * exp(-span_s / 3.0) + min(step, MOST_STEP)
        if abs(place - self.anchor) > STILL:
            self.anchor, self.still_since_s = place, t_s
        self.place = place

    def means(self, span_s: float, places: list[float]) -> None:
        """Bring both means of every place nearer to what it is now; what is not seen stays."""
        if not self.quick:
            self.quick = [0.0 if isnan(value) else value for value in places]
            self.slow = list(self.quick)
        for mean, seconds in ((self.quick, QUICK_S), (self.slow, SLOW_S)):
            share = _share(span_s, seconds)
            for number, value in enumerate(places):
                if value == value:
                    mean[number] += share * (value - mean[number])


class HandTraits:
    """The traits of both hands of one person, from their bodies in time order."""

    def __init__(self) -> None:
        self._hands = _Hand(), _Hand()
        self._hips: complex | None = None
        self._walk = self._walk_slow = 0.0

    def update(
        self, body: Body, torso: Torso, scale: float, hands: HandsState, seen: tuple[float, float], span_s: float
    ) -> tuple[list[float], list[float]]:
        """Both hands' traits after this body, in the order of FACTORS.

        `scale` is the torso's length in frame heights, `seen` how sure the pose is of each wrist, `span_s` the seconds
        since the body before.
        """
        t_s, arms = body.t_s, (body.arm(LEFT), body.arm(RIGHT))
        self._step(body, scale, span_s)
        for hand, arm, state, sure in zip(self._hands, arms, (hands.left, hands.right), seen, strict=True):
            hand.take(t_s, span_s, state, sure)
            if arm.wrist is not None:
                hand.go(t_s, span_s, (arm.wrist - torso.hips) / scale)
            if self._walk > WALKING and arm.elbow_deg is not None:
                bent = ramp(arm.elbow_deg, STRAIGHT_DEG, BENT_DEG)
                hand.bent += _share(span_s, STRIDE_S) * (bent - hand.bent)
        stance = _stance(body, torso, scale)
        own = [_own_places(body, torso, scale, side) for side in (LEFT, RIGHT)]
        apart = _gap(arms[LEFT].wrist, arms[RIGHT].wrist, scale)
        states = hands.left, hands.right
        found = []
        for side in (LEFT, RIGHT):
            other, hand = own[1 - side], self._hands[side]
            places = [*own[side], hand.seen, apart, other[2], other[5], torso.tilt_deg, stance[3]]
            hand.means(span_s, places)
            plain = self._plain(t_s, side, states[1 - side], stance)
            found.append([*places, *plain, *hand.quick, *hand.slow])
        return found[0], found[1]

    def _step(self, body: Body, scale: float, span_s: float) -> None:
        hips, before = body.hips, self._hips
        self._hips = hips
        speed = 0.0 if hips is None or before is None else min(abs(hips - before) / scale / span_s, MOST_WALK)
        self._walk += _share(span_s, SETTLE_S) * (speed - self._walk)
        self._walk_slow += _share(span_s, 3.0) * (speed - self._walk_slow)

    def _plain(self, t_s: float, side: int, other_state: HandState, stance: tuple[float, ...]) -> list[float]:
        hand, other = self._hands[side], self._hands[1 - side]
        return [
            hand.speed, hand.path, _since(t_s, hand.still_since_s), hand.at_body,
            0.0 if hand.arrived_s is None else _since(t_s, hand.arrived_s),
            _since(t_s, hand.reached_s), _since(t_s, hand.rested_s), float(hand.rested_s > hand.reached_s),
            _since(t_s, hand.chest_s), other.seen, other.at_body, other_state.hanging, _since(t_s, other.reached_s),
            *stance[:3], self._walk, self._walk_slow, hand.bent, other.bent,
        ]  # fmt: skip


def _own_places(body: Body, torso: Torso, scale: float, side: int) -> list[float]:
    """`from_hip from_other_hip up across off elbow_deg elbow_up elbow_off` of one arm."""
    arm = body.arm(side)
    angle = arm.elbow_deg
    elbow_deg = nan if angle is None else angle
    elbow = [nan, nan]
    if arm.wrist is not None and arm.elbow is not None:
        place = torso.place(arm.elbow)
        elbow = [place.imag, abs(place.real) * torso.length / scale]
    if arm.wrist is None:
        return [nan, nan, nan, nan, nan, elbow_deg, *elbow]
    place = torso.place(arm.wrist)
    aside = abs(place.real) * torso.length / scale
    other_hip = body.points[Joint.R_HIP if side == LEFT else Joint.L_HIP]
    hips = [_gap(arm.wrist, arm.hip, scale), _gap(arm.wrist, other_hip, scale)]
    across = _outward(body, arm, place.real * torso.length / scale, side)
    return [*hips, place.imag, across, aside - torso.half_width / scale, elbow_deg, *elbow]


def _outward(body: Body, arm: Arm, across: float, side: int) -> float:
    """How far a hand is across the body: positive on its own side, negative on the other; unsigned where unknown."""
    facing = _facing(body)
    if isnan(facing):
        return abs(across)
    return across * (1.0 if facing > 0 else -1.0) * (1.0 if side == LEFT else -1.0)


def _stance(body: Body, torso: Torso, scale: float) -> tuple[float, float, float, float]:
    """`facing width nod` and `crouch`, the hips above the feet."""
    nose, feet, hips = body.points[Joint.NOSE], body.feet, body.hips
    ears = [ear for ear in (body.points[Joint.L_EAR], body.points[Joint.R_EAR]) if ear is not None]
    nod = nan if nose is None or not ears else (nose.imag - sum(ear.imag for ear in ears) / len(ears)) / scale
    crouch = nan if feet is None or hips is None else abs(hips - feet) / scale
    return _facing(body) / scale, torso.half_width / scale, nod, crouch


def _facing(body: Body) -> float:
    """How far the left shoulder is to the right of the right one in the picture: positive towards the camera."""
    left, right = body.points[Joint.L_SHOULDER], body.points[Joint.R_SHOULDER]
    return nan if left is None or right is None else (left - right).real


def _gap(a: complex | None, b: complex | None, scale: float) -> float:
    return nan if a is None or b is None else abs(a - b) / scale


def _since(t_s: float, then_s: float) -> float:
    return min(t_s - then_s, MEMORY_S)


def _share(span_s: float, seconds: float) -> float:
    return 1.0 - exp(-span_s / seconds)
