"""Input lines that a script or a test presses."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from hal.errors import InputUnavailable
from hal.ports import Clock, InputCallback


class SimulatedInputs:
    """Named inputs whose state is set with `press` and `release`; listeners hear each change at once."""

    def __init__(self, names: Iterable[str], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states = dict.fromkeys(names, False)
        self._listeners: list[InputCallback] = []
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._states)

    def read(self, name: str) -> bool:
        """The state of one input. Raises KeyError for an unknown name, InputUnavailable after close."""
        with self._lock:
            if self._closed:
                raise InputUnavailable(f"input {name!r} is closed")
            return self._states[name]

    def listen(self, callback: InputCallback) -> None:
        """Call `callback(name, active, t_s)` on every change, from the thread that makes it."""
        with self._lock:
            self._listeners.append(callback)

    def press(self, name: str) -> None:
        """Make an input active. Raises KeyError for an unknown name."""
        self._change(name, True)

    def release(self, name: str) -> None:
        """Make an input inactive. Raises KeyError for an unknown name."""
        self._change(name, False)

    def close(self) -> None:
        """Forget every listener."""
        with self._lock:
            self._closed = True
            self._listeners.clear()

    def _change(self, name: str, active: bool) -> None:
        with self._lock:
            if self._states[name] == active:
                return
            self._states[name] = active
            listeners, t_s = tuple(self._listeners), self._clock.monotonic()
        for listener in listeners:
            listener(name, active, t_s)
