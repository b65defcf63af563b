"""For how long clips are kept, and which go first when space runs out: pure.

The age of a clip is counted by a clock of its own that only ever runs forward: by the monotonic clock while the agent
runs, and over a pause by the wall clock only where NTP vouched for it before and after. A wall clock that jumps
therefore neither erases evidence too early nor keeps it for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import msgspec

from agent.domain import Severity
from hal.ports import WallTime


class RetentionState(msgspec.Struct, frozen=True):
    """What is kept of the clock over a restart."""

    aged_s: float
    utc_s: float
    synchronised: bool


class RetentionClock:
    """Seconds that surely passed since the store was first used. `mono_s` is always the monotonic clock of this run."""

    def __init__(self, kept: RetentionState | None, mono_s: float) -> None:
        self._kept = kept
        self._aged_s = kept.aged_s if kept else 0.0
        self._since_s = mono_s

    def now_s(self, mono_s: float) -> float:
        """The clock's reading."""
        return self._aged_s + mono_s - self._since_s

    def hear(self, mono_s: float, wall: WallTime) -> None:
        """Learn how long the pause before this run was, once the wall clock can be trusted."""
        if self._kept is None or not wall.synchronised:
            return
        if self._kept.synchronised:
            pause_s = wall.utc_s - self._kept.utc_s - (mono_s - self._since_s)
            self._aged_s += max(pause_s, 0.0)
        self._kept = None

    def state(self, mono_s: float, wall: WallTime) -> RetentionState:
        """What to keep now. Until the pause before this run is known, its beginning is what counts."""
        aged_s = self.now_s(mono_s)
        if self._kept is not None and self._kept.synchronised:
            return RetentionState(aged_s, self._kept.utc_s + (mono_s - self._since_s), synchronised=True)
        return RetentionState(aged_s, wall.utc_s, wall.synchronised)


class Kept(Protocol):
    """What retention needs to know of a clip; `kept_s` is the retention clock's reading at its end."""

    @property
    def severity(self) -> Severity: ...
    @property
    def kept_s(self) -> float: ...
    @property
    def bytes(self) -> int: ...
    @property
    def held(self) -> bool: ...


K = TypeVar("K", bound=Kept)


def expired(clips: Iterable[K], now_s: float, keep_s: Callable[[Severity], float]) -> list[K]:
    """The clips whose time is over; one under legal hold never is."""
    return [clip for clip in clips if not clip.held and now_s - clip.kept_s >= keep_s(clip.severity)]


def evicted(clips: Iterable[K], excess: int) -> list[K]:
    """The clips that go to free `excess` bytes: the oldest of the lowest severity first, none that is held."""
    order = sorted((clip for clip in clips if not clip.held), key=lambda clip: (clip.severity, clip.kept_s))
    going: list[K] = []
    for clip in order:
        if excess <= 0:
            break
        going.append(clip)
        excess -= clip.bytes
    return going
