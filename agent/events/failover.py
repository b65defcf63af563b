"""A store that goes on: a damaged database is replaced, a failing disk gives way to RAM until it works again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from agent.domain import HealthState, Json, Severity
from agent.errors import JournalError
from agent.events.rows import Head, JournalLimits, Labeller
from agent.events.salvage import Salvage, conclude, is_damage, open_store, replace
from agent.events.shelves import Filed
from agent.events.store import MEMORY, Row, Store, Stored

_T = TypeVar("_T")


class Database:
    """The journal's current store. Used from the writer's thread only.

    Every store has an epoch of its own. Entries that move from one to another keep their first place as origin, so a
    hub that has them already does not count them twice.
    """

    def __init__(self, path: Path, labels: Labeller, limits: JournalLimits) -> None:
        """Raises JournalError when another process holds the file or a newer version wrote it."""
        self._path = path
        self._labels = labels
        self._limits = limits
        self._failing_since_s: float | None = None
        self._disk_seq: int | None = None
        self._retry_at_s = 0.0
        self.replaced = 0
        self.failures = 0
        self.state: dict[str, bytes] = {}
        try:
            self._store, salvage = open_store(path, limits.max_events)
            self._take_up(self._store, salvage)
        except (sqlite3.Error, OSError) as error:
            self._store = self._in_memory(error)

    @property
    def head(self) -> Head:
        return Head(self._store.epoch, self._store.last_seq, self._failing_since_s is None)

    @property
    def retry_at_s(self) -> float | None:
        """When `retry` wants to be called (process monotonic clock); None while the disk works."""
        return None if self._failing_since_s is None else self._retry_at_s

    def do(self, work: Callable[[Store], _T]) -> _T:
        """Do `work`; after damage or a disk failure the store is replaced and the work done on the new one."""
        try:
            return work(self._store)
        except sqlite3.ProgrammingError:
            raise  # a bug of ours says nothing about the file
        except sqlite3.Error as error:
            self._fail(error)
        return work(self._store)

    def keep(self, key: str, value: bytes) -> None:
        self.state[key] = value
        self.do(lambda store: store.put([(key, value)]))

    def file(self, shelf: str, records: Sequence[Filed], values: Mapping[str, bytes]) -> None:
        """File records and keep values, all or nothing."""
        self.state.update(values)
        self.do(lambda store: store.file(shelf, records, values.items()))

    def retry(self) -> bool:
        """Go back to the disk if it works again, with everything that came meanwhile; whether it did."""
        self._retry_at_s = time.monotonic() + self._limits.retry_s
        try:
            disk, salvage = open_store(self._path, self._limits.max_events)
        except (sqlite3.Error, OSError, JournalError):
            return False
        try:
            self._refill(disk, salvage)
        except (sqlite3.Error, OSError):
            disk.close()
            return False
        memory, self._store = self._store, disk
        memory.close()
        self._failing_since_s = self._disk_seq = None
        return True

    def close(self, cursors: Iterable[tuple[str, int]]) -> None:
        """Write the cursors, fold the log into the file and close it; a failing disk cannot stop this."""
        with suppress(sqlite3.Error):
            self._store.advance(cursors)
            self._store.checkpoint()
        self._store.close()

    def _fail(self, error: sqlite3.Error) -> None:
        head = self.head
        self._store.close()
        if head.durable and is_damage(error):
            self._store = self._replacement(str(error))
        else:
            self._disk_seq = head.last_seq if head.durable else self._disk_seq
            self._store = self._in_memory(error)

    def _replacement(self, reason: str) -> Store:
        try:
            store, salvage = replace(self._path, reason, self._limits.max_events)
            self._take_up(store, salvage)
        except (sqlite3.Error, OSError) as error:
            return self._in_memory(error)
        return store

    def _in_memory(self, error: sqlite3.Error | OSError) -> Store:
        """A store in RAM whose first entry says why."""
        self.failures += 1
        self._failing_since_s = self._labels.monotonic()
        self._retry_at_s = time.monotonic() + self._limits.retry_s
        store = Store(MEMORY, self._limits.memory_events)
        store.append([self._labels.storage(HealthState.FAULT, self._failing_since_s, f"journal in RAM: {error}")])
        return store

    def _refill(self, disk: Store, salvage: Salvage | None) -> None:
        if salvage is None and self._disk_seq is not None:
            disk.rewind(self._disk_seq)
        self._take_up(disk, salvage)
        came = _moved(self._store.read(0, self._limits.memory_events).entries, self._store.epoch)
        detail = f"journal on disk again, {len(came)} entries brought over"
        since_s = self._failing_since_s or 0.0
        disk.append([*came, self._labels.storage(HealthState.OK, since_s, detail)])
        disk.put(self.state.items())
        _file_all(disk, self._store.all_filed())

    def _take_up(self, store: Store, salvage: Salvage | None) -> None:
        """Bring what could be saved of a damaged file into a store that has just been opened, and know what it keeps.

        What this process has kept is newer than what it finds.
        """
        if salvage is not None:
            self._carry_over(store, salvage)
            self.state = salvage.state | store.state() | self.state
            store.put(self.state.items())
            conclude(self._path)
        self.state = store.state() | self.state

    def _carry_over(self, store: Store, salvage: Salvage) -> None:
        """Move what could be saved into `store`, with a note that says so, unless a salvage cut short has done it."""
        self.replaced += 1
        rows = _moved(salvage.rows, salvage.epoch)
        facts: dict[str, Json] = {"reason": salvage.reason, "salvaged": len(rows), "kept_as": salvage.file.name}
        facts |= {"epoch": salvage.epoch, "promised": salvage.promised}
        note = self._labels.note("journal_replaced", Severity.WARNING, **facts)
        if store.last_seq == 0:
            store.append([*rows, note])
        _file_all(store, salvage.filed)


def _file_all(store: Store, filed: Mapping[str, Sequence[Filed]]) -> None:
    for shelf, records in filed.items():
        store.file(shelf, records)


def _moved(entries: Iterable[Stored], epoch: str | None) -> list[Row]:
    """Rows as they enter another store: each with its first place as origin, where that is known."""
    return [
        row if row.origin_epoch is not None or epoch is None else row._replace(origin_epoch=epoch, origin_seq=seq)
        for seq, row in entries
    ]
