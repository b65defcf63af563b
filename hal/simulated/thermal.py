"""What a thermal array beside the simulated camera sees: a room, warm people, noise; and its faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hal.errors import ThermalLost, ThermalUnavailable
from hal.ports import F32, Clock, HalSettings
from hal.simulated.scene import Scene
from hal.simulated.shop import load_layout

ROWS, COLUMNS = 24, 32
ROOM_C, PERSON_C, NOISE_C = 21.0, 30.0, 0.25
"""Clothes and skin together; the noise of the real array at 2 Hz."""

Body = tuple[float, float, float, float]
"""A warm body's box in the picture, 0..1."""


def warm_picture(bodies: Sequence[Body], rng: np.random.Generator, room_c: float = ROOM_C) -> F32:
    """Degrees (24, 32) of a room with warm bodies in it. A body warms a pixel by the share that it covers."""
    x = np.arange(COLUMNS + 1) / COLUMNS
    y = np.arange(ROWS + 1) / ROWS
    covered = np.zeros((ROWS, COLUMNS))
    for x1, y1, x2, y2 in bodies:
        wide = np.clip(np.minimum(x[1:], x2) - np.maximum(x[:-1], x1), 0.0, None) * COLUMNS
        high = np.clip(np.minimum(y[1:], y2) - np.maximum(y[:-1], y1), 0.0, None) * ROWS
        covered = np.maximum(covered, high[:, None] * wide)
    noise = rng.normal(0.0, NOISE_C, covered.shape)
    return np.asarray(room_c + (PERSON_C - room_c) * covered + noise, np.float32)


class SimulatedThermal:
    """An array (hal.ports.ThermalArray) that shows what `bodies` are there now.

    `lose` makes it stop answering, `freeze` repeat its last picture, `spoil` measure nonsense; `mend` ends all that.
    """

    def __init__(self, bodies: Callable[[], Sequence[Body]], seed: int = 1) -> None:
        self._bodies = bodies
        self._rng = np.random.default_rng((seed, 90640))
        self._last = warm_picture((), self._rng)
        self._fault = ""
        self._open = False

    def open(self) -> None:
        """Start. Raises ThermalUnavailable while it is lost."""
        if self._fault == "lost":
            raise ThermalUnavailable("there is no simulated thermal array", hint="mend it")
        self._open = True

    def read(self) -> F32:
        """The picture of now. Raises ThermalLost."""
        if not self._open or self._fault == "lost":
            raise ThermalLost("the simulated thermal array was lost")
        if self._fault != "frozen":
            self._last = warm_picture(self._bodies(), self._rng)
        return np.full_like(self._last, 1000.0) if self._fault == "spoilt" else self._last.copy()

    def close(self) -> None:
        """Stop."""
        self._open = False

    def lose(self) -> None:
        self._fault = "lost"

    def freeze(self) -> None:
        self._fault = "frozen"

    def spoil(self) -> None:
        self._fault = "spoilt"

    def mend(self) -> None:
        self._fault = ""


def thermal_of(settings: HalSettings, clock: Clock) -> SimulatedThermal:
    """The array beside the simulated camera of these settings, in time with it."""
    layout = load_layout().with_aspect(settings.width / settings.height)
    scene, began_s = Scene(layout, settings.seed, settings.scene), clock.monotonic()

    def bodies() -> list[Body]:
        people = scene.at(clock.monotonic() - began_s).people
        return [person.seen_box for person in people if person.seen_box is not None]

    return SimulatedThermal(bodies, settings.seed)
