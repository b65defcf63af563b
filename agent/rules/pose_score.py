"""How much what somebody does with their hands looks like concealing goods: log-odds, one number a person and moment.

Nothing here accuses anyone. The score is a sum of bounded terms, each a degree 0..1 times a weight, so that it can show
its factors. Lengths are in torso lengths and times in seconds: neither how large somebody is in the picture nor how
long they have been in view has a term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

from agent.domain import Json
from agent.rules.pose_hands import HandsState, HandState, TorsoScale, hands_of, ramp
from agent.rules.poses import Body

AFTER_REACH_S = 4.0
"""A hand that comes to the body so soon after a reach may have something in it."""
SETTLE_S = 0.35
"""Time constant of everything that jitters."""
REACHED, ARRIVED = 0.5, 0.5
POSTURE_S = (3.0, 6.0)
"""Hiding takes a second or two; a hand that stays at the body is a posture."""
LINGER_S = 1.2
"""The score falls with this time constant once a hand has left the body."""
WALKING = (0.4, 1.4)
"""Torso lengths a second: standing, walking."""
TURNED = 0.5
"""A head is turned from so many widths between the shoulders on. It only ever adds a little to a hand at the body."""
LONGEST_S = 1.0
"""A step in time counts as this much at most: nothing is known of what happened in a gap."""

WEIGHTS: Mapping[str, float] = {
    "at_body": 1.4,
    "after_reach": 1.6,
    "both_hands": 0.9,
    "hidden": 0.1,
    "before_chest": 0.7,
    "posture": -0.3,
    "aside": -0.3,
    "reaching": -0.1,
    "walking": -4.0,
    "head_turns": 0.2,
    "shelf_lost": 1.2,
    "put_back": -1.5,
}
"""Log-odds of each term at its full degree; how they were found is told in docs/concealment.md."""
BIAS = -3.8


@dataclass(slots=True)
class _HandMemory:
    """One hand over time: smoothed degrees, when it last was out, since when it has been at the body."""

    at_body: float = 0.0
    reaching: float = 0.0
    reached_s: float | None = None
    arrived_s: float | None = None

    def take(self, t_s: float, state: HandState, share: float) -> None:
        self.at_body += share * (state.at_body - self.at_body)
        self.reaching += share * (state.reaching - self.reaching)
        if self.reaching >= REACHED:
            self.reached_s = t_s
        if self.at_body < ARRIVED:
            self.arrived_s = None
        elif self.arrived_s is None:
            self.arrived_s = t_s

    def after_reach(self, t_s: float) -> float:
        """How much it is at the body soon after it was out."""
        if self.reached_s is None:
            return 0.0
        since_s = (t_s if self.arrived_s is None else self.arrived_s) - self.reached_s
        return self.at_body * ramp(since_s, AFTER_REACH_S, 0.5 * AFTER_REACH_S) if since_s >= 0.0 else 0.0

    def stayed(self, t_s: float) -> float:
        """How much it rests there."""
        return 0.0 if self.arrived_s is None else ramp(t_s - self.arrived_s, *POSTURE_S)


@dataclass(slots=True)
class ConcealmentScore:
    """One person's score over time, from their bodies in time order. `hands` is what the hands did last."""

    logit: float = BIAS
    hands: HandsState | None = None
    terms: dict[str, float] = field(default_factory=dict)
    _scale: TorsoScale = field(default_factory=TorsoScale)
    _memories: tuple[_HandMemory, _HandMemory] = field(default_factory=lambda: (_HandMemory(), _HandMemory()))
    _smooth: dict[str, float] = field(default_factory=dict)
    _hips: complex | None = None
    _t_s: float | None = None

    def update(self, body: Body, known: Mapping[str, float] | None = None) -> float:
        """Take the next pose; the score 0..1 after it. `known` holds terms that poses cannot tell.

        A pose without a torso only lets the score fall.
        """
        span_s = LONGEST_S if self._t_s is None else min(max(body.t_s - self._t_s, 1e-3), LONGEST_S)
        self._t_s = body.t_s
        torso, now = body.torso, BIAS
        self.hands = None
        if torso is not None and torso.length > 0.0:
            scale = self._scale.update(body.t_s, torso)
            self.hands = hands_of(body, torso, scale)
            self.terms = {**self._degrees(body, self.hands, span_s, scale), **(known or {})}
            now = BIAS + sum(WEIGHTS[name] * degree for name, degree in self.terms.items())
        self.logit = max(now, BIAS + (self.logit - BIAS) * exp(-span_s / LINGER_S))
        return self.score

    @property
    def score(self) -> float:
        """0..1."""
        return 1.0 / (1.0 + exp(-self.logit))

    def factors(self) -> dict[str, Json]:
        """Every term that counts now with its weight and its log-odds."""
        return {
            name: {"value": round(degree, 2), "weight": WEIGHTS[name], "log_odds": round(WEIGHTS[name] * degree, 2)}
            for name, degree in self.terms.items()
            if degree >= 0.01
        }

    def _degrees(self, body: Body, hands: HandsState, span_s: float, scale: float) -> dict[str, float]:
        """Every term's degree, 0..1."""
        share = 1.0 - exp(-span_s / SETTLE_S)
        for memory, state in zip(self._memories, (hands.left, hands.right), strict=True):
            memory.take(body.t_s, state, share)
        fresh = {
            "both_hands": hands.together,
            "hidden": max(hands.left.hidden, hands.right.hidden),
            "before_chest": max(hands.left.before_chest, hands.right.before_chest),
            "aside": max(hands.left.aside, hands.right.aside),
            "walking": self._walking(body, span_s, scale),
        }
        for name, degree in fresh.items():
            self._smooth[name] = (before := self._smooth.get(name, 0.0)) + share * (degree - before)
        at_body = max(memory.at_body for memory in self._memories)
        return {
            "at_body": at_body,
            "head_turns": at_body * _turned(body),
            "after_reach": max(memory.after_reach(body.t_s) for memory in self._memories),
            "posture": max(memory.stayed(body.t_s) for memory in self._memories),
            "reaching": max(memory.reaching for memory in self._memories),
            **self._smooth,
        }

    def _walking(self, body: Body, span_s: float, scale: float) -> float:
        hips, before = body.hips, self._hips
        self._hips = hips
        if hips is None or before is None:
            return 0.0
        return ramp(abs(hips - before) / scale / span_s, *WALKING)


def _turned(body: Body) -> float:
    turn = body.face_turn()
    return 0.0 if turn is None else ramp(abs(turn), 0.5 * TURNED, TURNED)
