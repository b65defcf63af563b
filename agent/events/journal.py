"""The durable, numbered outbox of the camera: everything that happened, until every consumer has it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from agent.domain import Severity
from agent.errors import WireError
from agent.events.failover import Database
from agent.events.rows import Head, JournalLimits, Labeller, Position
from agent.events.shelves import Filed
from agent.events.store import Page, Store, Stored
from agent.events.wire import ClockFacts, Gap, Item, Origin, Record, decode_body
from agent.events.writer import Writer
from hal.ports import Clock

__all__ = ["Filed", "Head", "Journal", "JournalLimits", "JournalStats", "Position", "Slice"]


class Slice(NamedTuple):
    """Part of the journal: records and gaps that together account for every number in (after, through]."""

    epoch: str
    after: int
    through: int
    records: Sequence[Record]
    gaps: Sequence[Gap]


@dataclass(frozen=True, slots=True)
class JournalStats:
    """The journal's state and its counts since the start."""

    epoch: str
    last_seq: int
    durable: bool
    pending: int
    commits: int
    appended: int
    dropped: int
    replaced: int
    disk_failures: int
    cursors: dict[str, int]


class Journal:
    """Events go in from any thread and get `(epoch, seq)` once they are on disk; consumers read behind their cursor.

    SQLite in WAL mode with synchronous=FULL, in one thread. Alarms (incidents, faults, `warning` and up) commit alone
    and at once; telemetry waits for company for at most `group_s`. When the disk fails the journal goes on in RAM
    under another epoch and returns by itself; a damaged file is quarantined and salvaged (docs/protocol.md).
    """

    def __init__(self, path: Path, clock: Clock, limits: JournalLimits, boot: str) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._labels = Labeller(clock, boot)
        self._writer = Writer(path, self._labels, limits, self._published)

    @classmethod
    async def open(
        cls, path: Path, clock: Clock, limits: JournalLimits | None = None, *, boot: str | None = None
    ) -> Self:
        """Open or make the database at `path` and start the writer's thread; belongs to the running event loop.

        `boot` names the run of the monotonic clock; by default a new name, which is right for any process. Raises
        JournalError when another process holds the file or a newer version wrote it; a disk that cannot be used
        raises nothing: see `head.durable`.
        """
        journal = cls(path, clock, limits or JournalLimits(), boot or secrets.token_hex(8))
        journal._writer.start()
        await asyncio.wrap_future(journal._writer.opened)
        return journal

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def head(self) -> Head:
        """The epoch, the last committed number, and whether it is on disk."""
        return self._writer.head

    @property
    def busy_since_s(self) -> float | None:
        """Since when (camera's monotonic clock) the writer has been at one piece of work; None while it waits."""
        return self._writer.busy_since_s

    async def append(self, item: Item) -> Position | None:
        """Journal an item; returns its place once it is durable, None if it was dropped (and counted) for want of room.

        Raises WireError for an item that no hub could read, JournalError after `close`.
        """
        return await asyncio.wrap_future(self._writer.submit(self._labels.row(item)))

    def append_nowait(self, item: Item) -> Future[Position | None]:
        """The same from any thread, without waiting. Raises as `append`."""
        return self._writer.submit(self._labels.row(item))

    async def read(self, after: Position, limit: int = 256) -> Slice:
        """What follows `after`, at most `limit` records; from the beginning when `after` is of another epoch.

        Labels given before the clock was synchronised are corrected where this boot's clock allows it.
        """
        page, epoch, start = await asyncio.wrap_future(self._writer.call(lambda base: _page(base, after, limit)))
        return self._slice(epoch, start, page)

    def acknowledge(self, consumer: str, position: Position) -> None:
        """The consumer has everything up to `position` on its own disk. Never moves a cursor back."""
        self._writer.acknowledge(consumer, position)

    def cursor(self, consumer: str) -> Position:
        """How far a consumer has acknowledged the current epoch."""
        return Position(self.head.epoch, self._writer.cursors.get(consumer, 0))

    async def wait_for_new(self, after: Position) -> Head:
        """Wait until there is something behind `after`, or another epoch."""
        while True:
            news = self._news
            head = self.head
            if head.epoch != after.epoch or head.last_seq > after.seq:
                return head
            await news.wait()

    async def renew_epoch(self, reason: str) -> None:
        """Start a new epoch in the same file: a consumer holds numbers that this journal has not given (any more)."""
        await asyncio.wrap_future(self._writer.call(self._renew))
        await asyncio.wrap_future(
            self._writer.submit(self._labels.note("epoch_renewed", Severity.WARNING, reason=reason))
        )

    async def keep(self, key: str, value: bytes) -> None:
        """Store a small value (a snapshot of rules, a counter) under `key`, durably."""
        await asyncio.wrap_future(self._writer.call(lambda base: base.keep(key, value)))

    async def kept(self, key: str) -> bytes | None:
        """The value last kept under `key`."""
        return await asyncio.wrap_future(self._writer.call(lambda base: base.state.get(key)))

    async def file(self, shelf: str, records: Sequence[Filed], values: Mapping[str, bytes] | None = None) -> None:
        """File records on a shelf, and keep values as `keep` does, durably and all or nothing."""
        await asyncio.wrap_future(self._writer.call(lambda base: base.file(shelf, records, values or {})))

    async def filed(
        self, shelf: str, from_utc_s: float = -inf, to_utc_s: float = inf, limit: int = 100_000
    ) -> list[Filed]:
        """The newest records of a shelf within [from, to), oldest first; while the disk fails, those filed since."""
        return await asyncio.wrap_future(
            self._writer.call(lambda base: base.do(lambda store: store.filed(shelf, from_utc_s, to_utc_s, limit)))
        )

    async def trim(self, shelf: str, before_utc_s: float) -> int:
        """Remove what is older from a shelf; how many records went."""
        return await asyncio.wrap_future(
            self._writer.call(lambda base: base.do(lambda store: store.trim(shelf, before_utc_s)))
        )

    def hint_time(self, utc_s: float) -> float:
        """Label by this time while no time server vouches, marked as not synchronised; how far the clock is off."""
        return self._labels.hint(utc_s)

    @property
    def boot(self) -> str:
        """The name of this run of the monotonic clock, as its records bear it."""
        return self._labels.boot

    def stats(self) -> JournalStats:
        writer, head = self._writer, self.head
        counts = asdict(writer.counts)
        return JournalStats(*head, pending=writer.pending, cursors=dict(writer.cursors), **counts)

    def clock_facts(self) -> ClockFacts:
        """The camera's clocks now."""
        wall = self._clock.wall()
        return ClockFacts(self._labels.boot, self._clock.monotonic(), wall.utc_s, wall.synchronised)

    async def watch(self) -> None:
        """Return when the journal was closed; raises what ended its thread otherwise. For the app's task group."""
        await asyncio.shield(asyncio.wrap_future(self._writer.ended))
        if self._writer.error is not None:
            raise self._writer.error

    async def close(self) -> None:
        """Write what waits, fold the log into the file, end the thread. Safe to call twice."""
        self._writer.close()
        await asyncio.shield(asyncio.wrap_future(self._writer.ended))
        await asyncio.to_thread(self._writer.join)

    def _renew(self, base: Database) -> None:
        cursors = [*self._writer.cursors.items()]
        base.do(lambda store: store.advance(cursors))
        base.do(Store.renew_epoch)

    def _published(self) -> None:
        with suppress(RuntimeError):  # the loop is gone: nobody waits any more
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _slice(self, epoch: str, after: int, page: Page) -> Slice:
        records = [record for stored in page.entries if (record := self._record(stored)) is not None]
        return Slice(epoch, after, page.through, records, _gaps(after, page.through, records))

    def _record(self, stored: Stored) -> Record | None:
        seq, row = stored
        try:
            body = decode_body(row.body)
        except WireError:
            return None
        utc_s, synchronised = self._corrected(row.utc_s, row.synchronised, row.boot, row.mono_s)
        origin = Origin(row.origin_epoch, row.origin_seq or 0) if row.origin_epoch is not None else None
        return Record(seq, utc_s, synchronised, row.boot, row.mono_s, body, origin)

    def _corrected(self, utc_s: float, synchronised: bool, boot: str, mono_s: float) -> tuple[float, bool]:
        if synchronised or boot != self._labels.boot:
            return utc_s, synchronised
        wall = self._clock.wall()
        if not wall.synchronised:
            return utc_s, False
        return wall.utc_s - (self._clock.monotonic() - mono_s), True


def _page(base: Database, after: Position, limit: int) -> tuple[Page, str, int]:
    epoch = base.head.epoch
    start = after.seq if after.epoch == epoch else 0
    page = base.do(lambda store: store.read(start if store.epoch == epoch else 0, limit))
    head = base.head
    return page, head.epoch, start if head.epoch == epoch else 0


def _gaps(after: int, through: int, records: Sequence[Record]) -> list[Gap]:
    gaps = []
    for seq in [*(record.seq for record in records), through + 1]:
        if seq > after + 1:
            gaps.append(Gap(after + 1, seq - 1))
        after = seq
    return gaps
