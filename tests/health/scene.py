"""A made-up scene for tests of the picture's health: structure everywhere, a little noise, light that can change."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from agent.domain import Box, HealthSample, HealthState
from agent.health.features import Probe
from agent.health.image import ImageHealth
from agent.health.picture import probe_of
from hal.ports import U8, Frame, Yuv420

GREY = np.full((90, 160), 128, np.uint8)


def room(seed: int = 1) -> U8:
    """Boxes of many greys, as a shelf has; uint8 (180, 320)."""
    rng = np.random.default_rng(seed)
    picture = np.full((180, 320), 120, np.uint8)
    for _ in range(60):
        x, y = int(rng.integers(0, 300)), int(rng.integers(0, 160))
        size = (x + int(rng.integers(8, 60)), y + int(rng.integers(8, 40)))
        cv2.rectangle(picture, (x, y), size, int(rng.integers(50, 210)), -1)
    return picture


class Camera:
    """Looks at a picture once a second, with a sensor's noise, and keeps what its health tells."""

    def __init__(self, picture: U8 | None = None, learn_s: float = 10.0) -> None:
        self.picture = room() if picture is None else picture
        self.health = ImageHealth(learn_s)
        self.rng = np.random.default_rng(5)
        self.t_s = 0.0
        self.told: list[HealthSample] = []

    def probe(self, picture: U8, people: Iterable[Box] = (), noise: float = 1.5, tint: int = 0) -> Probe:
        luma = picture + self.rng.normal(0, noise, picture.shape) if noise else picture
        plane = np.clip(np.rint(luma), 0, 255).astype(np.uint8)
        colour = (GREY + tint).astype(np.uint8)
        planes = Yuv420(plane, colour, colour)
        return probe_of(Frame(0, self.t_s, planes, planes), people)

    def look(
        self,
        seconds: int,
        picture: U8 | None = None,
        people: Iterable[Box] = (),
        *,
        noise: float = 1.5,
        tint: int = 0,
        closed: bool = False,
        every_s: float = 1.0,
    ) -> list[tuple[str, str]]:
        """So many seconds of this picture (its own by default); what was told, `(what, state)`."""
        before = len(self.told)
        for _ in range(round(seconds / every_s)):
            self.t_s += every_s
            probe = self.probe(self.picture if picture is None else picture, people, noise, tint)
            self.told += self.health.update(probe, dark_expected=closed)
        return [(one.what, str(one.state)) for one in self.told[before:]]

    def faults(self) -> list[HealthSample]:
        return [one for one in self.told if one.state in (HealthState.FAULT, HealthState.WARNING)]
