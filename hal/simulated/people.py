"""What people look like: build, skin, hair, clothes and what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
U8 = NDArray[np.uint8]


class Ink(IntEnum):
    """The materials a figure is painted with; the value is the index drawn into the picture."""

    SKIN = 1
    HAIR = 2
    TOP = 3
    PATTERN = 4
    LEGS = 5
    SHOE = 6
    BAG = 7
    DARK = 8
    HAT = 9


SKINS: tuple[Rgb, ...] = (
    (236, 200, 178), (224, 182, 152), (205, 160, 128), (178, 132, 100), (140, 98, 72), (104, 70, 52), (78, 54, 42),
)  # fmt: skip
HAIRS: tuple[Rgb, ...] = (
    (28, 24, 22), (48, 36, 28), (74, 52, 36), (110, 80, 52), (158, 124, 80), (130, 128, 126), (92, 48, 32),
)  # fmt: skip
TOPS: tuple[Rgb, ...] = (
    (190, 44, 46), (38, 60, 112), (60, 92, 66), (214, 210, 200), (44, 46, 52), (120, 122, 128), (208, 160, 60),
    (96, 142, 186), (142, 84, 120), (88, 66, 50), (226, 226, 232), (30, 84, 92), (168, 108, 74), (70, 74, 96),
)  # fmt: skip
LEGS: tuple[Rgb, ...] = (
    (40, 50, 78), (54, 66, 98), (32, 33, 38), (78, 76, 74), (138, 122, 96), (58, 50, 44), (86, 98, 120),
)  # fmt: skip
SHOES: tuple[Rgb, ...] = ((28, 26, 26), (64, 44, 32), (196, 194, 190), (52, 54, 60), (120, 36, 36))
BAGS: tuple[Rgb, ...] = ((150, 110, 70), (40, 40, 46), (190, 60, 60), (200, 196, 186), (60, 90, 70))


@dataclass(frozen=True)
class Look:
    """One person's appearance. Lengths in metres; `girth` and `breadth` scale a normal build (1.0)."""

    height_m: float
    girth: float
    breadth: float
    stoop_rad: float
    skin: Rgb
    hair: Rgb
    top: Rgb
    pattern: Rgb
    stripes: int
    legs: Rgb
    shoe: Rgb
    bag: Rgb
    hat_colour: Rgb
    hem_m: float
    trouser: float
    short_sleeves: bool = False
    long_hair: bool = False
    hat: bool = False
    skirt: bool = False
    bare_legs: bool = False
    carries: bool = False
    backpack: bool = False
    grain: int = 0

    @cached_property
    def palette(self) -> U8:
        """RGB of every ink, shape (1, 16, 3); unused entries are black."""
        table = np.zeros((1, 16, 3), np.uint8)
        inks = {
            Ink.SKIN: self.skin, Ink.HAIR: self.hair, Ink.TOP: self.top, Ink.PATTERN: self.pattern,
            Ink.LEGS: self.legs, Ink.SHOE: self.shoe, Ink.BAG: self.bag, Ink.DARK: (30, 22, 20),
            Ink.HAT: self.hat_colour,
        }  # fmt: skip
        for ink, colour in inks.items():
            table[0, ink] = colour
        return table


def random_look(rng: np.random.Generator) -> Look:
    """A shopper drawn from a rich wardrobe; the same generator state gives the same person."""
    skirt = bool(rng.random() < 0.18)
    coat = bool(rng.random() < 0.1)
    return Look(
        height_m=float(np.clip(rng.normal(1.71, 0.08), 1.5, 1.95)),
        girth=float(np.clip(rng.normal(1.24, 0.13), 0.95, 1.6)),
        breadth=float(rng.uniform(0.97, 1.15)),
        stoop_rad=float(rng.uniform(0.0, 0.09)),
        skin=_tone(rng, SKINS, 8),
        hair=_tone(rng, HAIRS, 8),
        top=_tone(rng, TOPS, 18),
        pattern=_tone(rng, TOPS, 18),
        stripes=int(rng.choice([0, 0, 0, 0, 4, 7])),
        legs=_tone(rng, LEGS, 14),
        shoe=_tone(rng, SHOES, 8),
        bag=_tone(rng, BAGS, 14),
        hat_colour=_tone(rng, TOPS, 18),
        hem_m=float(rng.uniform(0.24, 0.36)) if coat else float(rng.uniform(0.03, 0.1)),
        trouser=float(rng.uniform(1.0, 1.35)),
        short_sleeves=not coat and bool(rng.random() < 0.4),
        long_hair=bool(rng.random() < 0.42),
        hat=bool(rng.random() < 0.12),
        skirt=skirt,
        bare_legs=skirt and bool(rng.random() < 0.6),
        carries=bool(rng.random() < 0.3),
        backpack=bool(rng.random() < 0.16),
        grain=int(rng.integers(0, 1 << 16)),
    )


def _tone(rng: np.random.Generator, colours: tuple[Rgb, ...], spread: int) -> Rgb:
    """One of the colours, a little lighter or darker."""
    base = colours[int(rng.integers(len(colours)))]
    shift = rng.integers(-spread, spread + 1)
    r, g, b = (int(np.clip(c + shift, 6, 250)) for c in base)
    return r, g, b
