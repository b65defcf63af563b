"""Spares a board that is too hot: it looks less often, and never gives up alarms; pure."""

from __future__ import annotations

GAPS_S = (0.0, 0.125, 0.25)
"""Least time between two looks by level: as the camera gives, at most 8 a second, at most 4."""
HOTTER_C = (80.0, 84.0)
"""What takes the pace one level down: Raspberry Pi boards slow themselves down at 80 and 85 degrees."""
COOLER_C = (74.0, 79.0)
"""What takes it up again."""
HOLD_S = 60.0


class Cooling:
    """Follows the processor's temperature; `level` rises and falls by one at a time, a minute apart."""

    def __init__(self) -> None:
        self.level = 0
        self._changed_s: float | None = None

    @property
    def gap_s(self) -> float:
        """The time to leave between two looks now."""
        return GAPS_S[self.level]

    def update(self, t_s: float, temp_c: float) -> bool:
        """Take a temperature; true when the level changed."""
        if self._changed_s is not None and t_s - self._changed_s < HOLD_S:
            return False
        step = self._step(temp_c)
        if step:
            self.level += step
            self._changed_s = t_s
        return bool(step)

    def _step(self, temp_c: float) -> int:
        if self.level < len(HOTTER_C) and temp_c >= HOTTER_C[self.level]:
            return 1
        return -1 if self.level and temp_c <= COOLER_C[self.level - 1] else 0
