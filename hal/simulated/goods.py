"""The front of a shop's rack: where it is seen, and what stands on it one by one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hal.simulated.backdrop import Surface, backdrop, block_faces, chance, detail, surfaces
from hal.simulated.optics import NEAR_M, Optics
from hal.simulated.racks import BARE, STOCKED
from hal.simulated.shop import Block, Layout, Xy

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Front:
    """The best seen face of a rack: `polygon` as the camera has it (0..1), item k with its corners `quads[k]` (4, 2).

    `places_m` (n, 2) are the items' middles on the face, in metres to the right and down from its top left, `spots`
    (n, 3) points a hand's breadth before them in the room.
    """

    block: str
    polygon: tuple[Xy, ...]
    quads: F64
    places_m: F64
    spots: F64

    @property
    def item_share(self) -> float:
        """How much of the polygon one of the larger items takes: nine in ten look smaller."""
        return float(np.quantile([_area(quad) for quad in self.quads], 0.9)) / _area(np.array(self.polygon))

    def mask(self, items: Collection[int], size: tuple[int, int]) -> U8:
        """255 where these items stand in a picture of this size (width, height), uint8 (height, width)."""
        picture = np.zeros((size[1], size[0]), np.uint8)
        for item in items:
            cv2.fillConvexPoly(picture, np.rint(self.quads[item] * size - 0.5).astype(np.int32), 255)
        return picture

    def around(self, middle: int, among: Sequence[int]) -> list[int]:
        """Some items from the nearest to one to the farthest; the next board is twice as far as it is."""
        away = (self.places_m[list(among)] - self.places_m[middle]) * (1.0, 2.0)
        return [among[k] for k in np.argsort(np.hypot(*away.T), kind="stable")]


def contrasts(layout: Layout, front: Front, width: int, height: int, oversample: float = 2.0) -> F64:
    """By how many levels each item differs from what is behind it, on average over its corners' box, shape (n,)."""
    size = (width, height)
    full, bare = (
        cv2.cvtColor(backdrop(one, *size, oversample).rgb, cv2.COLOR_RGB2GRAY)
        for one in (layout, bared(layout, front.block))
    )
    apart = cv2.absdiff(full, bare)
    return np.array([cv2.mean(apart, front.mask([k], size))[0] for k in range(len(front.quads))])


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
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    spots = _on(face, middles / (wide_m, high_m)) + 0.08 * _outward(face)
    return Front(block.name, polygon, quads, middles, spots)


def _same(a: Surface, b: Surface) -> bool:
    return a.texture == b.texture and np.array_equal(a.corner, b.corner) and np.array_equal(a.across, b.across)


def _seen(face: Surface, shares: F64, optics: Optics) -> F64:
    """Points of a face, given as shares across and down (n, 2), in the picture (n, 2)."""
    return optics.project(_on(face, shares))[0]


def _on(face: Surface, shares: F64) -> F64:
    """Points of a face in the room (n, 3)."""
    return np.asarray(face.corner + shares[:, :1] * face.across + shares[:, 1:] * face.down)


def _outward(face: Surface) -> F64:
    """The direction that a face looks, of length 1."""
    normal = np.cross(face.down, face.across)
    return np.asarray(normal / np.linalg.norm(normal))


def _faces_us(face: Surface, optics: Optics) -> bool:
    """Whether the camera is before the face and all of it before the lens."""
    corners = face.corner + np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)]) @ np.stack([face.across, face.down])
    before = float(_outward(face) @ (np.array(optics.position) - face.corner)) > 0
    return before and bool((optics.view(corners)[:, 2] > NEAR_M).all())


def _seen_area(face: Surface, optics: Optics) -> float:
    outline = np.clip(_seen(face, np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)]), optics), 0.0, 1.0)
    return _area(outline)


def _area(outline: F64) -> float:
    x, y = outline.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
