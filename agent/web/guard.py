"""Stands between the network and aiohttp: caps connections and cuts those that idle, drip or never read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebLimits:
    """`request_s` is how long a connection may take to complete a request's headers, or to take an answer."""

    max_connections: int = 64
    request_s: float = 8.0
    body_s: float = 5.0
    max_body: int = 256 * 1024


@dataclass(slots=True)
class WebCounts:
    """Since the start."""

    accepted: int = 0
    refused: int = 0
    cut: int = 0


class Doorkeeper:
    """Knows every open connection of a server."""

    def __init__(self, limits: WebLimits) -> None:
        self.limits = limits
        self.counts = WebCounts()
        self._open: dict[asyncio.BaseTransport, _Guarded] = {}

    def guarding(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """A factory for `loop.create_server` that puts a guard before each protocol of `factory`."""
        return lambda: _Guarded(self, factory())

    @property
    def connections(self) -> int:
        return len(self._open)

    def working(self, transport: asyncio.BaseTransport | None) -> None:
        """A request of this connection is being handled: the handler answers for its time."""
        if transport is not None and transport in self._open:
            self._open[transport].disarm()

    def waiting(self, transport: asyncio.BaseTransport | None) -> None:
        """The request was handled: the answer has to be taken and the next request made within the deadline."""
        if transport is not None and transport in self._open:
            self._open[transport].arm()

    def admit(self, guarded: _Guarded, transport: asyncio.BaseTransport) -> bool:
        """Whether there is room for one more."""
        if len(self._open) >= self.limits.max_connections:
            self.counts.refused += 1
            return False
        self._open[transport] = guarded
        self.counts.accepted += 1
        return True

    def gone(self, transport: asyncio.BaseTransport) -> None:
        self._open.pop(transport, None)


class _Guarded(asyncio.Protocol):
    """Passes everything on to the server's protocol, and aborts the connection when its deadline passes."""

    def __init__(self, keeper: Doorkeeper, inner: asyncio.Protocol) -> None:
        self._keeper = keeper
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if not self._keeper.admit(self, transport):
            transport.abort()
            return
        self._transport = transport
        self._inner.connection_made(transport)
        self.arm()

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return
        self.disarm()
        self._keeper.gone(self._transport)
        self._inner.connection_lost(exc)

    def arm(self) -> None:
        """Give the connection `request_s` from now."""
        self.disarm()
        self._deadline = asyncio.get_running_loop().call_later(self._keeper.limits.request_s, self._cut)

    def disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _cut(self) -> None:
        self._keeper.counts.cut += 1
        if self._transport is not None:
            self._transport.abort()
