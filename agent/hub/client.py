"""The hub's end of the link, for hubs written in Python: one connection to one camera, as plain calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiohttp

from agent.errors import LinkClosed, WireError
from agent.events.scan import MESSAGE_LIMITS
from agent.events.wire import (
    PROTOCOL,
    Ack,
    Batch,
    CloseCode,
    FromHub,
    Hello,
    Ping,
    Pong,
    Resume,
    decode_from_camera,
    encode,
)


class LinkClient:
    """Iterate over it: it yields a Hello (answer with `resume`), then batches (answer with `acknowledge`).

    Heartbeats are answered here. A camera that says nothing for `silence_s` counts as gone.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, silence_s: float) -> None:
        self._socket = socket
        self.silence_s = silence_s

    @classmethod
    async def connect(cls, session: aiohttp.ClientSession, url: str, *, silence_s: float = 20.0) -> Self:
        """Open `url` (http://host:port/v1/link). Raises LinkClosed when the camera cannot be reached or refuses."""
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        try:
            socket = await session.ws_connect(url, max_msg_size=MESSAGE_LIMITS.size, compress=0, timeout=timeout)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LinkClosed(f"{url}: {error or type(error).__name__}") from error
        return cls(socket, silence_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = CloseCode.MALFORMED if isinstance(value, WireError) else CloseCode.SHUTDOWN
        await self._socket.close(code=code, message=str(value or "").encode()[:120])

    async def __aiter__(self) -> AsyncIterator[Hello | Batch]:
        """Raises LinkClosed when the camera ends the link or falls silent, WireError when it breaks the protocol."""
        while True:
            message = decode_from_camera(await self._receive())
            if isinstance(message, Ping):
                await self._send(Pong(message.n))
            elif isinstance(message, Hello):
                if message.protocol != PROTOCOL:
                    raise WireError(f"the camera speaks protocol {message.protocol}, this hub {PROTOCOL}")
                yield message
            elif isinstance(message, Batch):
                yield message

    async def resume(self, hub: str, epoch: str, seq: int, window: int = 256) -> None:
        """Answer a hello: the hub holds everything of `epoch` up to `seq`."""
        await self._send(Resume(hub, epoch, seq, window))

    async def acknowledge(self, epoch: str, seq: int) -> None:
        """Everything of `epoch` up to `seq` is on the hub's disk."""
        await self._send(Ack(epoch, seq))

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
