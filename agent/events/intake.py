"""The bounded queue in front of the journal: groups telemetry, lets alarms go alone, counts what it has to drop."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from agent.events.rows import JournalLimits, Position
from agent.events.store import Row

_T = TypeVar("_T")


class Waiting(NamedTuple):
    """A row that waits for its commit; `due_s` is on the process's monotonic clock."""

    row: Row
    due_s: float
    done: Future[Position | None]


@dataclass(slots=True)
class Dropped:
    """What the queue had no room for since the last gap record."""

    telemetry: int = 0
    alarms: int = 0


class Intake:
    """Not thread-safe by itself: the writer guards it."""

    def __init__(self, limits: JournalLimits) -> None:
        self._limits = limits
        self._queue: deque[Waiting] = deque()
        self._alarms = 0
        self._dropped = Dropped()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, row: Row, now_s: float) -> Waiting:
        """Queue a row; when full the oldest telemetry makes room for an alarm, anything else is dropped itself."""
        entry = Waiting(row, now_s if row.alarm else now_s + self._limits.group_s, Future())
        if len(self._queue) >= self._limits.max_pending and not self._make_room(entry):
            return entry
        self._queue.append(entry)
        self._alarms += row.alarm
        return entry

    def due_s(self) -> float | None:
        """When the next group must be written; None when nothing waits."""
        if not self._queue:
            return None
        full = len(self._queue) >= self._limits.group_rows
        return 0.0 if full or self._alarms else self._queue[0].due_s

    def take(self) -> list[Waiting]:
        """The next group in order of arrival: an alarm by itself, or the telemetry before the next alarm."""
        group: list[Waiting] = []
        while self._queue and len(group) < self._limits.group_rows:
            if group and self._queue[0].row.alarm:
                break
            group.append(self._queue.popleft())
            if group[-1].row.alarm:
                self._alarms -= 1
                break
        return group

    def take_dropped(self) -> Dropped | None:
        """What was dropped since this was last asked; None when nothing was."""
        dropped, self._dropped = self._dropped, Dropped()
        return dropped if dropped.telemetry or dropped.alarms else None

    def _make_room(self, entry: Waiting) -> bool:
        oldest = next((waiting for waiting in self._queue if not waiting.row.alarm), None)
        if not entry.row.alarm or oldest is None:
            self._lose(entry)
            return False
        self._queue.remove(oldest)
        self._lose(oldest)
        return True

    def _lose(self, entry: Waiting) -> None:
        if entry.row.alarm:
            self._dropped.alarms += 1
        else:
            self._dropped.telemetry += 1
        resolve(entry.done, None)


def resolve(future: Future[_T], value: _T) -> None:
    """Set a result unless the waiter gave up."""
    if future.set_running_or_notify_cancel():
        future.set_result(value)
