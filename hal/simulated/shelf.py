"""The shelf of a scene while it is emptied and filled again."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hal.simulated.goods import front_of
from hal.simulated.scenery import USUAL, Furnishing, Scenery
from hal.simulated.scripts import Emptied
from hal.simulated.shop import Layout

REACH_M = 1.0


def emptied_shelf(layout: Layout, emptied: Emptied, into_s: float, width: int) -> Scenery:
    """The scenery `into_s` seconds into a cycle, in a picture so many pixels wide."""
    (first_s, last_s), (back_s, full_s) = emptied.taken_s, emptied.back_s
    taken = _share(into_s, first_s, last_s) - _share(into_s, back_s, full_s)
    gone = _order(layout, width + width % 2)[: emptied.items][: round(emptied.items * taken)]
    return Scenery(Furnishing(frozenset(gone))) if gone else USUAL


def _share(t_s: float, start_s: float, end_s: float) -> float:
    return min(max((t_s - start_s) / (end_s - start_s), 0.0), 1.0)


@lru_cache(maxsize=4)
def _order(layout: Layout, width: int) -> tuple[int, ...]:
    """The items within reach from where people stand at the shelf, the uppermost boards first."""
    front, at = front_of(layout, width), layout.of_kind("linger")[0].at
    near = np.flatnonzero((np.hypot(*(front.spots[:, :2] - at).T) < REACH_M) & (front.spots[:, 2] < 1.9))
    return tuple(int(k) for k in sorted(near, key=lambda k: front.places_m[k, 1]))
