"""One hub's connection: hello, resume, events within a window, cumulative acknowledgements, heartbeats."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from agent.errors import LinkClosed, WireError
from agent.events.journal import Journal, Position
from agent.events.wire import (
    PROTOCOL,
    Ack,
    Batch,
    CloseCode,
    FromCamera,
    FromHub,
    Hello,
    Ping,
    Pong,
    Resume,
    decode_from_hub,
    encode,
)
from agent.hub.batches import batches
from agent.hub.callers import STRANGER, Caller
from agent.hub.identity import Identity

_READ_RECORDS = 128
_MAX_GREETINGS = 4


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Limits and deadlines. A hub that says nothing for `silence_s` or takes nothing for `stall_s` is dropped."""

    max_links: int = 8
    heartbeat_s: float = 5.0
    silence_s: float = 12.0
    resume_s: float = 10.0
    stall_s: float = 8.0
    close_s: float = 1.0


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """One connected hub: how far it was sent and how far it has acknowledged."""

    hub: str
    epoch: str
    sent: int
    acknowledged: int
    in_flight: int


class _Ended(LinkClosed):
    """Ends the session; the close code tells the hub why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Session:
    """Serves one hub. Any breach of the protocol ends it with a close code and a reason; nothing is lost by that."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        journal: Journal,
        identity: Identity,
        settings: LinkSettings,
        named: Callable[[Session], None],
        caller: Caller = STRANGER,
    ) -> None:
        self._socket = socket
        self._caller = caller
        self._journal = journal
        self._identity = identity
        self._settings = settings
        self._named = named
        self.hub = ""
        self._resumes: asyncio.Queue[Resume] = asyncio.Queue(maxsize=1)
        self._expects_resume = False
        self._ended: asyncio.Future[_Ended] = asyncio.get_running_loop().create_future()
        self._epoch = ""
        self._window = 0
        self._sent = 0
        self._acknowledged = 0
        self._in_flight: deque[tuple[int, int]] = deque()
        self._moved = asyncio.Event()
        self._heard_s = asyncio.get_running_loop().time()

    def status(self) -> LinkStatus:
        return LinkStatus(self.hub, self._epoch, self._sent, self._acknowledged, self._in_flight_records())

    def end(self, code: int, reason: str) -> None:
        """End the session from outside."""
        if not self._ended.done():
            self._ended.set_result(_Ended(code, reason))

    async def run(self, transport: asyncio.Transport | None) -> int:
        """Serve until either side ends it; returns the close code."""
        code, reason = await self._serve()
        try:
            if transport is None or not _clogged(transport):
                async with asyncio.timeout(self._settings.close_s * 2):
                    await self._socket.close(code=code, message=reason.encode()[:120])
        except (TimeoutError, ConnectionError):
            pass  # it is gone, or does not answer
        finally:
            if transport is not None and transport.get_write_buffer_size():
                transport.abort()  # closing would keep all that is unsent in memory for as long as the hub likes
        return code

    async def _serve(self) -> tuple[int, str]:
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in (self._receive(), self._stream_journal(), self._heartbeat(), self._wait_for_end()):
                    tasks.create_task(part)
        except* _Ended as group:
            self.end(*_first(group))
        ended = await self._ended
        return ended.code, ended.reason

    async def _wait_for_end(self) -> None:
        raise await asyncio.shield(self._ended)

    # What the hub says.

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                raise _Ended(*_why_closed(self._socket, message))
            self._heard_s = asyncio.get_running_loop().time()
            try:
                decoded = decode_from_hub(message.data)
            except WireError as error:
                raise _Ended(CloseCode.MALFORMED, str(error)) from error
            await self._heard(decoded)

    async def _heard(self, message: FromHub) -> None:
        match message:
            case Ack():
                self._acknowledge(message)
            case Ping():
                await self._send(Pong(message.n))
            case Resume():
                if not self._expects_resume:
                    raise _Ended(CloseCode.UNEXPECTED, "a resume answers a hello and nothing else")
                self._expects_resume = False
                self._resumes.put_nowait(message)
            case Pong():
                pass

    def _acknowledge(self, ack: Ack) -> None:
        if ack.epoch != self._epoch:
            return  # it was under way when the epoch changed
        if ack.seq > self._sent:
            raise _Ended(CloseCode.BAD_ACK, f"{ack.seq} was never sent, the last was {self._sent}")
        self._acknowledged = max(self._acknowledged, ack.seq)
        while self._in_flight and self._in_flight[0][0] <= ack.seq:
            self._in_flight.popleft()
        self._journal.acknowledge(self.hub, Position(ack.epoch, ack.seq))
        self._moved.set()

    # What the camera says.

    async def _stream_journal(self) -> None:
        for _ in range(_MAX_GREETINGS):
            if (start := await self._greet()) is not None:
                await self._stream_epoch(start)
        raise _Ended(CloseCode.BAD_CURSOR, "no place to resume from could be agreed on")

    async def _greet(self) -> Position | None:
        """Say hello and learn where to begin; None when the journal's epoch has changed meanwhile."""
        epoch = self._journal.head.epoch
        await self._send(self._hello())
        resume = await self._next_resume()
        self._introduce(resume)
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
            async with asyncio.timeout(self._settings.resume_s):
                return await self._resumes.get()
        except TimeoutError:
            raise _Ended(CloseCode.NO_RESUME, "the hello was not answered in time") from None

    def _introduce(self, resume: Resume) -> None:
        if self.hub not in ("", resume.hub):
            raise _Ended(CloseCode.UNEXPECTED, "a hub keeps its name")
        if self._caller.bound and resume.hub != self._caller.name:
            raise _Ended(CloseCode.UNEXPECTED, f"the certificate is that of {self._caller.name}")
        self.hub = resume.hub
        self._window = resume.window
        self._named(self)

    async def _stream_epoch(self, at: Position) -> None:
        """Send what comes after `at` until the epoch changes; then a new greeting is due."""
        self._epoch, self._sent, self._acknowledged = at.epoch, at.seq, at.seq
        self._in_flight.clear()
        while True:
            await self._journal.wait_for_new(at)
            room = await self._room()
            part = await self._journal.read(at, min(room, _READ_RECORDS))
            if part.epoch != at.epoch:
                return
            for batch in batches(self._identity.id, part):
                await self._send_batch(batch)
            at = Position(at.epoch, part.through)

    async def _send_batch(self, batch: Batch) -> None:
        self._sent = batch.through
        self._in_flight.append((batch.through, len(batch.records)))
        await self._send(batch)

    async def _room(self) -> int:
        """Wait until the hub's window has room; how many records fit."""
        while (room := self._window - self._in_flight_records()) <= 0:
            self._moved.clear()
            await self._moved.wait()
        return room

    def _in_flight_records(self) -> int:
        return sum(records for _, records in self._in_flight)

    async def _heartbeat(self) -> None:
        loop, number = asyncio.get_running_loop(), 0
        while True:
            await asyncio.sleep(self._settings.heartbeat_s)
            if loop.time() - self._heard_s > self._settings.silence_s:
                raise _Ended(CloseCode.SILENT, f"nothing was heard for {self._settings.silence_s:g} s")
            number += 1
            await self._send(Ping(number, self._journal.clock_facts(), self._journal.head.durable))

    async def _send(self, message: FromCamera) -> None:
        try:
            async with asyncio.timeout(self._settings.stall_s):
                await self._socket.send_bytes(encode(message))
        except TimeoutError:
            raise _Ended(CloseCode.STALLED, "the hub takes no data") from None
        except ConnectionError as error:
            raise _Ended(CloseCode.SHUTDOWN, "the hub went away") from error

    def _hello(self) -> Hello:
        identity, head = self._identity, self._journal.head
        return Hello(
            protocol=PROTOCOL,
            device=identity.id,
            model=identity.model,
            fw=identity.fw,
            api=identity.api,
            epoch=head.epoch,
            last_seq=head.last_seq,
            durable=head.durable,
            heartbeat_s=self._settings.heartbeat_s,
            clock=self._journal.clock_facts(),
        )


def _clogged(transport: asyncio.Transport) -> bool:
    """Whether the hub takes so little that a goodbye would wait as well."""
    low, _ = transport.get_write_buffer_limits()
    return transport.get_write_buffer_size() > low


def _why_closed(socket: web.WebSocketResponse, message: WSMessage) -> tuple[int, str]:
    if message.type is WSMsgType.TEXT:
        return CloseCode.MALFORMED, "messages are binary msgpack"
    if isinstance(message.data, WebSocketError):  # the frames themselves were refused
        return message.data.code, str(message.data)
    return socket.close_code or CloseCode.SHUTDOWN, "the hub went away"


def _first(group: BaseExceptionGroup[_Ended]) -> tuple[int, str]:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, _Ended)
    return found.code, found.reason
