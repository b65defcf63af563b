"""What goes into the journal: its limits, places in it, and rows labelled with the clocks they were made by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from agent.domain import Event, HealthSample, HealthState, Json, Severity
from agent.events.store import Row
from agent.events.wire import Item, seal
from hal.ports import Clock, WallTime


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much the journal holds and how long it groups.

    `max_age_s` applies only to what every consumer has acknowledged: a long partition never costs an event before
    `max_events` is reached. `max_pending` bounds what waits in RAM for a commit, `memory_events` what is kept
    there while the disk cannot be written at all.
    """

    max_events: int = 100_000
    max_age_s: float = 7 * 86_400.0
    max_pending: int = 4096
    memory_events: int = 10_000
    group_s: float = 0.2
    group_rows: int = 256
    retry_s: float = 1.0
    cursor_s: float = 1.0
    expire_every_s: float = 600.0


class Position(NamedTuple):
    """A place in a journal. Numbers of different epochs cannot be compared."""

    epoch: str
    seq: int


class Head(NamedTuple):
    """How far the journal reaches; `durable` is false while it lives in RAM because the disk fails."""

    epoch: str
    last_seq: int
    durable: bool


def is_alarm(item: Item) -> bool:
    """Whether an item commits alone and is evicted last: incidents, faults, and events from `warning` up."""
    if isinstance(item, HealthSample):
        return item.state is HealthState.FAULT
    return not isinstance(item, Event) or item.severity >= Severity.WARNING


class Labeller:
    """Makes rows: seals an item and labels it with wall and monotonic time and the boot these belong to."""

    def __init__(self, clock: Clock, boot: str) -> None:
        self._clock = clock
        self._hint_ahead_s: float | None = None
        self.boot = boot

    def hint(self, utc_s: float) -> float:
        """What time it is by somebody else's clock; how far ours was off. Only labels go by it, as not synchronised."""
        self._hint_ahead_s = utc_s - self._clock.monotonic()
        return utc_s - self._clock.wall().utc_s

    def row(self, item: Item) -> Row:
        """Raises WireError for an item that no hub could read."""
        wall = self._wall()
        return Row(is_alarm(item), wall.utc_s, wall.synchronised, self.boot, self._clock.monotonic(), seal(item))

    def _wall(self) -> WallTime:
        wall = self._clock.wall()
        if wall.synchronised or self._hint_ahead_s is None:
            return wall
        return WallTime(self._clock.monotonic() + self._hint_ahead_s, synchronised=False)

    def note(self, kind: str, severity: Severity, **data: Json) -> Row:
        """An event of the journal's own."""
        return self.row(Event(kind, self._clock.monotonic(), severity, data))

    def storage(self, state: HealthState, since_s: float, detail: str) -> Row:
        """A finding about the disk, under its ONVIF name."""
        return self.row(HealthSample("StorageFailure", state, self._clock.monotonic(), since_s, 1.0, detail))

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def expiry(self, max_age_s: float) -> float | None:
        """The wall time before which entries are too old; None while the clock is not to be trusted."""
        wall = self._clock.wall()
        return wall.utc_s - max_age_s if wall.synchronised else None
