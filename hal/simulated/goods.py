"""The front of a shop's rack: where it is seen, and what stands on it one by one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.simulated.backdrop import Surface, block_faces, chance, detail, surfaces
from hal.simulated.optics import NEAR_M, Optics
from hal.simulated.racks import BARE, STOCKED
from hal.simulated.shop import Block, Layout, Xy

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Front:
    """The best seen face of a rack: `polygon` as the camera has it (0..1), item k with its corners `quads[k]` (4, 2).

    `places_m` (n, 2) are the items' middles on the face, in metres to the right and down from its top left.
    """

    block: str
    polygon: tuple[Xy, ...]
    quads: F64
    places_m: F64

    def mask(self, items: Collection[int], size: tuple[int, int]) -> U8:
        """255 where these items stand in a picture of this size (width, height), uint8 (height, width)."""
        picture = np.zeros((size[1], size[0]), np.uint8)
        for item in items:
            cv2.fillConvexPoly(picture, np.rint(self.quads[item] * size - 0.5).astype(np.int32), 255)
        return picture

    def around(self, middle: int, count: int) -> list[int]:
        """The items nearest to one, itself first; the next board is twice as far as it is."""
        away = (self.places_m - self.places_m[middle]) * (1.0, 2.0)
        return [int(k) for k in np.argsort(np.hypot(*away.T), kind="stable")[:count]]


def bared(layout: Layout, block: str) -> Layout:
    """The layout with this rack empty."""
    blocks = tuple(replace(b, sides=b.sides + BARE) if b.name == block else b for b in layout.blocks)
    return replace(layout, blocks=blocks)


def front_of(layout: Layout, width: int, oversample: float = 2.0) -> Front:
    """The layout's largest rack front in a picture so many pixels wide. Raises ValueError where no rack is seen."""
    seen = [(_seen_area(face, layout.optics), block, face) for block in layout.blocks if block.sides in STOCKED
            for face in tuple(block_faces(block))[:4] if _faces_us(face, layout.optics)]  # fmt: skip
    if not seen:
        raise ValueError(f"no rack is seen in {layout.name}")
    _, block, face = max(seen, key=lambda one: one[0])
    return _stocked(layout, block, face, width * oversample)


def _stocked(layout: Layout, block: Block, face: Surface, width: float) -> Front:
    number = next(k for k, one in enumerate(surfaces(layout)) if _same(one, face))
    wide_m, high_m = face.size_m
    rng = chance(layout, number, face)
    products = STOCKED[block.sides].products(wide_m, high_m, detail(face, layout, round(width)), rng)
    boxes = np.array([(p.x_m, p.floor_m - p.tall_m, p.x_m + p.wide_m, p.floor_m) for p in products])
    corners = boxes[:, [(0, 1), (2, 1), (2, 3), (0, 3)]] / (wide_m, high_m)
    quads = _seen(face, corners.reshape(-1, 2), layout.optics).reshape(-1, 4, 2)
    outline = np.clip(_seen(face, np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)]), layout.optics), 0.0, 1.0)
    polygon = tuple((float(x), float(y)) for x, y in outline)
    return Front(block.name, polygon, quads, (boxes[:, :2] + boxes[:, 2:]) / 2)


def _same(a: Surface, b: Surface) -> bool:
    return a.texture == b.texture and np.array_equal(a.corner, b.corner) and np.array_equal(a.across, b.across)


def _seen(face: Surface, shares: F64, optics: Optics) -> F64:
    """Points of a face, given as shares across and down (n, 2), in the picture (n, 2)."""
    return optics.project(face.corner + shares[:, :1] * face.across + shares[:, 1:] * face.down)[0]


def _faces_us(face: Surface, optics: Optics) -> bool:
    """Whether the camera is before the face and all of it before the lens."""
    outward = np.cross(face.down, face.across)
    corners = face.corner + np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)]) @ np.stack([face.across, face.down])
    before = float(outward @ (np.array(optics.position) - face.corner)) > 0
    return before and bool((optics.view(corners)[:, 2] > NEAR_M).all())


def _seen_area(face: Surface, optics: Optics) -> float:
    outline = np.clip(_seen(face, np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)]), optics), 0.0, 1.0)
    x, y = outline.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
