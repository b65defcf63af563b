"""How the light changes in a shop: lamps go off and on, the sun shines in, the exposure steps, tubes flicker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hal.simulated.scenery import Furnishing, Scenery, Sun, lamps_off
from hal.simulated.shop import Layout, Xy

DRIFT_MPS = 0.004
"""How fast a patch of sunlight wanders: some ten times as fast as in truth."""
DRIFT_ON_FRONT = 0.002
"""The same on a rack's front, in shares of its width a second."""


@dataclass(frozen=True, slots=True)
class Spell:
    """Another light from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    change: Callable[[Scenery, float], Scenery]


class Lighting:
    """The light of a day: `count` spells at random times of `length_s`. `front` are the corners of the rack's front as
    they are seen, from the top left on and clockwise.
    """

    def __init__(
        self, layout: Layout, front: Sequence[Xy], count: int, length_s: float, rng: np.random.Generator
    ) -> None:
        often = (_lamp, _sun, _sun, _exposure, _exposure, _flicker, _tint)
        kinds = (*often, *often, partial(_sun_on_goods, front))
        starts = np.sort(rng.uniform(60.0, length_s, count))
        self._spells = [
            Spell(float(at_s), float(at_s + rng.uniform(15, 120)), kinds[int(rng.integers(len(kinds)))](layout, rng))
            for at_s in starts
        ]

    def over(self, furnishing: Furnishing, t_s: float) -> Scenery:
        """The furnishing in the light of a moment."""
        scenery = Scenery(furnishing)
        for spell in self._spells:
            if spell.start_s <= t_s < spell.end_s:
                scenery = spell.change(scenery, t_s - spell.start_s)
        return scenery


Change = Callable[[Scenery, float], Scenery]


def _lamp(layout: Layout, rng: np.random.Generator) -> Change:
    """One lamp is off."""
    powers = lamps_off(layout, {int(rng.integers(max(len(layout.lamps), 1)))})
    return lambda scenery, _: replace(scenery, furnishing=replace(scenery.furnishing, lamps=powers))


def _sun(layout: Layout, rng: np.random.Generator) -> Change:
    """A window's patch of sun on the floor, which wanders."""
    (width, depth), strength = layout.size, float(rng.uniform(0.2, 0.9))
    x, y = rng.uniform(0.3, 0.8) * width, rng.uniform(0.25, 0.8) * depth
    w, d, lean = rng.uniform(0.5, 1.6), rng.uniform(0.4, 1.4), rng.uniform(-0.4, 0.4)

    def shining(scenery: Scenery, into_s: float) -> Scenery:
        a = x + DRIFT_MPS * into_s
        corners: tuple[Xy, ...] = ((a, y), (a + w, y), (a + w + lean, y + d), (a + lean, y + d))
        return replace(scenery, sun=Sun(corners, strength))

    return shining


def _sun_on_goods(front: Sequence[Xy], layout: Layout, rng: np.random.Generator) -> Change:
    """A window's patch of sun on the rack's front, which wanders."""
    strength, top_left, top_right, low_right, low_left = float(rng.uniform(0.2, 0.9)), *np.array(front)
    x, w, lean = rng.uniform(0.0, 0.6), rng.uniform(0.15, 0.5), rng.uniform(-0.2, 0.2)
    y, h = rng.uniform(0.0, 0.5), rng.uniform(0.25, 0.8)

    def seen(across: float, down: float) -> Xy:
        a, d = np.clip((across, down), 0.0, 1.0)
        point = (1 - d) * ((1 - a) * top_left + a * top_right) + d * ((1 - a) * low_left + a * low_right)
        return float(point[0]), float(point[1])

    def shining(scenery: Scenery, into_s: float) -> Scenery:
        a = x + DRIFT_ON_FRONT * into_s
        corners = ((a, y), (a + w, y), (a + w + lean, y + h), (a + lean, y + h))
        return replace(scenery, sun=Sun((), strength, tuple(seen(*corner) for corner in corners)))

    return shining


def _exposure(layout: Layout, rng: np.random.Generator) -> Change:
    """The automatic exposure steps, or takes some seconds to."""
    gain, ramp_s = float(rng.uniform(0.7, 1.35)), float(rng.choice([0.1, 6.0]))
    lift = float(rng.uniform(-4, 8))

    def exposed(scenery: Scenery, into_s: float) -> Scenery:
        share = min(into_s / ramp_s, 1.0)
        return replace(scenery, gain=round(1 + (gain - 1) * share, 3), lift=round(lift * share, 1))

    return exposed


def _flicker(layout: Layout, rng: np.random.Generator) -> Change:
    """The mains beats with the shutter."""
    depth = float(rng.uniform(0.01, 0.05))
    return lambda scenery, _: replace(scenery, flicker=depth)


def _tint(layout: Layout, rng: np.random.Generator) -> Change:
    """The automatic white balance steps."""
    tint = int(rng.integers(-7, 8)), int(rng.integers(-7, 8))
    return lambda scenery, _: replace(scenery, tint=tint)
