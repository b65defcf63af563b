"""Powers over a computer that is not there: what was asked for is kept with its time."""

from __future__ import annotations

from hal.errors import RebootRefused
from hal.ports import Clock


class RecordingPowers:
    """Reboots nothing. `asked_s` holds when (monotonic) it was asked to; one that refuses is asked in vain."""

    def __init__(self, clock: Clock, *, refuses: bool = False) -> None:
        self._clock = clock
        self._refuses = refuses
        self.asked_s: list[float] = []

    def reboot(self) -> None:
        """Note it. Raises RebootRefused when it was made to."""
        self.asked_s.append(self._clock.monotonic())
        if self._refuses:
            raise RebootRefused("the simulated computer refuses to reboot")
