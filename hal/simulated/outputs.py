"""Output lines that drive nothing and remember everything that was done to them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from hal.each import each_line
from hal.errors import OutputUnavailable
from hal.ports import Clock


class Switching(NamedTuple):
    """One change of a line: when (monotonic seconds), which, to what."""

    t_s: float
    name: str
    on: bool


class RecordingOutputs:
    """Named lines kept in memory; `record` lists every change of state in order.

    A line named in `break_line` refuses to be driven until it is repaired, as a burnt driver would; one named in
    `stick_line` is driven but reads as it stuck, as a welded relay does.
    """

    def __init__(self, names: Iterable[str], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states = dict.fromkeys(names, False)
        self._broken: set[str] = set()
        self._stuck: dict[str, bool] = {}
        self._record: list[Switching] = []
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._states)

    @property
    def record(self) -> tuple[Switching, ...]:
        """Every change so far."""
        with self._lock:
            return tuple(self._record)

    def set(self, name: str, on: bool) -> None:
        """Switch one line. Raises KeyError for an unknown name, OutputUnavailable when it is broken or closed."""
        with self._lock:
            before = self._states[name]
            self._refuse_if_dead(name)
            if before != on:
                self._states[name] = on
                self._record.append(Switching(self._clock.monotonic(), name, on))

    def read(self, name: str) -> bool:
        """The state of one line. Raises KeyError for an unknown name."""
        with self._lock:
            return self._stuck.get(name, self._states[name])

    def all_off(self) -> None:
        """Switch every line off, past a broken one; then raise the first OutputUnavailable met."""
        each_line(self._states, lambda name: self.set(name, False))

    def close(self) -> None:
        """Switch everything off; later calls to `set` are refused."""
        if self._closed:
            return
        with suppress(OutputUnavailable):
            self.all_off()
        self._closed = True

    def break_line(self, name: str) -> None:
        """Make one line refuse to be driven."""
        if name not in self._states:
            raise KeyError(name)
        self._broken.add(name)

    def stick_line(self, name: str, on: bool) -> None:
        """Make one line read as `on` whatever it is driven to."""
        if name not in self._states:
            raise KeyError(name)
        self._stuck[name] = on

    def repair_line(self, name: str) -> None:
        """Make a broken or stuck line work again."""
        self._broken.discard(name)
        self._stuck.pop(name, None)

    def _refuse_if_dead(self, name: str) -> None:
        if self._closed:
            raise OutputUnavailable(f"output {name!r} is closed")
        if name in self._broken:
            raise OutputUnavailable(f"output {name!r} cannot be driven", hint="this line was broken on purpose")
