"""The pram that somebody pushes before them: where its box is in the picture."""

from __future__ import annotations

import numpy as np

from hal.simulated.itinerary import Itinerary
from hal.simulated.scenario.bodies import F64, headings_of
from hal.simulated.shop import Layout

AHEAD_M = 0.8
SIZE_M = (0.8, 0.5, 1.0)
"""Length, width and height."""


def pram_boxes(itinerary: Itinerary, layout: Layout, times: F64) -> F64:
    """The boxes (n, 4), 0..1 of the picture, at `times` (n,); of no area where the pram is out of the picture."""
    floor = itinerary.positions(times)
    turned = headings_of(itinerary, times, floor)
    ahead = np.stack([np.cos(turned), np.sin(turned)], axis=1)
    aside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    length, width, height = SIZE_M
    corners = [
        np.column_stack([floor + ahead * (AHEAD_M + a * length / 2) + aside * b * width / 2, np.full(len(floor), z)])
        for a in (-1, 1)
        for b in (-1, 1)
        for z in (0.0, height)
    ]
    xy, depth = layout.optics.project(np.concatenate(corners))
    seen = xy.reshape(8, -1, 2)
    boxes: F64 = np.clip(np.concatenate([seen.min(0), seen.max(0)], axis=1), 0.0, 1.0)
    boxes[depth.reshape(8, -1).min(0) < 1.0] = 0.0
    return boxes
