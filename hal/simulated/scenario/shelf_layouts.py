"""Shops whose camera looks at a shelf: the shipped one as it is, and random ones with the camera hung for it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from hal.simulated.optics import Optics
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.shop import Lamp, Layout


@cache
def shelf_layout(seed: int) -> Layout:
    """The shop with this number; the camera some four to six metres from the shelf. Its only zone lies before it."""
    layout = shop_layout(seed)
    optics = layout.optics if layout.lamps else _aimed(layout, np.random.default_rng((seed, 7)))
    lamps = layout.lamps or _lamps(layout, np.random.default_rng((seed, 8)))
    zones = tuple(
        replace(zone, polygon=optics.floor_polygon(zone.floor)) for zone in layout.zones if zone.kind == "high_value"
    )
    return replace(layout, optics=optics, lamps=lamps, zones=zones, lines=())


def _aimed(layout: Layout, rng: np.random.Generator) -> Optics:
    """A camera under the ceiling that sees the shelf and the floor before it."""
    shelf = next(block for block in layout.blocks if block.name == "shelf")
    x, y = shelf.rect[0], (shelf.rect[1] + shelf.rect[3]) / 2
    position = (x - rng.uniform(3.4, 4.4), y - rng.uniform(1.6, 3.0), rng.uniform(2.6, 3.0))
    target = (x - rng.uniform(0.3, 0.9), y + rng.uniform(-0.3, 0.1), rng.uniform(0.8, 1.0))
    return Optics(position, target, rng.uniform(58, 70))


def _lamps(layout: Layout, rng: np.random.Generator) -> tuple[Lamp, ...]:
    width, depth = layout.size
    places = [(width * across, depth * along) for across in (0.3, 0.75) for along in (0.25, 0.7)]
    return tuple(Lamp(place, float(rng.uniform(0.8, 1.1))) for place in places)
