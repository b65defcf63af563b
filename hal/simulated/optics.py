"""A pinhole camera looking at a floor plan: metres to picture and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

NEAR_M = 0.05
"""Nothing nearer to the lens plane than this is projected."""


@dataclass(frozen=True)
class Optics:
    """A camera at `position` looking at `look_at` (metres, z up) with a horizontal field of view.

    Pictures are 0..1 with the origin top left; `aspect` is width / height. A hashable value: derived matrices are
    computed once.
    """

    position: tuple[float, float, float]
    look_at: tuple[float, float, float]
    hfov_deg: float
    aspect: float = 16 / 9

    @cached_property
    def rotation(self) -> F64:
        """World to camera axes (right, down, forward), shape (3, 3)."""
        forward = np.subtract(self.look_at, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        return np.asarray(np.stack([right, np.cross(forward, right), forward]))

    @cached_property
    def tilt_deg(self) -> float:
        """How far the middle of the picture looks below level."""
        return math.degrees(math.asin(-self.rotation[2, 2]))

    @cached_property
    def focal(self) -> F64:
        """Focal lengths in picture widths and picture heights, shape (2,)."""
        fx = 0.5 / math.tan(math.radians(self.hfov_deg) / 2)
        return np.array([fx, fx * self.aspect])

    @cached_property
    def floor_homography(self) -> F64:
        """From floor metres (x, y, 1) to picture (u, v, 1) up to scale, shape (3, 3)."""
        offset = self.rotation @ np.array(self.position)
        return np.asarray(self.intrinsics @ np.column_stack([self.rotation[:, 0], self.rotation[:, 1], -offset]))

    @cached_property
    def intrinsics(self) -> F64:
        """Camera axes to picture 0..1, shape (3, 3)."""
        matrix = np.eye(3)
        matrix[0, 0], matrix[1, 1] = self.focal
        matrix[:2, 2] = 0.5
        return matrix

    def view(self, points: F64) -> F64:
        """World points (n, 3) in camera axes (n, 3); the third is the depth in metres."""
        return np.asarray((points - np.array(self.position)) @ self.rotation.T)

    def project(self, points: F64) -> tuple[F64, F64]:
        """World points (n, 3) as picture points (n, 2) and depths (n,); what lies behind the lens is far outside."""
        seen = self.view(points)
        depth = np.maximum(seen[:, 2], NEAR_M)
        return seen[:, :2] / depth[:, None] * self.focal + 0.5, seen[:, 2]

    def to_floor(self, picture: F64) -> F64:
        """Picture points (n, 2) as floor points (n, 2) in metres; NaN above the horizon."""
        hom = np.column_stack([picture, np.ones(len(picture))]) @ np.linalg.inv(self.floor_homography).T
        hom[hom[:, 2] * self._floor_sign <= 0] = np.nan
        return np.asarray(hom[:, :2] / hom[:, 2:])

    @cached_property
    def _floor_sign(self) -> float:
        """The sign that the inverse homography gives to points below the horizon."""
        straight_down = np.linalg.inv(self.floor_homography) @ self.intrinsics @ self.rotation @ np.array([0, 0, -1.0])
        return math.copysign(1.0, straight_down[2])

    def floor_polygon(self, corners: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        """A polygon on the floor as it is seen: cut at the lens plane and at the picture's edge; () when unseen."""
        world = np.array([(x, y, 0.0) for x, y in corners])
        seen: list[tuple[float, ...]] = [tuple(p) for p in self.view(world)]
        front = _cut(seen, (0.0, 0.0, 1.0), NEAR_M)
        flat: list[tuple[float, ...]] = [
            (x / z * self.focal[0] + 0.5, y / z * self.focal[1] + 0.5) for x, y, z in front
        ]
        for normal, limit in (((1.0, 0.0), 0.0), ((-1.0, 0.0), -1.0), ((0.0, 1.0), 0.0), ((0.0, -1.0), -1.0)):
            flat = _cut(flat, normal, limit)
        return tuple((min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0)) for x, y in flat)


def _cut(polygon: list[tuple[float, ...]], normal: tuple[float, ...], limit: float) -> list[tuple[float, ...]]:
    """Keep the side where normal . p >= limit (Sutherland and Hodgman, 1974)."""
    kept: list[tuple[float, ...]] = []
    for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        da, db = (sum(n * c for n, c in zip(normal, p, strict=True)) - limit for p in (a, b))
        if da >= 0:
            kept.append(a)
        if (da >= 0) != (db >= 0):
            share = da / (da - db)
            kept.append(tuple(p + share * (q - p) for p, q in zip(a, b, strict=True)))
    return kept


def inside(polygon: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a point lies in a polygon (even-odd rule)."""
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def hull(points: F64) -> tuple[tuple[float, float], ...]:
    """The corners of the convex hull of picture points (n, 2), in order (Andrew, 1979)."""
    ordered = sorted({(float(x), float(y)) for x, y in points})
    chains = []
    for run in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for point in run:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    return (*chains[0], *chains[1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
