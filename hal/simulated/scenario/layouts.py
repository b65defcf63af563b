"""Plausible shops by seed: a corner camera, a door with gates, a till with its queue, shelves, a stock corner."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import count

import numpy as np

from hal.simulated.optics import Optics, inside
from hal.simulated.shop import Block, Door, Layout, Line, Place, Xy, Zone, load_layout, seen_line

Rect = tuple[float, float, float, float]

GATE_DEPTH_M = 1.25
LINE_DEPTH_M = 1.3
SEEN_MARGIN = 0.02
_SHIPPED = 0


@cache
def shop_layout(seed: int) -> Layout:
    """The shipped shop for seed 0, else a random one; the same seed gives the same shop."""
    if seed == _SHIPPED:
        return load_layout()
    for attempt in count():
        layout = _draw(np.random.default_rng((seed, attempt)), f"shop-{seed}")
        if _is_seen(layout):
            return layout
    raise AssertionError("unreachable")


def _draw(rng: np.random.Generator, name: str) -> Layout:
    """One try; parts may lie outside the camera's view."""
    door_at, door_width = rng.uniform(1.2, 1.6), rng.uniform(1.3, 1.6)
    width = door_at + door_width + rng.uniform(4.6, 5.4)
    stock_at = 0.29 * width
    depth = stock_at + rng.uniform(4.7, 5.3)
    plan = _Plan(rng, width, depth, door_at, door_width, stock_at)
    layout = Layout(name, (width, depth), 3.2, "tiles", int(rng.integers(1 << 16)), plan.optics(), lamps=())
    layout = replace(layout, doors=plan.doors(), blocks=plan.blocks(), places=plan.places())
    return _observed(layout, plan.zones(), plan.line())


class _Plan:
    """The furniture of one random shop; metres, the camera in the south-west corner, the door in the north wall."""

    def __init__(
        self, rng: np.random.Generator, width: float, depth: float, door_at: float, door_width: float, stock_at: float
    ) -> None:
        self._rng = rng
        self._w, self._d = width, depth
        self._door = (door_at, door_at + door_width)
        self._till_x = self._door[1] + rng.uniform(0.7, 1.0)
        self._stock_y = stock_at
        self._shelf_y = stock_at + rng.uniform(2.4, 2.6)
        self._shelf_height = float(rng.uniform(1.5, 2.0))
        self._island: Xy = (float(rng.uniform(2.2, 2.5)), float(rng.uniform(2.4, 2.7)))

    def optics(self) -> Optics:
        rng = self._rng
        target = (0.5 * self._w, 0.5 * self._w + rng.uniform(-0.1, 0.2), rng.uniform(0.7, 1.0))
        return Optics((0.3, 0.3, rng.uniform(2.7, 3.1)), target, rng.uniform(76, 84))

    def doors(self) -> tuple[Door, ...]:
        return (Door("north", *self._door, 2.2),)

    def blocks(self) -> tuple[Block, ...]:
        d, (a, b), (x, y), till = self._d, self._door, self._island, self._till_x
        return (
            Block("west gate", (a - 0.12, d - GATE_DEPTH_M, a - 0.06, d), (0.0, 1.2), "dark"),
            Block("east gate", (b + 0.06, d - GATE_DEPTH_M, b + 0.12, d), (0.0, 1.2), "dark"),
            Block("counter", (till, d - 1.7, till + 1.2, d - 1.15), (0.0, 1.0), "counter"),
            Block("shelf", (self._w - 0.45, self._shelf_y, self._w, d - 0.5), (0.0, self._shelf_height), "spirits"),
            Block("island", (x, y, x + 1.2, y + 0.5), (0.0, float(self._rng.uniform(0.6, 0.9))), "goods"),
        )

    def zones(self) -> dict[str, tuple[str, Rect]]:
        """Kind and floor rectangle of every zone."""
        d, w, till = self._d, self._w, self._till_x
        return {
            "stock": ("restricted", (w - 2.1, self._stock_y, w - 0.1, self._stock_y + 2.0)),
            "spirits": ("high_value", (w - 2.0, self._shelf_y - 0.1, w - 0.4, d - 0.4)),
            "till": ("checkout", (till - 0.2, d - 2.8, till + 1.4, d - 1.75)),
            "queue": ("queue", (till - 0.2, d - 3.95, till + 1.4, d - 2.8)),
        }

    def line(self) -> tuple[Xy, ...]:
        y, (a, b) = self._d - LINE_DEPTH_M, self._door
        return ((a - 0.09, y), (b + 0.09, y))

    def places(self) -> tuple[Place, ...]:
        d, w, till, (x, y), stock = self._d, self._w, self._till_x, self._island, self._stock_y
        shelf = (self._shelf_y + d - 0.4) / 2
        return (
            Place("street east", "door", (self._door[1] + 2.0, d + 1.0), 180),
            Place("street west", "door", (self._door[0] - 2.0, d + 1.0), 0),
            Place("island south", "browse", (x + 0.6, y - 0.4), 90),
            Place("island east", "browse", (x + 1.75, y - 0.05), 180),
            Place("island west", "browse", (x - 0.45, y + 0.2), 0),
            Place("spirits left", "linger", (w - 0.95, shelf + 0.55), 0),
            Place("spirits right", "linger", (w - 1.0, shelf - 0.55), 0),
            Place("till front", "till", (till + 0.5, d - 2.2), 90),
            Place("queue first", "queue", (till + 0.5, d - 3.1), 90),
            Place("queue second", "queue", (till + 0.55, d - 3.6), 90),
            Place("stock shelf", "stock", (w - 0.9, stock + 1.1), 0),
            Place("stock corner", "stock", (w - 1.2, stock + 0.7), -10),
        )


def _observed(layout: Layout, zones: dict[str, tuple[str, Rect]], line: tuple[Xy, ...]) -> Layout:
    """The layout with its zones and its line as the camera sees them."""
    seen = tuple(
        Zone(name, kind, floor, layout.optics.floor_polygon(floor))
        for name, (kind, (x0, y0, x1, y1)) in zones.items()
        for floor in [((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    )
    inner = ((line[0][0] + line[1][0]) / 2, line[0][1] - 1.0)
    lines: tuple[Line, ...] = (seen_line("entrance", line, inner, layout.optics),)
    return replace(layout, zones=seen, lines=lines)


def _is_seen(layout: Layout) -> bool:
    """Whether every zone, the line and all places indoors lie in the picture, with room for the feet."""
    floor = [corner for zone in layout.zones for corner in zone.floor]
    floor += [place.at for place in layout.places if place.kind != "door"]
    floor += list(layout.lines[0].floor)
    xy, depth = layout.optics.project(np.array([(x, y, 0.0) for x, y in floor]))
    framed = bool(((xy > SEEN_MARGIN) & (xy < 1 - SEEN_MARGIN)).all()) and bool((depth > 1.0).all())
    return framed and _is_apart(layout)


def _is_apart(layout: Layout) -> bool:
    """Whether nobody who browses, pays or waits stands in a zone meant for something else."""
    belongs = {"linger": "high_value", "till": "checkout", "queue": "queue", "stock": "restricted"}
    return all(
        inside(zone.floor, *place.at) == (belongs.get(place.kind) == zone.kind)
        for zone in layout.zones
        for place in layout.places
    )
