"""What each factor adds to what a network says of a hand: shares that add up to it exactly. Pure.

A factor's numbers are brought in over the usual ones, factor after factor, once in the order here and once backwards;
its share is the mean of what the log-odds moved by (Shapley values by two permutations that are each other's reverse:
Mitchell, Cooper, Frank and Holmes, 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.rules.pose_memory import DELAY_STEPS, STEPS
from agent.rules.pose_net import Net, logits
from agent.rules.pose_numbers import F32, NUMBERS, Flags

AFTERWARDS = "afterwards"
"""The factor of everything that is seen after the moment that is judged."""
FACTORS = (*dict.fromkeys(NUMBERS.values()), AFTERWARDS)


def _masks() -> dict[str, Flags]:
    """Which numbers of a window (STEPS, k) belong to each factor."""
    before = (np.arange(STEPS) < STEPS - DELAY_STEPS)[:, None]
    own = {name: np.array([factor == name for factor in NUMBERS.values()]) & before for name in NUMBERS.values()}
    return {**own, AFTERWARDS: np.broadcast_to(~before, (STEPS, len(NUMBERS)))}


_MASKS = _masks()


def shares(net: Net, window: F32, usual: F32) -> tuple[float, dict[str, float]]:
    """The log-odds of the `usual` numbers (k,) all along, and what every factor of a window (STEPS, k) adds to them."""
    base = np.broadcast_to(usual, window.shape).astype(np.float32)
    added = dict.fromkeys(FACTORS, 0.0)
    for order in (FACTORS, FACTORS[::-1]):
        steps = logits(net, _brought_in(base, window, order))
        for name, odds in zip(order, np.diff(steps).tolist(), strict=True):
            added[name] += odds / 2
    return float(logits(net, base[None])[0]), added


def _brought_in(base: F32, window: F32, order: Sequence[str]) -> F32:
    """The base, and after each factor in turn the window with all up to it: (factors + 1, STEPS, k)."""
    found = [base]
    for name in order:
        found.append(np.where(_MASKS[name], window, found[-1]))
    return np.stack(found)
