"""Ways through a shop that keep clear of furniture: A* on a grid, then pulled tight."""

from __future__ import annotations

import heapq
import math
from functools import cache, lru_cache

from hal.simulated.optics import inside
from hal.simulated.shop import WALL_M, Layout, Xy

STEP_M = 0.2
CLEARANCE_M = 0.28
_MARGIN_M = 0.35
"""How far people who have no business there keep from a restricted zone; walking cuts corners a little."""
Cell = tuple[int, int]
_NEIGHBOURS = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


class NoRoute(ValueError):
    """There is no free way between two places of a layout."""


@lru_cache(maxsize=512)
def route(layout: Layout, start: Xy, goal: Xy) -> tuple[Xy, ...]:
    """A walkable polyline from start to goal in metres, both included; restricted zones only where an end lies in one.

    Raises NoRoute.
    """
    restricted = [zone.floor for zone in layout.zones if zone.kind == "restricted"]
    floor = _floor(layout, any(inside(polygon, *end) for polygon in restricted for end in (start, goal)))
    cells = floor.search(_cell(start), _cell(goal))
    points = [start, *map(_point, cells[1:-1]), goal]
    return tuple(floor.tighten(points))


def leads(layout: Layout, start: Xy, goal: Xy) -> bool:
    """Whether there is a free way between two places."""
    try:
        route(layout, start, goal)
    except NoRoute:
        return False
    return True


@lru_cache(maxsize=8)
def _floor(layout: Layout, into_restricted: bool) -> _Floor:
    return _Floor(layout, into_restricted)


def _cell(point: Xy) -> Cell:
    return round(point[0] / STEP_M), round(point[1] / STEP_M)


def _point(cell: Cell) -> Xy:
    return cell[0] * STEP_M, cell[1] * STEP_M


class _Floor:
    """Where a person can stand: the room, its doorways and a strip of street outside them."""

    def __init__(self, layout: Layout, into_restricted: bool) -> None:
        (width, depth), c = layout.size, CLEARANCE_M
        self._open = [(c, c, width - c, depth - c)]
        for door in layout.doors:
            self._open += _doorway(door.wall, door.start + c, door.end - c, width, depth)
        self._blocked = [
            (b.rect[0] - c, b.rect[1] - c, b.rect[2] + c, b.rect[3] + c) for b in layout.blocks if b.z[0] < 0.5
        ]
        zones = () if into_restricted else layout.zones
        self._forbidden = [zone.floor for zone in zones if zone.kind == "restricted"]
        self.free_cell = cache(lambda cell: self.free(*_point(cell)))

    def free(self, x: float, y: float) -> bool:
        """Whether a person can and may stand here."""
        if not any(_within(rect, x, y) for rect in self._open) or any(_within(rect, x, y) for rect in self._blocked):
            return False
        beside = [(x + dx, y + dy) for dx in (-_MARGIN_M, _MARGIN_M) for dy in (-_MARGIN_M, _MARGIN_M)]
        return not any(inside(polygon, *spot) for polygon in self._forbidden for spot in beside)

    def search(self, start: Cell, goal: Cell) -> list[Cell]:
        """Cells of a shortest way (Hart, Nilsson and Raphael, 1968); the ends may be anywhere."""
        came: dict[Cell, Cell | None] = {start: None}
        cost = {start: 0.0}
        heap = [(0.0, start)]
        while heap:
            _, here = heapq.heappop(heap)
            if here == goal:
                return _trace(came, goal)
            for dx, dy in _NEIGHBOURS:
                there = here[0] + dx, here[1] + dy
                total = cost[here] + math.hypot(dx, dy)
                if total < cost.get(there, math.inf) and (there == goal or self.free_cell(there)):
                    cost[there], came[there] = total, here
                    heapq.heappush(heap, (total + math.dist(there, goal), there))
        raise NoRoute(f"no way from {start} to {goal}")

    def tighten(self, points: list[Xy]) -> list[Xy]:
        """Drop corners that a straight free line can skip."""
        kept, at = [points[0]], 0
        while at < len(points) - 1:
            at = next(k for k in range(len(points) - 1, at, -1) if k == at + 1 or self._clear(points[at], points[k]))
            kept.append(points[at])
        return kept

    def _clear(self, a: Xy, b: Xy) -> bool:
        steps = max(1, int(math.dist(a, b) / 0.1))
        spots = ((a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps) for k in range(1, steps))
        return all(self.free(x, y) for x, y in spots)


def _trace(came: dict[Cell, Cell | None], goal: Cell) -> list[Cell]:
    cells: list[Cell] = []
    at: Cell | None = goal
    while at is not None:
        cells.append(at)
        at = came[at]
    return cells[::-1]


def _within(rect: tuple[float, float, float, float], x: float, y: float) -> bool:
    return rect[0] <= x <= rect[2] and rect[1] <= y <= rect[3]


def _doorway(wall: str, a: float, b: float, width: float, depth: float) -> list[tuple[float, float, float, float]]:
    """The passage through a wall and the street before it."""
    near, far, out = 0.6, WALL_M + 0.5, WALL_M + 2.0
    return {
        "north": [(a, depth - near, b, depth + far), (a - 4, depth + WALL_M + 0.2, b + 4, depth + out)],
        "south": [(a, -far, b, near), (a - 4, -out, b + 4, -WALL_M - 0.2)],
        "east": [(width - near, a, width + far, b), (width + WALL_M + 0.2, a - 4, width + out, b + 4)],
        "west": [(-far, a, near, b), (-out, a - 4, -WALL_M - 0.2, b + 4)],
    }[wall]
