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
LAMP_GONE, LAMP_FOLLOWS = 0.5, 0.05
"""A share of the grey level by lamp, and of its changes that is followed from second to second."""
COLOURLESS, FEW_COLOURS, COLOUR_SHARE = 0.12, 0.8, 0.35
"""Levels of U and V below which a picture has no colours; beside a day that is known, and share of that day's."""


class Light(StrEnum):
    """The light states of semantics.md."""

    DAY = "day"
    IR = "ir"
    OFF = "lights_off"


class LightSense:
    """Follows one camera; one that never shows colours has only one light besides darkness.

    A cover may be colourless, too: whether another light is believed is not decided here.
    """

    def __init__(self) -> None:
        self.light: Light | None = None
        self._since_s = 0.0
        self._lamp: float | None = None

    def take(self, probe: Probe, day: Normal | None, *, closed: bool) -> Light:
        """The light now; `day` is what is usual by day, where that is known.

        Lights are off only while the shop is `closed`: at other times darkness is a fault. So it is when the camera's
        own lamp is suddenly gone: that is a cap, or a lamp that fails, and no end of a day.
        """
        seen = self._seen(probe, day, closed)
        if self.light is None or probe.t_s - self._since_s >= SWITCH_S:
            self.light = seen
        if seen is self.light:
            self._since_s = probe.t_s
        return self.light

    def _seen(self, probe: Probe, day: Normal | None, closed: bool) -> Light:
        mean = float(probe.luma.mean())
        by_lamp = self.light is Light.IR and day is not None
        if self._lamp_gone(mean, by_lamp=by_lamp):
            return Light.IR
        least = DARK_MEAN if by_lamp or day is None else max(DARK_MEAN, DARK_SHARE * day.mean.median)
        if closed and mean < least * self._slack(Light.OFF):
            return Light.OFF
        if mean < DARK_MEAN:
            return Light.IR if by_lamp or day is None else Light.DAY
        return Light.IR if self._colourless(probe.colour, mean, day) else Light.DAY

    def _lamp_gone(self, mean: float, *, by_lamp: bool) -> bool:
        """Whether it has become dark faster than any dusk while the lamp lit the scene."""
        if not by_lamp:
            self._lamp = None
        elif self._lamp is None:
            self._lamp = mean
        elif mean < min(LAMP_GONE * self._lamp, DARK_MEAN):
            return True
        else:
            self._lamp += LAMP_FOLLOWS * (mean - self._lamp)
        return False

    def _colourless(self, colour: float, mean: float, day: Normal | None) -> bool:
        """Less colour than by day, also for so little light: dimmed lamps take both alike."""
        slack = self._slack(Light.IR)
        if day is None:
            return self.light is not Light.DAY and colour < COLOURLESS * slack
        usual = COLOUR_SHARE * day.colour.median
        return colour < min(FEW_COLOURS, usual) * slack and colour < usual * slack * mean / max(day.mean.median, 1.0)

    def _slack(self, light: Light) -> float:
        return HYSTERESIS if self.light is light else 1.0
