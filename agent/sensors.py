"""Turns what the inputs do into facts, and keeps them until the vision thread takes them with its next frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from agent.domain import FactKind
from agent.rules.facts import Fact
from agent.tables.wiring import InputConfig
from hal.ports import Inputs

MOST = 1000
"""Facts that may wait: a contact that never stops bouncing must not fill the memory."""


class Sensors:
    """The configured inputs. `tell` may be called from any thread: that of the driver or of the API."""

    def __init__(self, inputs: Sequence[InputConfig], lines: Inputs) -> None:
        self._kinds = {line.name: FactKind(line.kind) for line in inputs}
        self._lines = lines
        self._waiting: deque[Fact] = deque(maxlen=MOST)

    def start(self, now_s: float) -> None:
        """Listen from now on; what is active already is told as of now. Raises InputUnavailable."""
        self._lines.listen(self.tell)
        for name in self._lines.names:
            if self._lines.read(name):
                self.tell(name, True, now_s)

    def tell(self, name: str, active: bool, t_s: float) -> None:
        """An input changed at `t_s`, monotonic. Raises KeyError for an unknown name."""
        self._waiting.append(Fact(self._kinds[name], name, t_s, active))

    def take(self) -> list[Fact]:
        """What was told since the last time."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
