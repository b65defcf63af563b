"""What one camera sees second by second, for scores of its own health: a shop in its changing light, with everything
harmless that happens before a camera, and the people in it.

Hours in which nothing happens are left out: a day is a few hundred seconds in which all of it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from hal.ports import U8, Yuv420
from hal.simulated.pictures import random_layout, random_people
from hal.simulated.render import Figure, Light, Renderer
from hal.simulated.scenery import Scenery, Sun

SIZE = (320, 180)
EXPOSED = 150.0
"""Grey level to which a camera exposes a bright shop: none leaves it white."""
BoxXyxy = tuple[float, float, float, float]
Lighting = Callable[[int], Scenery]


class Sight(NamedTuple):
    """One second: the picture, where people are (0..1), whether the shop is closed and dark, and what goes on."""

    t_s: float
    picture: Yuv420
    people: tuple[BoxXyxy, ...]
    closed: bool
    harmless: str


class Outlook:
    """One camera in one shop, chosen by its seed; every second one `has_lamp`: infrared light for the night."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng((seed, 88))
        self.layout = random_layout(np.random.default_rng((seed, 87)))
        self._renderers = {light: Renderer(self.layout, *SIZE, light) for light in Light}
        self.has_lamp = bool(seed % 2)
        self._exposure = min(1.0, EXPOSED / float(self._renderers[Light.DAY].render((), 0).y.mean()))
        self._t_s = 0.0
        self._index = 0

    def usual(self, seconds: int) -> Iterator[Sight]:
        """Ordinary business: few people, light that drifts a little."""
        phase = self._rng.uniform(0, 6)
        return self._shown(seconds, "usual", lambda k: Scenery(gain=1 + 0.06 * float(np.sin(phase + k / 90))), people=3)

    def day(self) -> Iterator[Sight]:
        """A day with all that is harmless in it, in any order, and a night: by infrared or without any light."""
        parts = [self.crowd, self.delivery, self.sunbeam, self.hunting, self.flicker, self.close_by]
        for part in self._rng.permutation(np.array(parts, dtype=object)):
            yield from self.usual(40)
            yield from part()
        yield from self.usual(30)
        yield from self.infrared(120) if self.has_lamp else self.night(90)

    def crowd(self) -> Iterator[Sight]:
        """So many people that little of the shop is seen."""
        return self._shown(70, "crowd", lambda k: Scenery(), people=14)

    def delivery(self) -> Iterator[Sight]:
        """A roll container full of boxes stands before the camera for a while."""
        goods = self._stack_of_boxes()
        for sight in self._shown(80, "delivery", lambda k: Scenery(), people=2):
            left = goods.shape[1] // 3
            sight.picture.y[-goods.shape[0] :, left : left + goods.shape[1]] = goods
            yield sight

    def sunbeam(self) -> Iterator[Sight]:
        """The sun draws a patch across the floor."""
        width, depth = self.layout.size

        def light(k: int) -> Scenery:
            x, y = width * (0.1 + 0.6 * k / 90), depth * 0.4
            patch = ((x, y), (x + 1.4, y + 0.3), (x + 1.6, y + 1.8), (x + 0.2, y + 1.5))
            return Scenery(sun=Sun(patch, 0.8), gain=0.95)

        return self._shown(90, "sunbeam", light, people=2)

    def hunting(self) -> Iterator[Sight]:
        """The exposure swings to and fro."""
        return self._shown(60, "exposure", lambda k: Scenery(gain=1 + 0.3 * float(np.sin(k / 2))), people=2)

    def flicker(self) -> Iterator[Sight]:
        """A lamp flickers."""
        return self._shown(60, "flicker", lambda k: Scenery(flicker=0.03, gain=0.9 + 0.1 * (k % 2)), people=2)

    def close_by(self) -> Iterator[Sight]:
        """Somebody works close before the camera, unseen by the detector, for a few seconds at a time."""
        for sight in self._shown(60, "close by", lambda k: Scenery(), people=1):
            if int(sight.t_s) % 20 < 6:
                sight.picture.y[SIZE[1] // 4 :, : SIZE[0] // 2] = 70 + self._rng.integers(0, 12, (135, 160), np.uint8)
            yield sight

    def infrared(self, seconds: int) -> Iterator[Sight]:
        """The shop is closed and dark; the camera sees by its own lamp, without colours. Somebody walks through."""
        return self._shown(seconds, "infrared", lambda k: Scenery(), people=1, closed=True, lamp=Light.NIGHT)

    def night(self, seconds: int) -> Iterator[Sight]:
        """The lights are off, as they should be."""
        return self._shown(seconds, "lights off", lambda k: Scenery(gain=0.06, lift=-8.0), people=0, closed=True)

    def _shown(
        self,
        seconds: int,
        what: str,
        light: Lighting,
        people: int,
        closed: bool = False,
        lamp: Light = Light.DAY,
    ) -> Iterator[Sight]:
        figures: list[Figure] = []
        for second in range(seconds):
            if second % 5 == 0:
                figures = random_people(self._rng, self.layout, int(self._rng.integers(people // 2, people + 1)))
            self._t_s += 1.0
            self._index += 1
            scenery = light(second)
            if lamp is Light.DAY:
                scenery = replace(scenery, gain=scenery.gain * self._exposure)
            picture = self._renderers[lamp].render(figures, self._index, scenery)
            boxes = tuple(figure.discs.extent() for figure in figures)
            yield Sight(self._t_s, picture, boxes, closed, what)

    def _stack_of_boxes(self) -> U8:
        height, width = SIZE[1] // 2, SIZE[0] // 3
        goods = np.full((height, width), 120, np.uint8)
        for row in range(0, height, 15):
            for column in range(0, width, 21):
                grey = int(self._rng.integers(60, 200))
                cv2.rectangle(goods, (column, row), (column + 19, row + 13), grey, -1)
                cv2.line(goods, (column, row + 7), (column + 19, row + 7), grey // 2, 1)
        return goods
