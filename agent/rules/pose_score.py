"""How much what somebody does with their hands looks like concealing goods: log-odds, one number a person and moment.

Nothing here accuses anyone. The score of a person is that of the hand that looks most like it; it is a sum of shares,
each of a named factor, so that it can show why. Lengths are in torso lengths and times in seconds: neither how large
somebody is in the picture nor how long they have been in view has a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

from agent.domain import Json
from agent.rules.pose_hands import HandsState, TorsoScale, hands_of, ramp
from agent.rules.pose_learned import BASE, TREES
from agent.rules.pose_traits import FACTORS, HandTraits
from agent.rules.pose_trees import shares, total
from agent.rules.poses import LEFT, RIGHT, Body

TURNED = 0.5
"""A head is turned from so many widths between the shoulders on. It only ever adds a little to a hand at the body."""
FALLS_S = 1.2
"""While no torso is seen the score falls with this time constant."""
LONGEST_S = 1.0
"""A step in time counts as this much at most: nothing is known of what happened in a gap."""
LEAST_S = 1e-3
LEAST_SHOWN = 0.01

WEIGHTS: Mapping[str, float] = {"head_turns": 0.2, "shelf_lost": 1.2, "put_back": -1.5}
"""Log-odds of what is added to what was learned, each at its full degree (docs/concealment.md)."""


@dataclass(slots=True)
class ConcealmentScore:
    """One person's score over time, from their bodies in time order.

    `hands` is what the hands did last, `traits` the numbers of both that are weighed; None where no torso was seen.
    They are weighed when somebody asks: a rule asks seldom.
    """

    hands: HandsState | None = None
    traits: tuple[list[float], list[float]] | None = None
    terms: tuple[dict[str, float], ...] = ({}, {})
    _scale: TorsoScale = field(default_factory=TorsoScale)
    _memory: HandTraits = field(default_factory=HandTraits)
    _logits: list[float | None] = field(default_factory=lambda: [BASE, BASE])
    _t_s: float | None = None

    def update(self, body: Body, known: Mapping[str, float] | None = None) -> None:
        """Take the next pose. `known` holds the degrees of terms that poses cannot tell.

        A pose without a torso only lets the score fall.
        """
        span_s = LONGEST_S if self._t_s is None else min(max(body.t_s - self._t_s, LEAST_S), LONGEST_S)
        self._t_s = body.t_s
        torso = body.torso
        if torso is None or torso.length <= 0.0:
            self._logits = [_fallen(self.logit_of(side), span_s) for side in (LEFT, RIGHT)]
            self.hands = self.traits = None
            return
        scale = self._scale.update(body.t_s, torso)
        self.hands = hands_of(body, torso, scale)
        self.traits = self._memory.update(body, torso, scale, self.hands, body.wrists_seen, span_s)
        turned = _turned(body)
        self.terms = tuple({"head_turns": hand.at_body * turned, **(known or {})} for hand in self.hands[:2])
        self._logits = [None, None]

    def logit_of(self, side: int) -> float:
        """The log-odds of the LEFT or RIGHT hand after the last pose."""
        known = self._logits[side]
        if known is None:
            traits = self.traits[side] if self.traits else []
            added = sum(WEIGHTS[name] * degree for name, degree in self.terms[side].items())
            known = self._logits[side] = BASE + total(TREES, traits) + added
        return known

    @property
    def foremost(self) -> int:
        """The hand, LEFT or RIGHT, that looks most like it."""
        return max((LEFT, RIGHT), key=self.logit_of)

    @property
    def score(self) -> float:
        """The person's, 0..1: that of the foremost hand."""
        return self.score_of(self.foremost)

    def score_of(self, side: int) -> float:
        """One hand's, 0..1."""
        return 1.0 / (1.0 + exp(-self.logit_of(side)))

    def factors(self, side: int) -> dict[str, Json]:
        """What every factor adds for a hand now, in log-odds; those that say next to nothing are left out."""
        if self.traits is None:
            return {}
        base, parts = shares(TREES, self.traits[side])
        added = {"usual": BASE + base}
        for factor, part in zip(FACTORS.values(), parts, strict=True):
            added[factor] = added.get(factor, 0.0) + part
        found: dict[str, Json] = {
            name: {"log_odds": round(odds, 2)} for name, odds in added.items() if abs(odds) >= LEAST_SHOWN
        }
        for name, degree in self.terms[side].items():
            if degree >= LEAST_SHOWN:
                odds = round(WEIGHTS[name] * degree, 2)
                found[name] = {"value": round(degree, 2), "weight": WEIGHTS[name], "log_odds": odds}
        return found


def _fallen(logit: float, span_s: float) -> float:
    """What is left of log-odds after a moment in which nothing was seen."""
    return BASE + min(logit - BASE, (logit - BASE) * exp(-span_s / FALLS_S))


def _turned(body: Body) -> float:
    turn = body.face_turn()
    return 0.0 if turn is None else ramp(abs(turn), 0.5 * TURNED, TURNED)
