"""Which shelf a hand is in: where its fingers are, held against the fronts of the goods as the camera sees them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agent.domain import Point
from agent.geometry import distance_to, in_heights
from agent.rules.poses import LEFT, RIGHT, Body
from agent.rules.zones import ZoneMap


class Fronts:
    """The fronts of shelves, polygons in 0..1 of the picture."""

    def __init__(self, fronts: Sequence[Sequence[Point]]) -> None:
        self._map = ZoneMap(fronts)
        self._sides = [list(pairwise([*front, *front[:1]])) for front in fronts]

    def tip(self, body: Body, side: int, aspect: float) -> Point | None:
        """Where the fingers of the LEFT or RIGHT hand are, 0..1 of the picture of this aspect; None unseen."""
        tip = body.arm(side).hand
        return None if tip is None else Point(tip.real / aspect, tip.imag)

    def at(self, tip: Point | None) -> int | None:
        """The number of the first front that holds the place, if any."""
        held = 0 if tip is None else self._map.at(tip)
        return (held & -held).bit_length() - 1 if held else None

    def near(self, tip: Point | None, aspect: float, reach: float) -> int | None:
        """The number of the front that holds the place, else of the nearest within `reach` frame heights, if any."""
        held = self.at(tip)
        if held is not None or tip is None or not self._sides:
            return held
        distance, nearest = min((self._distance(tip, number, aspect), number) for number in range(len(self._sides)))
        return nearest if distance <= reach else None

    def _distance(self, tip: Point, number: int, aspect: float) -> float:
        """From a place outside a front to its border, frame heights."""
        ends = ((in_heights(a, aspect), in_heights(b, aspect)) for a, b in self._sides[number])
        return min(distance_to(in_heights(tip, aspect), a, b) for a, b in ends)

    def reached(self, body: Body, aspect: float) -> tuple[bool, bool]:
        """Whether the left and the right hand are in a front."""
        left, right = (self.at(self.tip(body, side, aspect)) is not None for side in (LEFT, RIGHT))
        return left, right
