"""The last seconds of one person's looks, evenly in time, as a network wants them.

Looks come when the budget allows; here time goes in steps of a fifth of a second. A step without a look repeats the one
before, for a second at most. Before the first look it is taken to have been so all along: how long somebody has been in
view has no part.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np

from agent.rules.pose_numbers import COLUMN, F32, F64, NUMBERS

STEP_S = 0.2
STEPS = 63
"""How many steps are remembered: 12.6 s."""
DELAY_STEPS = 16
DELAY_S = DELAY_STEPS * STEP_S
"""So long after a moment it is judged: what the hand does afterwards tells most."""
EXACT = 1e-6
GAP_S = 1.0
"""A look stands for so long at most, and walking is not told over a longer gap."""
FORGET_S = 3.0
"""After a longer gap it begins anew, as the poses' steadying does."""
LEAST_SPAN_S = 0.05
FAST = 4.0
"""Torso lengths a second beyond which nothing is told apart."""
LIMBS = COLUMN["walk_x"]
"""The first so many numbers are those of limbs and trunk."""
_WALK = slice(COLUMN["walk_x"], COLUMN["walk_y"] + 1)
_AGE, _THERE, _SHELF = COLUMN["age"], COLUMN["there"], slice(COLUMN["other_in_shelf"], COLUMN["in_shelf"] + 1)
_KNOWN = COLUMN["shelf_known"]
_KEPT = np.arange(len(NUMBERS)) == _KNOWN


class Look(NamedTuple):
    """One look: the numbers (38,) of limbs and trunk, the middle of the hips (2,) and the torso's scale, frame heights.

    And whether a torso was seen, and whether the left and the right hand were in a shelf (None: not known).
    """

    t_s: float
    limbs: F32
    hips: F64
    scale: float
    there: bool
    in_shelf: tuple[bool, bool] | None


class Memory:
    """The last STEPS steps of one person, from their looks in time order."""

    def __init__(self) -> None:
        self._rows = np.zeros((STEPS, len(NUMBERS)), np.float32)
        self._step = 0
        self._looks: list[Look] = []

    @property
    def rows(self) -> F32:
        """What was seen, (STEPS, k), oldest first; of the right hand, `mirrored` those of the left."""
        return self._rows

    def take(self, look: Look) -> int:
        """Remember a look and give how many steps that is further; one in the same step as the last takes its place."""
        step = floor(look.t_s / STEP_S + EXACT)
        ahead = step - self._step
        if not self._looks or look.t_s - self._looks[-1].t_s > FORGET_S:
            self._looks, ahead = [], 0
            self._rows[:] = row_of(look, None)
        elif not ahead:
            self._looks.pop()
            self._rows[-1] = row_of(look, self._looks[-1] if self._looks else None)
        else:
            last = self._rows[-1].copy()
            for late in range(1, ahead):
                self._push(aged(last, late * STEP_S))
            self._push(row_of(look, self._looks[-1]))
        self._looks = [*self._looks[-1:], look]
        self._step = step
        return ahead

    def _push(self, row: F32) -> None:
        self._rows[:-1] = self._rows[1:]
        self._rows[-1] = row


def row_of(look: Look, before: Look | None) -> F32:
    """All numbers (k,) of a look; `before` is the one of an earlier step."""
    row = np.zeros(len(NUMBERS), np.float32)
    row[:LIMBS] = look.limbs
    row[_THERE] = look.there
    if before is not None and look.there and before.there and look.t_s - before.t_s <= GAP_S:
        span_s = max(look.t_s - before.t_s, LEAST_SPAN_S)
        row[_WALK] = np.clip((look.hips - before.hips) / (look.scale * span_s), -FAST, FAST)
    if look.in_shelf is not None:
        row[_SHELF], row[_KNOWN] = look.in_shelf, 1.0
    return row


def aged(row: F32, age_s: float) -> F32:
    """What is still told of a look after a while: after a second nothing but that."""
    aged = row.copy() if age_s < GAP_S else row * _KEPT
    aged[_AGE] = min(age_s, GAP_S)
    return aged
