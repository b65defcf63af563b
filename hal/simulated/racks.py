"""Shelves full of goods: boards with rows of products, drawn with all of them or bare, product by product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from hal.simulated.sheets import U8, Rgb, Texture, blank, grained, shaded, u8

_MUTED, _HAZE = 0.47, np.array([158.0, 152.0, 144.0])
"""Goods are drawn this much paler than their colours, as they look from some metres away under shop light."""

GOODS: tuple[Rgb, ...] = (
    (196, 52, 44), (226, 178, 62), (70, 120, 74), (58, 92, 156), (232, 228, 216), (116, 66, 112), (214, 120, 52),
    (92, 62, 46), (150, 186, 208), (44, 46, 54), (222, 202, 160), (128, 154, 92), (186, 92, 104),
)  # fmt: skip
BOTTLES: tuple[Rgb, ...] = (
    (118, 70, 28), (44, 74, 42), (190, 142, 66), (206, 204, 190), (66, 26, 30), (150, 96, 36), (36, 40, 46),
)  # fmt: skip
BARE = " bare"
"""What the name of a rack's texture ends in when all its goods are gone."""


class Product(NamedTuple):
    """One thing on a board: its left edge, the board it stands on and its size in metres from the rack's top left."""

    x_m: float
    floor_m: float
    wide_m: float
    tall_m: float
    colour: Rgb
    label: Rgb


@dataclass(frozen=True, slots=True)
class Rack:
    """Boards with rows of goods: several facings of one product, then the next. A texture when called."""

    kinds: tuple[Rgb, ...]
    narrow_m: float
    wide_m: float
    bottles: bool

    def __call__(self, width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
        return self._draw(width_m, height_m, ppm, rng, stocked=True)[0]

    def bare(self, width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
        """The same rack (the same generator gives the same boards and tags) without any goods."""
        return self._draw(width_m, height_m, ppm, rng, stocked=False)[0]

    def products(self, width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> list[Product]:
        """What stands on it."""
        return self._draw(width_m, height_m, ppm, rng, stocked=False)[1]

    def _draw(
        self, width_m: float, height_m: float, ppm: float, rng: np.random.Generator, *, stocked: bool
    ) -> tuple[U8, list[Product]]:
        sheet, found = blank(width_m, height_m, ppm, (62, 60, 58)), []
        rows = max(1, round(height_m / 0.36))
        pitch_m = height_m / rows
        for row in range(rows):
            floor_m = (row + 1) * pitch_m - 0.05
            for product in self._row(rng, width_m, floor_m, pitch_m):
                found.append(product)
                if stocked:
                    _product(sheet, product, ppm, self.bottles)
            _board(sheet, rng, floor_m, ppm)
        return grained(u8(_MUTED * sheet + (1 - _MUTED) * _HAZE), rng, 4.0), found

    def _row(self, rng: np.random.Generator, width_m: float, floor_m: float, pitch_m: float) -> Iterator[Product]:
        """One board: two to six copies of a product side by side, a small gap, the next product."""
        x_m = 0.02
        while x_m < width_m - self.narrow_m:
            colour = shaded(self.kinds[int(rng.integers(len(self.kinds)))], float(rng.uniform(0.8, 1.1)))
            label = self.kinds[int(rng.integers(len(self.kinds)))] if rng.random() < 0.5 else (236, 232, 220)
            wide_m, tall_m = float(rng.uniform(self.narrow_m, self.wide_m)), pitch_m * float(rng.uniform(0.5, 0.8))
            for _ in range(int(rng.integers(2, 7))):
                if x_m + wide_m > width_m - 0.02:
                    return
                if rng.random() > 0.06:
                    yield Product(x_m, floor_m, wide_m, tall_m, colour, label)
                x_m += wide_m + 0.008
            x_m += float(rng.uniform(0.0, 0.05))


def _board(sheet: U8, rng: np.random.Generator, floor_m: float, ppm: float) -> None:
    """The front edge of a shelf board with its price tags."""
    y, thick, w = round(floor_m * ppm), max(1, round(0.045 * ppm)), sheet.shape[1]
    cv2.rectangle(sheet, (0, y), (w, y + thick), (206, 204, 198), -1)
    cv2.line(sheet, (0, y + thick), (w, y + thick), (90, 88, 84), 1)
    for x in range(round(0.1 * ppm), w, max(4, round(0.24 * ppm))):
        tag = (244, 240, 226) if rng.random() < 0.8 else (240, 210, 70)
        cv2.rectangle(sheet, (x, y + 1), (x + round(0.07 * ppm), y + thick - 1), tag, -1)


def _product(sheet: U8, product: Product, ppm: float, bottle: bool) -> None:
    x, y, w, h = (round(v * ppm) for v in product[:4])
    colour, label = product.colour, product.label
    neck = round(h * 0.35) if bottle else 0
    cv2.rectangle(sheet, (x, y - h + neck), (x + w - 1, y - 1), colour, -1)
    if bottle:
        cv2.rectangle(sheet, (x + w // 3, y - h), (x + w - 1 - w // 3, y - h + neck), shaded(colour, 0.9), -1)
        cv2.rectangle(sheet, (x + w // 3, y - h), (x + w - 1 - w // 3, y - h + max(1, neck // 4)), label, -1)
    cv2.rectangle(sheet, (x, y - round(h * 0.48)), (x + w - 1, y - round(h * 0.2)), label, -1)
    cv2.line(sheet, (x + w - 1, y - h + neck), (x + w - 1, y - 1), shaded(colour, 0.55), max(1, w // 8))
    cv2.line(sheet, (x + w // 4, y - h + neck), (x + w // 4, y - 1), shaded(colour, 1.25), max(1, w // 9))


goods = Rack(GOODS, 0.07, 0.2, bottles=False)
spirits = Rack(BOTTLES + GOODS[:4], 0.075, 0.1, bottles=True)

STOCKED: dict[str, Rack] = {"goods": goods, "spirits": spirits}
RACKS: dict[str, Texture] = {**STOCKED, **{name + BARE: rack.bare for name, rack in STOCKED.items()}}
"""The racks' textures, with their goods and bare."""
