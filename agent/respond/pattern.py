"""How an output sounds or shines while it is active, as a pure function of the time since it began."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.tables.wiring import OutputConfig

# Two short sounds, then a pause: heard as a signal, not as an alarm.
CHIRP = ((0.08, 0.12), (0.08, 1.72))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A repeating row of (on, off) seconds; an empty row is steady on."""

    steps: tuple[tuple[float, float], ...] = ()

    def at(self, elapsed_s: float) -> tuple[bool, float]:
        """The level `elapsed_s` after the start, and the seconds until it next changes (infinite when steady)."""
        if not self.steps:
            return True, math.inf
        left = elapsed_s % sum(on + off for on, off in self.steps)
        for on_s, off_s in self.steps:
            if left < on_s:
                return True, on_s - left
            if left < on_s + off_s:
                return False, on_s + off_s - left
            left -= on_s + off_s
        return True, self.steps[0][0]


def pattern_of(output: OutputConfig) -> Pattern:
    """The pattern that an output's configuration names."""
    match output.pattern:
        case "blink":
            half_s = 0.5 / output.hz
            return Pattern(((half_s, half_s),))
        case "pulse":
            return Pattern(((output.on_s, output.off_s),))
        case "chirp":
            return Pattern(CHIRP)
        case _:
            return Pattern()
