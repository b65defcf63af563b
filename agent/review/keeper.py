"""Follows the journal into the book of incidents, and journals what people decide.

A decision is an event of the journal like any other: it counts once it is on the disk, and every hub gets it. The book
is made from the journal: what a crash has kept it from taking in, it takes in at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import TypeVar

import msgspec

from agent.domain import Event, Incident, IncidentState, Json, Severity
from agent.errors import Incomplete, JournalError, OperatorError
from agent.events.journal import Filed, Journal, Position
from agent.events.wire import Record
from agent.review.book import DECISION, NOTE, Changes, Learned, NearMiss, ReviewBook
from agent.review.entry import Entry, Verdict
from agent.rule_config import RuleConfig
from agent.tables.review import ReviewConfig
from hal.ports import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")
INCIDENTS, NEAR_MISSES, KEY = "incidents", "near_misses", "review"
FILE_EVERY_S, TRIM_EVERY_S = 600.0, 3600.0
MOST_SAID = 100
"""Decisions and notes that one incident may have."""
EPOCHS = 8


class Mark(msgspec.Struct):
    """How far the journal has been taken in, by epoch; and what the book knows besides its incidents."""

    through: dict[str, int] = {}
    learned: Learned = msgspec.field(default_factory=Learned)


class ReviewKeeper:
    """Belongs to the running event loop. `changed` is called after the book has, `said` with what is safe on disk."""

    def __init__(self, journal: Journal, clock: Clock, config: ReviewConfig, book: ReviewBook, mark: Mark) -> None:
        self.book = book
        self.changed: Callable[[Changes], None] = lambda _: None
        self.said: Callable[[Event], None] = lambda _: None
        self._journal = journal
        self._clock = clock
        self._config = config
        self._mark = mark
        self._entries: dict[str, Entry] = {}
        self._misses: dict[str, NearMiss] = {}
        self._turn = asyncio.Lock()
        self._deciding = asyncio.Lock()
        self._filed_s, self._trimmed_s = clock.monotonic(), -inf

    @classmethod
    async def open(
        cls, journal: Journal, clock: Clock, rules: Iterable[RuleConfig], config: ReviewConfig
    ) -> ReviewKeeper:
        """Read the book, take in what it has missed, and close what an earlier run has left open."""
        raw = await journal.kept(KEY)
        mark = Mark() if raw is None else _decoded([Filed(KEY, 0.0, raw)], Mark, [Mark()])[0]
        entries = _decoded(await journal.filed(INCIDENTS, limit=config.max_incidents), Entry)
        misses = _decoded(await journal.filed(NEAR_MISSES), NearMiss)
        book = ReviewBook(rules, config.max_incidents, entries, misses, mark.learned)
        keeper = cls(journal, clock, config, book, mark)
        await keeper.catch_up()
        await keeper._close_left_open()
        return keeper

    async def follow(self) -> None:
        """Take in what comes, until cancelled. For the app's task group."""
        while True:
            head = self._journal.head
            await self._journal.wait_for_new(Position(head.epoch, self._mark.through.get(head.epoch, 0)))
            await self.catch_up()

    async def catch_up(self) -> None:
        """Take in all that the journal holds now, and file what has changed."""
        async with self._turn:
            while await self._take_in():
                pass
            await self._trim()

    async def decide(self, incident: str, decision: Verdict, *, by: str, reason: str, note: str) -> Entry:
        """Journal what somebody decided; saying the same twice is one decision.

        Raises Incomplete where a dismissal has no reason, KeyError for an unknown incident, OperatorError where it has
        been decided too often, JournalError.
        """
        if decision == "dismiss" and not reason.strip():
            raise Incomplete("to dismiss an incident needs a reason")
        async with self._deciding:
            entry = await self._known(incident)
            if entry.decisions and entry.decisions[-1].same_as(decision, by, reason, note):
                return entry
            said: dict[str, Json] = {"decision": decision, "reason": reason, "note": note}
            return await self._say(DECISION, entry, len(entry.decisions), said | {"by": by})

    async def annotate(self, incident: str, text: str, *, by: str) -> Entry:
        """Journal a note. Raises as `decide`."""
        async with self._deciding:
            entry = await self._known(incident)
            return await self._say(NOTE, entry, len(entry.notes), {"text": text, "by": by})

    async def close(self) -> None:
        """File where the book stands, before the journal is closed."""
        await self.catch_up()
        async with self._turn:
            await self._file()

    async def _known(self, incident: str) -> Entry:
        await self.catch_up()
        entry = self.book.get(incident)
        if entry is None:
            raise KeyError(incident)
        return entry

    async def _say(self, kind: str, entry: Entry, said_before: int, data: dict[str, Json]) -> Entry:
        if said_before >= MOST_SAID:
            what = "decisions" if kind == DECISION else "notes"
            raise OperatorError(f"incident {entry.id} has {said_before} {what} already", hint="it takes no more")
        about: dict[str, Json] = {"incident": entry.id, "rule": entry.rule, "id": secrets.token_hex(8)}
        event = Event(kind, self._clock.monotonic(), data=about | data)
        if await self._journal.append(event) is None:
            raise JournalError("the journal has no room just now", hint="say it again in a moment")
        self.said(event)
        await self.catch_up()
        return entry

    async def _take_in(self) -> bool:
        """Take in one part of the journal; false when there was nothing new."""
        epoch = self._journal.head.epoch
        part = await self._journal.read(Position(epoch, self._mark.through.get(epoch, 0)))
        if part.through <= self._mark.through.get(part.epoch, 0):
            return False
        changes = self.book.apply(record for record in part.records if not self._has(record))
        self._mark.through.pop(part.epoch, None)
        self._mark.through[part.epoch] = part.through
        while len(self._mark.through) > EPOCHS:
            del self._mark.through[next(iter(self._mark.through))]
        self._entries |= {entry.id: entry for entry in changes.entries}
        self._misses |= {miss.key: miss for miss in changes.near_misses}
        if self._entries or self._misses or self._clock.monotonic() - self._filed_s >= FILE_EVERY_S:
            await self._file()
        if changes.entries or changes.near_misses:
            self.changed(changes)
        return True

    def _has(self, record: Record) -> bool:
        """Whether it was taken in already, at the place where it first stood."""
        return record.origin is not None and record.origin.seq <= self._mark.through.get(record.origin.epoch, 0)

    async def _file(self) -> None:
        """File what has changed since the last time, then how far the journal was taken in."""
        self._filed_s = self._clock.monotonic()
        misses = [Filed(miss.key, miss.utc_s, msgspec.msgpack.encode(miss)) for miss in self._misses.values()]
        if misses:
            await self._journal.file(NEAR_MISSES, misses)
        entries = [
            Filed(entry.id, entry.opened.utc_s, msgspec.msgpack.encode(entry)) for entry in self._entries.values()
        ]
        self._mark.learned = self.book.learned
        await self._journal.file(INCIDENTS, entries, {KEY: msgspec.msgpack.encode(self._mark)})
        self._entries, self._misses = {}, {}

    async def _trim(self) -> None:
        """Remove what the book has no room for, and what is too old while the clock is to be trusted."""
        if self._clock.monotonic() - self._trimmed_s < TRIM_EVERY_S:
            return
        self._trimmed_s = self._clock.monotonic()
        wall = self._clock.wall()
        aged_s = wall.utc_s - self._config.keep_days * 86_400 if wall.synchronised else -inf
        self.book.forget_before(aged_s)
        kept_from = {INCIDENTS: self.book.incidents_from_s(), NEAR_MISSES: self.book.near_misses_from_s()}
        for shelf, full_from_s in kept_from.items():
            before_s = aged_s if full_from_s is None else max(aged_s, full_from_s)
            if before_s > -inf:
                await self._journal.trim(shelf, before_s)

    async def _close_left_open(self) -> None:
        """An incident that a dead run has left open is over: nobody looks at it any more."""
        left = [entry for entry in self.book if not entry.over and entry.boot != self._journal.boot]
        for entry in left:
            await self._journal.append(_closed(entry, self._clock.monotonic()))
        if left:
            log.warning("%d incidents were open when the last run ended: closed now", len(left))
            await self.catch_up()


def _closed(entry: Entry, t_s: float) -> Incident:
    return Incident(
        entry.id,
        entry.kind,
        entry.rule,
        IncidentState.CLOSED,
        Severity.parse(entry.severity),
        t_s,
        min(entry.opened_s, t_s),
        tuple(entry.tracks),
        entry.zone,
        entry.line,
        entry.factors,
        tuple(entry.actions),
    )


def _decoded(records: Iterable[Filed], kind: type[T], otherwise: Sequence[T] = ()) -> list[T]:
    """What was filed as this type; what cannot be read is left behind with a warning."""
    found: list[T] = []
    for record in records:
        try:
            found.append(msgspec.msgpack.decode(record.value, type=kind))
        except msgspec.DecodeError as error:
            log.warning("%s of %s cannot be read and is left behind: %s", record.key, kind.__name__, error)
    return found or list(otherwise)
