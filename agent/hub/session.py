"""One hub's connection: the journal to it, commands and fetches from it, heartbeats both ways."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from agent.errors import WireError
from agent.events.journal import Journal
from agent.events.orders import Command, Result
from agent.events.pieces import Fetch, Leave, Take
from agent.events.wire import (
    PROTOCOL,
    Ack,
    CloseCode,
    FromHub,
    Hello,
    Ping,
    Pong,
    Resume,
    decode_from_hub,
)
from agent.hub.bucket import Rate
from agent.hub.callers import Caller
from agent.hub.commands import Asker
from agent.hub.identity import Identity
from agent.hub.line import Ended, Line
from agent.hub.pace import RoundTrip
from agent.hub.pacing import ASKS, MESSAGES, Pacing
from agent.hub.sending import Sender
from agent.hub.services import LinkServices
from agent.hub.stream import JournalStream, LinkStatus

_MOST_COMMANDS = 8


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Limits and deadlines. A hub that says nothing for `silence_s` or takes nothing for `stall_s` is dropped.

    With the goodbye none stays longer than 10 s; of the pings of a silence two can be lost or late. `asks` is the pace
    of a hub's commands and fetches, `messages` that of all it says.
    """

    max_links: int = 8
    heartbeat_s: float = 2.5
    silence_s: float = 8.0
    resume_s: float = 8.0
    stall_s: float = 8.0
    close_s: float = 1.0
    asks: Rate = ASKS
    messages: Rate = MESSAGES


class Session:
    """Serves one hub. Any breach of the protocol ends it with a close code and a reason; nothing is lost by that."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        journal: Journal,
        identity: Identity,
        settings: LinkSettings,
        services: LinkServices,
        pacing: Pacing,
        caller: Caller,
        named: Callable[[Session], None],
    ) -> None:
        self._socket = socket
        self._caller = caller
        self._journal = journal
        self._identity = identity
        self._settings = settings
        self._services = services
        self._pacing = pacing
        self._named = named
        self._challenge = secrets.token_hex(16)
        line = self._line = Line(socket, settings.stall_s)
        self._round_trip = RoundTrip()
        base_s = self._base_s
        self._stream = JournalStream(line, journal, self._hello, settings.resume_s, self._goes_by, base_s)
        self._tasks = asyncio.TaskGroup()
        self._sender = Sender(line, services.attachments, self._who, base_s)
        self._obeying = 0
        self._ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._heard_s = asyncio.get_running_loop().time()
        self._held_until_s = -math.inf

    @property
    def hub(self) -> str:
        """What the hub calls itself; empty before it has said so."""
        return self._stream.hub

    def status(self) -> LinkStatus:
        return self._stream.status()

    def end(self, code: int, reason: str) -> None:
        """End the session from outside."""
        if not self._ended.done():
            self._ended.set_result(Ended(code, reason))

    async def run(self, transport: asyncio.Transport | None) -> int:
        """Serve until either side ends it; returns the close code."""
        code, reason = await self._serve()
        is_hasty = asyncio.get_running_loop().time() < self._held_until_s + self._settings.close_s
        try:
            if transport is None or not _clogged(transport):
                # The answer to a goodbye stands behind all that a hasty hub has said: it would be read without a pace.
                async with asyncio.timeout(0.0 if is_hasty else self._settings.close_s * 2):
                    await self._socket.close(code=code, message=reason.encode()[:120])
        except (TimeoutError, ConnectionError):
            pass  # it is gone, or does not answer
        finally:
            if transport is not None and (is_hasty or transport.is_closing() or transport.get_write_buffer_size()):
                transport.abort()  # closing would keep all that is unsent in memory for as long as the hub likes
        return code

    async def _serve(self) -> tuple[int, str]:
        try:
            async with self._tasks as tasks:
                beating = self._heartbeat(), self._listen()
                for part in (self._receive(), self._stream.run(), *beating, self._wait_for_end()):
                    tasks.create_task(part)
        except* Ended as group:
            self.end(*_first(group))
        ended = await self._ended
        return ended.code, ended.reason

    async def _wait_for_end(self) -> None:
        raise await asyncio.shield(self._ended)

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type not in (WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG):
                raise Ended(*_why_closed(self._socket, message))
            self._heard_s = now_s = asyncio.get_running_loop().time()
            await self._held_up(self._pacing.message_s(self._goes_as, len(message.data), now_s))
            if message.type is WSMsgType.PING:
                await self._line.pong(message.data)
            elif message.type is WSMsgType.BINARY:
                await self._heard(_decoded(message.data))

    async def _held_up(self, wait_s: float) -> None:
        """Read nothing meanwhile; that the hub is not heard then is not its silence."""
        if wait_s > 0.0:
            self._heard_s = self._held_until_s = asyncio.get_running_loop().time() + wait_s
            await asyncio.sleep(wait_s)

    @property
    def _goes_as(self) -> str:
        """Whose pace it is."""
        return self._caller.name if self._caller.bound else self.hub

    async def _heard(self, message: FromHub) -> None:
        match message:
            case Ack():
                self._stream.acknowledged(message)
            case Ping():
                await self._line.send(Pong(message.n))
            case Resume():
                self._stream.resumed(message)
            case Take():
                self._sender.taken(message)
            case Leave():
                self._sender.leave(message)
            case Command():
                await self._command(message)
            case Fetch():
                await self._fetch(message)
            case Pong():
                self._round_trip.ponged(message.n, asyncio.get_running_loop().time())

    async def _command(self, command: Command) -> None:
        """A hub that asks and does not listen is not heard either: what is too much waits with the hub."""
        await self._asked()
        if self._obeying >= _MOST_COMMANDS:
            await self._line.send(Result(command.id, "refused", f"{_MOST_COMMANDS} others are being done: ask again"))
            return
        self._obeying += 1
        self._tasks.create_task(self._obey(command))

    async def _fetch(self, fetch: Fetch) -> None:
        await self._asked()
        if (refusal := self._sender.refusal(fetch)) is not None:
            await self._line.send(refusal)
        else:
            self._tasks.create_task(self._sender.send(fetch))

    async def _obey(self, command: Command) -> None:
        """Have it done and tell what became of it; what was begun is brought to its end even when the hub goes."""
        try:
            asker = Asker(self._caller, self.hub, command.by)
            await self._line.send(await self._services.commands.take(command, self._challenge, asker))
        finally:
            self._obeying -= 1

    def _goes_by(self) -> None:
        """The hub has said its name: that which its certificate proves, where it has one."""
        if self._caller.bound and self.hub != self._caller.name:
            raise Ended(CloseCode.UNEXPECTED, f"the certificate is that of {self._caller.name}")
        self._named(self)

    async def _asked(self) -> None:
        """Something is asked for: it waits until its pace allows it."""
        if not self.hub:
            raise Ended(CloseCode.UNEXPECTED, "a resume comes before anything that is asked for")
        await self._held_up(self._pacing.ask_s(self._goes_as, asyncio.get_running_loop().time()))

    def _base_s(self) -> float:
        return self._round_trip.least_s

    def _who(self) -> str:
        return Asker(self._caller, self.hub).who

    async def _heartbeat(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(self._settings.heartbeat_s)
            number += 1
            self._round_trip.pinged(number, asyncio.get_running_loop().time())
            await self._line.send(Ping(number, self._journal.clock_facts(), self._journal.head.durable))

    async def _listen(self) -> None:
        """End a hub that says nothing, when its time is over and not only at the next ping."""
        loop, silence_s = asyncio.get_running_loop(), self._settings.silence_s
        while (left_s := self._heard_s + silence_s - loop.time()) > 0:  # noqa: ASYNC110  `_heard_s` moves meanwhile
            await asyncio.sleep(left_s)
        raise Ended(CloseCode.SILENT, f"nothing was heard for {silence_s:g} s")

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
            challenge=self._challenge,
            capabilities=self._services.capabilities(),
        )


def _clogged(transport: asyncio.Transport) -> bool:
    """Whether a goodbye would wait as well, because the hub takes so little, or is gone."""
    if transport.is_closing():
        return True  # and with TLS it cannot even tell its limits any more
    low, _ = transport.get_write_buffer_limits()
    return transport.get_write_buffer_size() > low


def _decoded(data: bytes) -> FromHub:
    try:
        return decode_from_hub(data)
    except WireError as error:
        raise Ended(CloseCode.MALFORMED, str(error)) from error


def _why_closed(socket: web.WebSocketResponse, message: WSMessage) -> tuple[int, str]:
    if message.type is WSMsgType.TEXT:
        return CloseCode.MALFORMED, "messages are binary msgpack"
    if isinstance(message.data, WebSocketError):  # the frames themselves were refused
        return message.data.code, str(message.data)
    return socket.close_code or CloseCode.SHUTDOWN, "the hub went away"


def _first(group: BaseExceptionGroup[Ended]) -> tuple[int, str]:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, Ended)
    return found.code, found.reason
