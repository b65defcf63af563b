"""The rule `line_crossing`."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import Json
from agent.rule_config import LineCrossingRule
from agent.rules.base import Hit, Subject, View
from agent.rules.lines import Crossing


class LineCrossing:
    """A person crossed the line in a direction that matters; the condition holds for `hold_s` afterwards."""

    def __init__(self, config: LineCrossingRule, line: int) -> None:
        self.config = config
        self._line = line
        self._recent: dict[int, Crossing] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who crossed within the last `hold_s`."""
        self._recent = {t: c for t, c in self._recent.items() if view.t_s - c.t_s <= self.config.hold_s}
        for crossing in view.crossings:
            if crossing.line == self._line and self.config.direction in ("any", crossing.direction):
                self._recent[crossing.track] = crossing
        for track, crossing in self._recent.items():
            factors: dict[str, Json] = {"direction": crossing.direction, "crossed_s": round(crossing.t_s, 3)}
            subject = Subject(self.config.name, track)
            yield Hit(subject, self.config.severity, line=self.config.line, factors=factors)
