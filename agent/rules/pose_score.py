"""How much what somebody does with their hands looks like concealing goods: log-odds, one number a person and moment.

Nothing here accuses anyone. A moment is judged DELAY_S later, by what the hand did before and what it does afterwards:
whether it comes back with a phone, carries something, rests empty. The score of a person is that of the hand that
looks most like it. Lengths are in torso lengths and the memory is 12.6 s: neither how large somebody is in the picture
nor how long they have been in view has a part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.domain import Json
from agent.rules.pose_hands import HandsState, TorsoScale, hands_of, ramp
from agent.rules.pose_learned import NET, USUAL
from agent.rules.pose_memory import DELAY_S, DELAY_STEPS, STEP_S, STEPS, Look, Memory, aged
from agent.rules.pose_net import logits
from agent.rules.pose_numbers import F32, body_numbers, mirrored
from agent.rules.pose_shares import shares
from agent.rules.poses import LEFT, RIGHT, Body

TURNED = 0.5
"""A head is turned from so many widths between the shoulders on. It only ever adds a little to a hand at the body."""
LEAST_SHOWN = 0.01

WEIGHTS: Mapping[str, float] = {"head_turns": 0.2, "shelf_lost": 1.2, "put_back": -1.5}
"""Log-odds of what is added to what was learned, each at its full degree (docs/concealment.md)."""
NOTHING_KNOWN: Mapping[str, float] = {}


@dataclass(slots=True)
class ConcealmentScore:
    """One person's score over time, from their bodies in time order.

    `hands` is what the hands do now, None where no torso is seen; `torso_h` is how long the torso is when it is not
    foreshortened, frame heights; log-odds are those of the moment DELAY_S ago. They
    are weighed when somebody asks: a rule asks seldom.
    """

    hands: HandsState | None = None
    torso_h: float = 1e-4
    memory: Memory = field(default_factory=Memory)
    _scale: TorsoScale = field(default_factory=TorsoScale)
    _turned: deque[tuple[float, tuple[float, float]]] = field(default_factory=deque)
    _logits: F32 | None = None

    def update(self, body: Body, in_shelf: tuple[bool, bool] | None = None) -> int:
        """Take the next pose; `in_shelf` says of the left and the right hand whether it is in a shelf, where known.

        Gives how many steps the memory went on by.
        """
        torso = body.torso
        self.hands = None
        if torso is not None and torso.length > 0.0:
            self.torso_h = self._scale.update(body.t_s, torso)
            self.hands = hands_of(body, torso, self.torso_h)
        self._note_turn(body)
        self._logits = None
        return self.memory.take(_look(body, self.torso_h, in_shelf))

    def logit_of(self, side: int, known: Mapping[str, float] = NOTHING_KNOWN) -> float:
        """The log-odds of the LEFT or RIGHT hand at the moment DELAY_S before the last pose.

        `known` holds the degrees of terms that poses cannot tell.
        """
        if self._logits is None:
            self._logits = logits(NET, both_hands(self.memory.rows))
        terms = self._terms(side, known)
        return float(self._logits[side]) + sum(WEIGHTS[name] * degree for name, degree in terms.items())

    def score_of(self, side: int, known: Mapping[str, float] = NOTHING_KNOWN) -> float:
        """One hand's, 0..1."""
        return 1.0 / (1.0 + exp(-self.logit_of(side, known)))

    @property
    def score(self) -> float:
        """The person's, 0..1: that of the foremost hand."""
        return max(self.score_of(LEFT), self.score_of(RIGHT))

    def factors(self, side: int, known: Mapping[str, float] = NOTHING_KNOWN) -> dict[str, Json]:
        """What every factor adds for a hand, in log-odds; those that say next to nothing are left out."""
        base, parts = shares(NET, both_hands(self.memory.rows)[side], USUAL)
        added = {"usual": base, **parts}
        found: dict[str, Json] = {
            name: {"log_odds": round(odds, 2)} for name, odds in added.items() if abs(odds) >= LEAST_SHOWN
        }
        for name, degree in self._terms(side, known).items():
            if degree >= LEAST_SHOWN:
                odds = round(WEIGHTS[name] * degree, 2)
                found[name] = {"value": round(degree, 2), "weight": WEIGHTS[name], "log_odds": odds}
        return found

    def _terms(self, side: int, known: Mapping[str, float]) -> dict[str, float]:
        return {"head_turns": self._turned[0][1][side] if self._turned else 0.0, **known}

    @property
    def turned(self) -> tuple[float, float]:
        """How far the head is turned while the left and the right hand are at the body now."""
        return self._turned[-1][1]

    def _note_turn(self, body: Body) -> None:
        """Remember that until its moment is judged."""
        turned = _turned(body)
        hands = self.hands
        degrees = (hands.left.at_body * turned, hands.right.at_body * turned) if hands else (0.0, 0.0)
        self._turned.append((body.t_s, degrees))
        while len(self._turned) > 1 and self._turned[1][0] <= body.t_s - DELAY_S:
            self._turned.popleft()


class Course(NamedTuple):
    """One person's whole course: all steps (n, k) of the right hand, and in which of them each of m poses is.

    And how far the head was turned while each hand was at the body (m, 2).
    """

    rows: F32
    step: NDArray[np.int64]
    turned: NDArray[np.float64]

    def moment_logits(self) -> NDArray[np.float64]:
        """Log-odds (2, m) of both hands at every pose, by all that is remembered DELAY_S later."""
        last = self.rows[-1]
        after = [aged(last, n * STEP_S) for n in range(1, DELAY_STEPS + 1)]
        whole = np.concatenate([np.repeat(self.rows[:1], STEPS - 1, 0), self.rows, np.stack(after)])
        windows = np.lib.stride_tricks.sliding_window_view(whole, STEPS, axis=0).transpose(0, 2, 1)[DELAY_STEPS:]
        learned = np.stack([logits(NET, side) for side in both_hands(windows)])
        return learned[:, self.step] + WEIGHTS["head_turns"] * self.turned.T


def course_of(bodies: Iterable[Body], in_shelf: Callable[[Body], tuple[bool, bool]] | None = None) -> Course:
    """What is remembered of bodies in time order, one at least, none more than FORGET_S after the one before."""
    score = ConcealmentScore()
    rows: list[F32] = []
    step: list[int] = []
    turned = []
    for body in bodies:
        ahead = score.update(body, in_shelf and in_shelf(body))
        if rows and not ahead:
            rows.pop()
        rows += list(score.memory.rows[-max(ahead, 1) :].copy())
        step.append(len(rows) - 1)
        turned.append(score.turned)
    return Course(np.stack(rows), np.array(step, np.int64), np.array(turned))


def both_hands(rows: F32) -> F32:
    """The numbers of the left and of the right hand, (2, ..., k), from those of the right."""
    return np.stack([mirrored(rows), rows])


def chances(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The numbers 0..1 for log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def _look(body: Body, scale: float, in_shelf: tuple[bool, bool] | None) -> Look:
    places = np.array([(0.0, 0.0) if p is None else (p.real, p.imag) for p in body.points])
    limbs, hips, there = body_numbers(places[None], np.array([body.seen]), np.array([scale]))
    return Look(body.t_s, limbs[0], hips[0], scale, bool(there[0]), in_shelf)


def _turned(body: Body) -> float:
    turn = body.face_turn()
    return 0.0 if turn is None else ramp(abs(turn), 0.5 * TURNED, TURNED)
