"""What the picture tells about light, lens, focus and infrared lamp, as readings once a minute; pure.

Everything is beside the picture's brightness, because detail and noise grow with light. Lens and focus are judged by
coloured pictures where a camera shows any: under infrared light the same scene looks otherwise.
"""

from __future__ import annotations

import math

import numpy as np

from agent.health.features import Features, Probe, Reference
from agent.health.readings import Reading

EVERY_S = 60.0
COLOUR_LASTS_S = 86_400.0
DULL_QUARTER = 25
LEAST_NOISE = 0.3
DIMMEST = 8.0
"""Mean grey level under which a picture says nothing about the lens."""


class Optics:
    """Remembers when it last told something, and when the picture last had colours."""

    def __init__(self) -> None:
        self._told_s = -math.inf
        self._colour_s = -math.inf

    def take(
        self, probe: Probe, seen: Features, reference: Reference, noise: float, *, coloured: bool
    ) -> list[Reading]:
        """The readings of a healthy probe, most often none; `noise` is its deviation in grey levels."""
        if coloured:
            self._colour_s = probe.t_s
        if probe.t_s - self._told_s < EVERY_S:
            return []
        self._told_s = probe.t_s
        values = {} if seen.mean < DIMMEST else self._of_parts(probe, seen, reference, noise, coloured=coloured)
        bright = Reading("brightness", probe.t_s, 100.0 * seen.mean / 255.0, "%")
        return [bright, *(Reading(metric, probe.t_s, value, "") for metric, value in values.items())]

    def _of_parts(
        self, probe: Probe, seen: Features, reference: Reference, noise: float, *, coloured: bool
    ) -> dict[str, float]:
        values = {} if coloured else {"ir_light": math.log(seen.mean / max(noise, LEAST_NOISE))}
        if coloured or probe.t_s - self._colour_s > COLOUR_LASTS_S:
            values |= detail(seen, reference)
        return values


def detail(seen: Features, reference: Reference) -> dict[str, float]:
    """Logarithms of what dirt and blur take away: the texture of the dullest quarter, and the sharpness of all."""
    bright = math.log(seen.mean)
    tiles = seen.tiles + reference.tiles - bright
    values = {"focus_detail": seen.sharp + reference.sharp - 2 * bright}
    known = tiles[~np.isnan(tiles)]
    return values | ({"lens_detail": float(np.percentile(known, DULL_QUARTER))} if known.size else {})
