"""The status light: what the camera does, told by the rhythm of one LED to whoever stands below it.

No code is steady: a light that stays on or off says that the program does not run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from enum import StrEnum

from agent.respond.pattern import Pattern
from hal.errors import OutputUnavailable
from hal.ports import Clock, Outputs

log = logging.getLogger(__name__)

STATUS = "status"
LOOK_S = 0.5
STARTING_S = 60.0
"""For how long a camera without a picture counts as starting; then something is wrong with it."""


class Light(StrEnum):
    """What the light tells; where several hold, the first of them here."""

    SAFE_MODE = "safe mode"
    ALARM = "alarm"
    FAULT = "fault"
    STARTING = "starting"
    UNCLAIMED = "unclaimed"
    WATCHING = "watching"


CODES: dict[Light, Pattern] = {
    Light.SAFE_MODE: Pattern(((1.5, 0.5),)),
    Light.ALARM: Pattern(((0.25, 0.25),)),
    Light.FAULT: Pattern(((0.15, 0.25), (0.15, 0.25), (0.15, 2.05))),
    Light.STARTING: Pattern(((0.1, 0.1),)),
    Light.UNCLAIMED: Pattern(((0.15, 0.25), (0.15, 2.45))),
    Light.WATCHING: Pattern(((0.15, 2.85),)),
}
WORDS: dict[Light, str] = {
    Light.SAFE_MODE: "long on, short off",
    Light.ALARM: "even, twice a second",
    Light.FAULT: "three flashes, then a pause",
    Light.STARTING: "flickers, five times a second",
    Light.UNCLAIMED: "two flashes, then a pause",
    Light.WATCHING: "one flash every three seconds",
}
"""The codes as people are told them."""


class StatusLights:
    """The lines with the role `status`. `look` says what holds now; belongs to the event loop."""

    def __init__(self, names: Sequence[str], outputs: Outputs, clock: Clock, look: Callable[[], Light]) -> None:
        self._names = names
        self._outputs = outputs
        self._clock = clock
        self._look = look
        self._shown = Light.STARTING
        self._since_s = clock.monotonic()
        self._on: bool | None = None
        self._dead: set[str] = set()

    async def run(self) -> None:
        """Until cancelled; then the lights are dark."""
        try:
            while True:  # noqa: ASYNC110 - time itself is what is waited for
                await asyncio.sleep(self.step())
        finally:
            self._set(on=False)

    def step(self) -> float:
        """Show what holds now; the seconds until the next look."""
        if not self._names:
            return 3600.0
        now_s = self._clock.monotonic()
        if (light := self._look()) is not self._shown:
            self._shown, self._since_s = light, now_s
        on, left_s = CODES[self._shown].at(now_s - self._since_s)
        if on is not self._on:
            self._set(on=on)
        return min(max(left_s, 0.01), LOOK_S)

    def _set(self, *, on: bool) -> None:
        """A light that cannot be driven is said once, and nothing else suffers from it."""
        self._on = on
        for name in self._names:
            try:
                self._outputs.set(name, on)
                self._dead.discard(name)
            except OutputUnavailable as error:
                if name not in self._dead:
                    log.warning("the status light %s cannot be driven: %s", name, error)
                self._dead.add(name)
