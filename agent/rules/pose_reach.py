"""Which shelf a hand is in: where its fingers are, held against the fronts of the goods as the camera sees them."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain import Point
from agent.rules.poses import LEFT, RIGHT, Body
from agent.rules.zones import ZoneMap


class Fronts:
    """The fronts of shelves, polygons in 0..1 of the picture."""

    def __init__(self, fronts: Sequence[Sequence[Point]]) -> None:
        self._map = ZoneMap(fronts)

    def tip(self, body: Body, side: int, aspect: float) -> Point | None:
        """Where the fingers of the LEFT or RIGHT hand are, 0..1 of the picture of this aspect; None unseen."""
        tip = body.arm(side).hand
        return None if tip is None else Point(tip.real / aspect, tip.imag)

    def at(self, tip: Point | None) -> int | None:
        """The number of the first front that holds the place, if any."""
        held = 0 if tip is None else self._map.at(tip)
        return (held & -held).bit_length() - 1 if held else None

    def reached(self, body: Body, aspect: float) -> tuple[bool, bool]:
        """Whether the left and the right hand are in a front."""
        left, right = (self.at(self.tip(body, side, aspect)) is not None for side in (LEFT, RIGHT))
        return left, right
