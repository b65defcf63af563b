"""What every part of a hub's session speaks over: messages go out within a deadline, and anybody may end it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from aiohttp import web

from agent.errors import LinkClosed
from agent.events.wire import CloseCode, FromCamera, encode


class Ended(LinkClosed):
    """Ends the session; the close code tells the hub why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Line:
    """One hub's WebSocket. A hub that takes nothing for `stall_s` is dropped."""

    def __init__(self, socket: web.WebSocketResponse, stall_s: float) -> None:
        self._socket = socket
        self._stall_s = stall_s

    async def send(self, message: FromCamera) -> None:
        """Raises Ended when the hub takes no data or is gone."""
        await self._out(self._socket.send_bytes(encode(message)))

    async def pong(self, said: bytes) -> None:
        """Answer a ping of the WebSocket itself. Raises Ended likewise."""
        await self._out(self._socket.pong(said))

    async def _out(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await sending
        except TimeoutError:
            raise Ended(CloseCode.STALLED, "the hub takes no data") from None
        except ConnectionError as error:
            raise Ended(CloseCode.SHUTDOWN, "the hub went away") from error
