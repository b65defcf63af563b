"""Turns what inputs and tills do into facts, and keeps them until the vision thread takes them with its next frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.domain import FactKind
from agent.rules.facts import Fact, TillEvent, Told
from agent.tables.wiring import InputConfig
from hal.ports import Inputs

MOST = 1000
"""Facts that may wait: a contact that never stops bouncing must not fill the memory."""
PULSE_S = 0.5
"""How long a pulse told over the API is active."""


@dataclass(slots=True)
class Level:
    """One input as it stands: `active` is None until anything is known, `changed_s` is on the monotonic clock."""

    config: InputConfig
    active: bool | None = None
    changed_s: float | None = None
    error_s: float = 0.0

    @property
    def source(self) -> str:
        """Who tells: a pin or the API."""
        return "api" if self.config.pin is None else "pin"


class Sensors:
    """The configured inputs. `tell` may be called from any thread: that of the driver or of the API.

    `hear` is shown every fact at once, on the thread that tells it.
    """

    def __init__(
        self, inputs: Sequence[InputConfig], lines: Inputs, hear: Callable[[Fact], None] = lambda _: None
    ) -> None:
        self.levels = {line.name: Level(line) for line in inputs}
        self._lines = lines
        self._hear = hear
        self._waiting: deque[Told] = deque(maxlen=MOST)

    def start(self, now_s: float) -> None:
        """Listen from now on; what is active already is told as of now. Raises InputUnavailable."""
        self._lines.listen(self.tell)
        for name in self._lines.names:
            self.levels[name].active = False
            if self._lines.read(name):
                self.tell(name, True, now_s)

    def tell(self, name: str, active: bool, t_s: float, error_s: float = 0.0) -> None:
        """An input changed at `t_s`, monotonic, give or take `error_s`. Raises KeyError for an unknown name."""
        self._note(self.levels[name], active, t_s, error_s)
        self._pass_on(name, active, t_s)

    def pulse(self, name: str, t_s: float, error_s: float = 0.0) -> None:
        """An input was active for a moment. Raises KeyError for an unknown name."""
        self._note(self.levels[name], False, t_s, error_s)
        self._pass_on(name, True, t_s)
        self._pass_on(name, False, t_s + PULSE_S)

    def _note(self, level: Level, active: bool, t_s: float, error_s: float) -> None:
        """What is told late does not change how an input stands now."""
        if level.changed_s is None or t_s >= level.changed_s:
            level.active, level.changed_s, level.error_s = active, t_s, error_s

    def _pass_on(self, name: str, active: bool, t_s: float) -> None:
        fact = Fact(FactKind(self.levels[name].config.kind), name, t_s, active)
        self._waiting.append(fact)
        self._hear(fact)

    def book(self, event: TillEvent) -> None:
        """A till booked something."""
        self._waiting.append(event)

    def take(self) -> list[Told]:
        """What was told since the last time."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
