"""By which light a camera sees: the shop's, its own infrared lamp's, or hardly any; switched with hysteresis; pure."""

from __future__ import annotations

from enum import StrEnum

from agent.health.features import Probe
from agent.health.judge import Normal

SWITCH_S = 3.0
"""So long another light must last: exposure and filter take a moment."""
HYSTERESIS = 1.6
"""The factor between the bounds at which a light is taken up and left."""
DARK_MEAN, DARK_SHARE = 24.0, 0.3
"""Grey level, and share of the day's, below which the lights are off."""
COLOURLESS, COLOUR_SHARE = 0.5, 0.35
"""Levels of U and V, and share of the day's, below which a picture has no colours: compression leaves some."""


class Light(StrEnum):
    """The light states of semantics.md."""

    DAY = "day"
    IR = "ir"
    OFF = "lights_off"


class LightSense:
    """Follows one camera. A cover may be colourless, too: whether another light is believed is not decided here."""

    def __init__(self) -> None:
        self.light: Light | None = None
        self._since_s = 0.0

    def take(self, probe: Probe, day: Normal | None, *, closed: bool) -> Light:
        """The light now; `day` is what is usual by day, where that is known.

        Lights are off only while the shop is `closed`: at other times darkness is a fault.
        """
        seen = self._seen(probe, day, closed)
        if self.light is None or probe.t_s - self._since_s >= SWITCH_S:
            self.light = seen
        if seen is self.light:
            self._since_s = probe.t_s
        return self.light

    def _seen(self, probe: Probe, day: Normal | None, closed: bool) -> Light:
        mean = float(probe.luma.mean())
        least = max(DARK_MEAN, DARK_SHARE * day.mean.median if day else 0.0)
        if closed and mean < least * self._slack(Light.OFF):
            return Light.OFF
        if mean < DARK_MEAN:
            return Light.IR if self.light is Light.IR else Light.DAY
        return Light.IR if self._colourless(probe.colour, mean, day) else Light.DAY

    def _colourless(self, colour: float, mean: float, day: Normal | None) -> bool:
        """Less colour than by day, also for so little light: dimmed lamps take both alike."""
        most, slack = COLOURLESS, self._slack(Light.IR)
        if day is None:
            return colour < most * slack
        usual = COLOUR_SHARE * day.colour.median
        return colour < min(most, usual) * slack and colour < usual * slack * mean / max(day.mean.median, 1.0)

    def _slack(self, light: Light) -> float:
        return HYSTERESIS if self.light is light else 1.0
