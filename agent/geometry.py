"""Plane geometry on frame coordinates: y points down, so a positive turn is to the right hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from agent.domain import Point


def turn(a: Point, b: Point, c: Point) -> float:
    """Positive when a -> b -> c turns to the right hand as seen on the screen (y points down), 0 when straight."""
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)


def segments_cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments ab and cd share a point, touching ends included."""
    ab_c, ab_d, cd_a, cd_b = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if ab_c == ab_d == cd_a == cd_b == 0:
        return _overlap(a.x, b.x, c.x, d.x) and _overlap(a.y, b.y, c.y, d.y)
    return ab_c * ab_d <= 0 and cd_a * cd_b <= 0


def in_heights(point: Point, aspect: float) -> Point:
    """A place in 0..1 of a picture of this aspect, in frame heights."""
    return Point(point.x * aspect, point.y)


def distance_to(point: Point, a: Point, b: Point) -> float:
    """From a point to the stretch of line from `a` to `b`."""
    dx, dy = b.x - a.x, b.y - a.y
    along = ((point.x - a.x) * dx + (point.y - a.y) * dy) / max(dx * dx + dy * dy, 1e-12)
    along = min(max(along, 0.0), 1.0)
    return hypot(point.x - a.x - along * dx, point.y - a.y - along * dy)


def _overlap(a: float, b: float, c: float, d: float) -> bool:
    return max(min(a, b), min(c, d)) <= min(max(a, b), max(c, d))


def signed_area(points: Sequence[Point]) -> float:
    """The area a polygon encloses; the sign tells which way round its corners are given."""
    following = [*points[1:], points[0]]
    return sum(a.x * b.y - b.x * a.y for a, b in zip(points, following, strict=True)) / 2


def crosses_itself(points: Sequence[Point]) -> bool:
    """Whether two sides of a polygon that are not neighbours touch."""
    sides = list(zip(points, [*points[1:], points[0]], strict=True))
    last = len(sides) - 1
    return any(
        segments_cross(*sides[i], *sides[j])
        for i in range(len(sides))
        for j in range(i + 2, len(sides))
        if not (i == 0 and j == last)
    )
