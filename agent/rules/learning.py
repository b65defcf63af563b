"""Says while the background is being learned: until then the rules about things notice nothing, and that is told."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import Event
from agent.rules.changes import Changes

LASTING_S = 10.0
"""Shorter interruptions (somebody before the lens, a lamp) are not worth a word."""


class LearningNote:
    """Turns what the background says about itself into events: at the start, and whenever it lastingly changes."""

    def __init__(self) -> None:
        self._told: bool | None = None
        self._agreed_s = 0.0

    def update(self, t_s: float, changes: Changes | None) -> Iterator[Event]:
        """An event `background` with its `state`, learning or ready."""
        if changes is None:
            return
        if changes.ready == self._told:
            self._agreed_s = t_s
        elif self._told is None or changes.ready or t_s - self._agreed_s >= LASTING_S:
            self._told, self._agreed_s = changes.ready, t_s
            yield Event("background", t_s, data={"state": "ready" if changes.ready else "learning"})
