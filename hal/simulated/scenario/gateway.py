"""The way in as a zone of its own, for shops whose entrance must not be used to leave."""

from __future__ import annotations

import math

import numpy as np

from hal.simulated.shop import Layout, Xy, Zone

BEFORE_M, BEHIND_M, BESIDE_M = 0.9, 3.0, 0.6
"""How far the zone reaches outwards and inwards from the line, and beyond its ends."""


def gateway(layout: Layout) -> Zone:
    """The zone round the layout's first line, as the camera sees it."""
    floor = gateway_floor(layout)
    return Zone("gateway", "entrance", floor, layout.optics.floor_polygon(floor))


def gateway_floor(layout: Layout) -> tuple[Xy, ...]:
    """Its corners in metres."""
    (ax, ay), (bx, by) = layout.lines[0].floor[0], layout.lines[0].floor[-1]
    length = math.dist((ax, ay), (bx, by))
    ux, uy = (bx - ax) / length * BESIDE_M, (by - ay) / length * BESIDE_M
    wx, wy = floor_way(layout)
    out = [(x - wx * BEFORE_M, y - wy * BEFORE_M) for x, y in ((ax - ux, ay - uy), (bx + ux, by + uy))]
    into = [(x + wx * BEHIND_M, y + wy * BEHIND_M) for x, y in ((bx + ux, by + uy), (ax - ux, ay - uy))]
    return (*out, *into)


def floor_way(layout: Layout) -> Xy:
    """The allowed way on the floor: a unit vector across the line, into the shop."""
    line = layout.lines[0]
    (ax, ay), (bx, by) = line.floor[0], line.floor[-1]
    length = math.dist((ax, ay), (bx, by))
    nx, ny = (ay - by) / length, (bx - ax) / length
    inwards = (line.inside_floor[0] - ax) * nx + (line.inside_floor[1] - ay) * ny > 0
    return (nx, ny) if inwards else (-nx, -ny)


def seen_way(layout: Layout) -> Xy:
    """The allowed way in the picture (frame heights), where it goes over the line."""
    (ax, ay), (bx, by) = layout.lines[0].floor[0], layout.lines[0].floor[-1]
    middle, (wx, wy) = ((ax + bx) / 2, (ay + by) / 2), floor_way(layout)
    ends = [(middle[0] + wx * reach, middle[1] + wy * reach, 0.0) for reach in (-0.5, 1.0)]
    (u0, v0), (u1, v1) = layout.optics.project(np.array(ends))[0].tolist()
    return (u1 - u0) * layout.optics.aspect, v1 - v0
