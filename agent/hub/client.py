"""The hub's end of the link, for hubs written in Python: one connection to one camera, as plain calls."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiohttp

from agent.errors import LinkClosed, WireError
from agent.events.orders import MOST_LIFE_S, Command, Order, Result, pack_order
from agent.events.pieces import Done, Part, Undone
from agent.events.scan import MESSAGE_LIMITS
from agent.events.wire import (
    PROTOCOL,
    Ack,
    Batch,
    ClockFacts,
    CloseCode,
    FromHub,
    Hello,
    Ping,
    Pong,
    Resume,
    decode_from_camera,
    encode,
)
from agent.hub.fetching import Fetches, Sink

ANSWER_S = 5.0
"""How long the answer to a command may take beyond the command's own time."""


class WrongVersion(WireError):
    """The camera speaks another version of the protocol."""


class LinkClient:
    """Iterate over it: it yields a Hello (answer with `resume`), then batches (answer with `acknowledge`).

    Heartbeats are answered here, and `command` and `fetch` are served, but only while somebody iterates. A camera that
    says nothing for `silence_s` counts as gone.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, silence_s: float) -> None:
        self._socket = socket
        self.silence_s = silence_s
        self.hello: Hello | None = None
        self._ahead_s = 0.0
        self._results: dict[str, asyncio.Future[Result]] = {}
        self._fetches = Fetches(self._send)

    @classmethod
    async def connect(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        *,
        silence_s: float = 20.0,
        context: ssl.SSLContext | None = None,
    ) -> Self:
        """Open `url` (http://host:port/v1/link), with `context` for TLS.

        Raises LinkClosed when the camera cannot be reached or refuses.
        """
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        try:
            socket = await session.ws_connect(
                url, max_msg_size=MESSAGE_LIMITS.size, compress=0, timeout=timeout, ssl=context or True
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LinkClosed(f"{url}: {error or type(error).__name__}") from error
        return cls(socket, silence_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandon(LinkClosed(str(value or "the hub has closed the link")))
        code = CloseCode.MALFORMED if isinstance(value, WireError) else CloseCode.SHUTDOWN
        code = CloseCode.VERSION if isinstance(value, WrongVersion) else code
        await self._socket.close(code=code, message=str(value or "").encode()[:120])

    async def __aiter__(self) -> AsyncIterator[Hello | Batch]:
        """Raises LinkClosed when the camera ends the link or falls silent, WireError when it breaks the protocol."""
        try:
            while True:
                message = decode_from_camera(await self._receive())
                match message:
                    case Hello():
                        self._greeted(message)
                        yield message
                    case Batch():
                        yield message
                    case Ping():
                        self._see_clock(message.clock)
                        await self._send(Pong(message.n))
                    case Result():
                        self._answered(message)
                    case Part() | Done() | Undone():
                        self._fetches.heard(message)
                    case Pong():
                        pass
        except (LinkClosed, WireError) as error:
            self._abandon(error)
            raise

    async def resume(self, hub: str, epoch: str, seq: int, window: int = 256) -> None:
        """Answer a hello: the hub holds everything of `epoch` up to `seq`."""
        await self._send(Resume(hub, epoch, seq, window, PROTOCOL))

    async def acknowledge(self, epoch: str, seq: int) -> None:
        """Everything of `epoch` up to `seq` is on the hub's disk."""
        await self._send(Ack(epoch, seq))

    async def command(self, order: Order, *, by: str = "", within_s: float = 10.0, id: str | None = None) -> Result:
        """Order something, and wait for what becomes of it. With the `id` of an earlier command it is that one again.

        It has to begin `within_s` (at most 30 s). Raises LinkClosed where no answer came: ask again by its id.
        """
        hello = self._linked()
        expires_s = self._camera_s() + min(within_s, MOST_LIFE_S)
        command = Command(id or secrets.token_hex(16), hello.challenge, expires_s, pack_order(order), by[:63])
        answer = self._results[command.id] = asyncio.get_running_loop().create_future()
        try:
            await self._send(command)
            async with asyncio.timeout(within_s + ANSWER_S):
                result: Result = await answer
                return result
        except TimeoutError:
            raise LinkClosed("the camera has not said what became of the command") from None
        finally:
            self._results.pop(command.id, None)

    async def fetch(self, what: str, sink: Sink) -> Done:
        """Fetch an attachment into `sink`, from where it ends.

        Raises LinkClosed (fetch on, over the next link), FetchRefused, WireError where the camera sends something else.
        """
        self._linked()
        return await self._fetches.fetch(what, sink)

    def _linked(self) -> Hello:
        if self.hello is None:
            raise LinkClosed("the camera has not said hello yet")
        return self.hello

    def _greeted(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL:
            raise WrongVersion(f"the camera speaks protocol {hello.protocol}, this hub {PROTOCOL}")
        self.hello = hello
        self._see_clock(hello.clock)

    def _see_clock(self, clock: ClockFacts | None) -> None:
        """How far the camera's monotonic clock is ahead of ours, at most: the way here took some time."""
        if clock is not None:
            self._ahead_s = clock.mono_s - asyncio.get_running_loop().time()

    def _camera_s(self) -> float:
        """The camera's monotonic clock, or a little less: a command may expire early by that, never late."""
        return asyncio.get_running_loop().time() + self._ahead_s

    def _answered(self, result: Result) -> None:
        answer = self._results.get(result.id)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def _abandon(self, error: LinkClosed | WireError) -> None:
        """Nobody hears the camera any more: tell those who wait for it."""
        lost = error if isinstance(error, LinkClosed) else LinkClosed(str(error))
        for answer in self._results.values():
            if not answer.done():
                answer.set_exception(lost)
        self._fetches.abandon(lost)

    async def _receive(self) -> bytes:
        try:
            message = await self._socket.receive(timeout=self.silence_s)
        except TimeoutError:
            raise LinkClosed(f"nothing was heard for {self.silence_s:g} s") from None
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise LinkClosed(f"the camera closed the link: {self._socket.close_code} {message.extra or ''}".rstrip())
        data: bytes = message.data
        return data

    async def _send(self, message: FromHub) -> None:
        try:
            async with asyncio.timeout(self.silence_s):
                await self._socket.send_bytes(encode(message))
        except (TimeoutError, ConnectionError) as error:
            raise LinkClosed("the camera went away") from error
