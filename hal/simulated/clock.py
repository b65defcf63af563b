"""A clock that moves only when told to: sleeping on it advances it at once."""

from __future__ import annotations

import threading

from hal.ports import WallTime


class ManualClock:
    """Time by hand, safe to share between threads.

    `start_s` is the first monotonic reading. Wall time runs along with the monotonic one from `utc_s` and can be set
    apart from it, as NTP or a person would (`set_wall`).
    """

    def __init__(self, start_s: float = 0.0, *, utc_s: float = 1_767_225_600.0, synchronised: bool = True) -> None:
        self._lock = threading.Lock()
        self._now_s = start_s
        self._wall_offset_s = utc_s - start_s
        self._synchronised = synchronised

    def monotonic(self) -> float:
        with self._lock:
            return self._now_s

    def wall(self) -> WallTime:
        with self._lock:
            return WallTime(self._now_s + self._wall_offset_s, self._synchronised)

    def sleep(self, seconds: float) -> None:
        """Advance by `seconds` and return; like the real clock, a negative wait raises ValueError."""
        if seconds < 0:
            raise ValueError(f"sleep length must be non-negative, not {seconds}")
        with self._lock:
            self._now_s += seconds

    def set_wall(self, utc_s: float, *, synchronised: bool = True) -> None:
        """Step the wall time without touching the monotonic one."""
        with self._lock:
            self._wall_offset_s = utc_s - self._now_s
            self._synchronised = synchronised
