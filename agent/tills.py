"""Takes what tills book: once each, journaled, and handed to the rules on the camera's own clock.

A till sends a booking again until it is answered, so each (terminal, id) counts once, over a restart too. The rules
hear of it before the disk does; the answer waits for the disk.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.domain import Event, Json, TillKind
from agent.events.journal import Journal
from agent.events.shelves import Filed
from agent.moments import BadMoment, Told, moment_of
from agent.rules.facts import TillEvent
from agent.tables.tills import TillConfig
from hal.ports import Clock

SHELF, KEY = "till", "till-key"
OLDEST_S = 12 * 3600.0
KNOWN_S = OLDEST_S + 60.0
"""Older bookings are refused, and younger ones are known by their ids: none can count twice."""
AGAIN_S = 900.0
"""So long after it was told a booking is told to the rules again when the camera starts anew."""
NO_ROOM = "the journal has no room for it; send it again later"
MARK = 12
"""Letters of an operator's mark."""

Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,63}\Z")]
Number = Annotated[str, Meta(pattern=r"^[!-~]{1,64}\Z")]
Amount = Annotated[float, Meta(ge=-1e9, le=1e9)]


class Booking(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One booking as a till sends it; `id` is the till's own number of it, `amount` in the till's currency."""

    terminal: Word
    kind: TillKind
    id: Number
    amount: Amount | None = None
    operator: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A booking as it is filed: how old it was then, and its clock's error (None: nobody knows when)."""

    kind: TillKind
    age_s: float
    error_s: float | None


class Result(StrEnum):
    """What became of a booking."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a till is told about one booking; `error` says why it was refused and what to do."""

    id: str
    result: Result
    error: str = ""


@dataclass(slots=True)
class TillStatus:
    """What one till has told since the start."""

    accepted: int = 0
    duplicates: int = 0
    last_s: float | None = None


class TillDesk:
    """Where bookings are handed in; belongs to the loop.

    `safe` journals an event and returns once it is on disk, false when the journal had no room for it.
    """

    def __init__(
        self,
        tills: Sequence[TillConfig],
        journal: Journal,
        clock: Clock,
        hand: Callable[[TillEvent], None],
        safe: Callable[[Event], Awaitable[bool]],
    ) -> None:
        self.tills = {till.terminal: till for till in tills}
        self.statuses = {till.terminal: TillStatus() for till in tills}
        self._journal = journal
        self._clock = clock
        self._hand = hand
        self._safe = safe
        self._known: dict[str, float] = {}
        self._key = b""

    async def open(self) -> None:
        """Remember what was booked lately, and the key of the operators' marks, from the runs before."""
        self._key = await self._journal.kept(KEY) or secrets.token_bytes(32)
        await self._journal.keep(KEY, self._key)
        now_s, utc_s = self._clock.monotonic(), self._clock.wall().utc_s
        for record in await self._journal.filed(SHELF, utc_s - KNOWN_S):
            age_s = max(utc_s - record.utc_s, 0.0)
            self._known[record.key] = now_s - age_s
            if age_s <= AGAIN_S:
                self._tell_again(record, now_s, age_s)

    def _tell_again(self, record: Filed, now_s: float, age_s: float) -> None:
        """Hand a booking of the last run to the rules, which may have died before they judged it."""
        terminal, _, number = record.key.partition(" ")
        try:
            kept = msgspec.json.decode(record.value, type=_Kept)
        except msgspec.DecodeError:
            return
        if terminal in self.tills:
            error_s = kept.error_s if kept.error_s is not None and self._clock.wall().synchronised else math.inf
            t_s = now_s - age_s - kept.age_s
            self._hand(TillEvent(terminal, number, kept.kind, self.tills[terminal].zone, t_s, error_s))

    async def take(self, bookings: Sequence[Booking]) -> list[Answer]:
        """Take bookings, each on its own; what is accepted is on disk when this returns."""
        self._forget()
        events: dict[str, Event] = {}
        answers = [self._take(booking, events) for booking in bookings]
        saved = {name: event for name, event in events.items() if await self._safe(event)}
        if saved:
            utc_s = self._clock.wall().utc_s
            await self._journal.file(SHELF, [Filed(name, utc_s, self._kept(event)) for name, event in saved.items()])
            await self._journal.trim(SHELF, utc_s - 2 * KNOWN_S)
        lost = events.keys() - saved.keys()
        for name in lost:
            self._known.pop(name, None)
        pairs = zip(bookings, answers, strict=True)
        return [Answer(one.id, Result.AGAIN, NO_ROOM) if _name(one) in lost else answer for one, answer in pairs]

    def _take(self, booking: Booking, events: dict[str, Event]) -> Answer:
        till, name = self.tills.get(booking.terminal), _name(booking)
        if till is None:
            return Answer(booking.id, Result.REFUSED, f"no [[till]] has the terminal {booking.terminal!r}")
        status = self.statuses[booking.terminal]
        if name in self._known:
            status.duplicates += 1
            return Answer(booking.id, Result.DUPLICATE)
        try:
            moment = moment_of(booking, self._clock, least_error_s=till.clock_error_s, oldest_s=OLDEST_S)
        except BadMoment as error:
            return Answer(booking.id, Result.REFUSED, str(error))
        told = TillEvent(booking.terminal, booking.id, booking.kind, till.zone, moment.t_s, moment.error_s)
        self._known[name] = status.last_s = self._clock.monotonic()
        status.accepted += 1
        self._hand(told)
        events[name] = Event("till", told.t_s, data=self._facts(booking, till, told))
        return Answer(booking.id, Result.ACCEPTED)

    def _facts(self, booking: Booking, till: TillConfig, told: TillEvent) -> dict[str, Json]:
        facts: dict[str, Json] = {
            "terminal": booking.terminal,
            "booking": booking.id,
            "booked": str(booking.kind),
            "zone": till.zone,
        }
        if not math.isinf(told.error_s):
            facts["clock_error_s"] = told.error_s
        if booking.amount is not None:
            facts["amount"] = booking.amount
        if booking.operator is not None and till.operators == "mark":
            facts["operator_mark"] = self._mark(booking.operator)
        return facts

    def _kept(self, event: Event) -> bytes:
        kind, error_s = TillKind(str(event.data["booked"])), event.data.get("clock_error_s")
        age_s = self._clock.monotonic() - event.t_s
        return msgspec.json.encode(_Kept(kind, age_s, error_s if isinstance(error_s, float) else None))

    def _mark(self, operator: str) -> str:
        """The same for the same operator; without this camera's key nobody can tell whose it is."""
        return hmac.new(self._key, operator.encode(), hashlib.sha256).hexdigest()[:MARK]

    def _forget(self) -> None:
        now_s = self._clock.monotonic()
        self._known = {name: known_s for name, known_s in self._known.items() if now_s - known_s <= KNOWN_S}


def _name(booking: Booking) -> str:
    return f"{booking.terminal} {booking.id}"
