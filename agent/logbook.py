"""The last lines of the agent's own log, kept in memory for those who ask over the API."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from agent.domain import Json
from agent.events.lines import utc_text
from hal.ports import Clock

MOST_LINES = 2000
MOST_CHARACTERS = 2000
"""Of one line, with its traceback."""
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Line(NamedTuple):
    """One line: its number, when (UTC), how grave, which part of the program, and the text."""

    number: int
    utc_s: float
    level: int
    name: str
    text: str

    def facts(self) -> dict[str, Json]:
        """As JSON."""
        level = logging.getLevelName(self.level).lower()
        return {"n": self.number, "utc": utc_text(self.utc_s), "level": level, "name": self.name, "text": self.text}


class LogBook(logging.Handler):
    """Takes what the program logs, from any thread."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; called under the handler's lock."""
        self._count += 1
        text = self.format(record)[:MOST_CHARACTERS]
        self._lines.append(Line(self._count, self._clock.wall().utc_s, record.levelno, record.name, text))

    def after(self, number: int, least: int = 0) -> list[Line]:
        """The lines behind this one that are at least so grave, oldest first."""
        return [line for line in self._lines.copy() if line.number > number and line.level >= least]

    @contextmanager
    def kept(self) -> Iterator[LogBook]:
        """While this lasts the program's log comes here, too."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield self
        finally:
            root.removeHandler(self)
