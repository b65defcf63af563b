"""The journal on its way to one hub: hello, resume, events within a window, cumulative acknowledgements."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from agent.events.journal import Journal, Position
from agent.events.wire import PROTOCOL, Ack, Batch, CloseCode, Hello, Resume
from agent.hub.batches import BATCH_BYTES, batches
from agent.hub.line import Ended, Line
from agent.hub.pace import LEAST, Pace

_READ_RECORDS = 128
_MAX_GREETINGS = 4
FIRST_BYTES, AIM_S = 16 * 1024, 1.5
"""A backlog begins with so much under way; its queue holds a heartbeat up by no more than about this."""


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """One connected hub: how far it was sent and how far it has acknowledged."""

    hub: str
    epoch: str
    sent: int
    acknowledged: int
    in_flight: int


class JournalStream:
    """`run` until the link ends; `resumed` and `acknowledged` take what the hub says. `named` hears who it is.

    `base_s` is how long the way to the hub and back takes when nothing waits.
    """

    def __init__(
        self,
        line: Line,
        journal: Journal,
        greeting: Callable[[], Hello],
        resume_s: float,
        named: Callable[[], None],
        base_s: Callable[[], float],
    ) -> None:
        self._line = line
        self._journal = journal
        self._greeting = greeting
        self._resume_s = resume_s
        self._named = named
        self.hub = ""
        self._resumes: asyncio.Queue[Resume] = asyncio.Queue(maxsize=1)
        self._expects_resume = False
        self._epoch = ""
        self._window = 0
        self._sent = 0
        self._acknowledged = 0
        self._in_flight: deque[tuple[int, int, int]] = deque()
        self._pace = Pace(2 * BATCH_BYTES, first=FIRST_BYTES, aim_s=AIM_S, base_s=base_s)
        self._moved = asyncio.Event()

    def status(self) -> LinkStatus:
        return LinkStatus(self.hub, self._epoch, self._sent, self._acknowledged, self._in_flight_records())

    def resumed(self, resume: Resume) -> None:
        """The hub has answered the hello. Raises Ended when it has no place here, or goes by another version."""
        if not self._expects_resume:
            raise Ended(CloseCode.UNEXPECTED, "a resume answers a hello and nothing else")
        if resume.protocol != PROTOCOL:
            raise Ended(CloseCode.VERSION, f"this camera speaks protocol {PROTOCOL}, the hub {resume.protocol}")
        self._expects_resume = False
        self._introduce(resume)
        self._resumes.put_nowait(resume)

    def acknowledged(self, ack: Ack) -> None:
        """The hub has synced everything up to there. Raises Ended for what was never sent."""
        if ack.epoch != self._epoch:
            return  # it was under way when the epoch changed
        if ack.seq > self._sent:
            raise Ended(CloseCode.BAD_ACK, f"{ack.seq} was never sent, the last was {self._sent}")
        self._acknowledged = max(self._acknowledged, ack.seq)
        while self._in_flight and self._in_flight[0][0] <= ack.seq:
            _, _, through_bytes = self._in_flight.popleft()
            self._pace.taken(through_bytes, asyncio.get_running_loop().time())
        self._journal.acknowledge(self.hub, Position(ack.epoch, ack.seq))
        self._moved.set()

    async def run(self) -> None:
        """Send the journal as it grows. Raises Ended."""
        for _ in range(_MAX_GREETINGS):
            if (start := await self._greet()) is not None:
                await self._stream_epoch(start)
        raise Ended(CloseCode.BAD_CURSOR, "no place to resume from could be agreed on")

    async def _greet(self) -> Position | None:
        """Say hello and learn where to begin; None when the journal's epoch has changed meanwhile."""
        hello = self._greeting()
        self._device, epoch = hello.device, hello.epoch
        await self._line.send(hello)
        resume = await self._next_resume()
        if resume.epoch != epoch or self._journal.head.epoch != epoch:
            return None
        last_seq = self._journal.head.last_seq
        if resume.seq > last_seq:
            await self._journal.renew_epoch(f"{self.hub} holds number {resume.seq}, the journal ends at {last_seq}")
            return None
        self._journal.acknowledge(self.hub, Position(epoch, resume.seq))
        return Position(epoch, resume.seq)

    async def _next_resume(self) -> Resume:
        self._expects_resume = True
        try:
            async with asyncio.timeout(self._resume_s):
                return await self._resumes.get()
        except TimeoutError:
            raise Ended(CloseCode.NO_RESUME, "the hello was not answered in time") from None

    def _introduce(self, resume: Resume) -> None:
        if self.hub not in ("", resume.hub):
            raise Ended(CloseCode.UNEXPECTED, "a hub keeps its name")
        self.hub = resume.hub
        self._window = resume.window
        self._named()

    async def _stream_epoch(self, at: Position) -> None:
        """Send what comes after `at` until the epoch changes; then a new greeting is due."""
        self._epoch, self._sent, self._acknowledged = at.epoch, at.seq, at.seq
        self._in_flight.clear()
        self._pace.taken(self._pace.sent_bytes, asyncio.get_running_loop().time())
        while True:
            await self._journal.wait_for_new(at)
            room = await self._room()
            part = await self._journal.read(at, min(room, _READ_RECORDS))
            if part.epoch != at.epoch:
                return
            for batch, size in batches(self._device, part, self._most_bytes):
                await self._paced(size)
                await self._send_batch(batch, size)
            at = Position(at.epoch, part.through)

    async def _send_batch(self, batch: Batch, size: int) -> None:
        self._sent = batch.through
        self._pace.sent(size, asyncio.get_running_loop().time())
        self._in_flight.append((batch.through, len(batch.records), self._pace.sent_bytes))
        await self._line.send(batch)

    def _most_bytes(self) -> int:
        """How long a message may be: so that two of them are under way."""
        return max(LEAST, self._pace.window // 2)

    async def _paced(self, size: int) -> None:
        """Wait until so much may be under way as well; one message may always be."""
        while self._in_flight and self._pace.under_way + size > self._pace.window:
            self._moved.clear()
            await self._moved.wait()

    async def _room(self) -> int:
        """Wait until the hub's window has room; how many records fit."""
        while (room := self._window - self._in_flight_records()) <= 0:
            self._moved.clear()
            await self._moved.wait()
        return room

    def _in_flight_records(self) -> int:
        return sum(records for _, records, _ in self._in_flight)
