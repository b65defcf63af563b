"""Stands between the network and aiohttp: caps connections and cuts those that idle, drip or never read.

At a door with TLS a connection counts from its first packet on: whoever never ends the handshake is cut as well. No
flood keeps the hub out: strangers, and whoever has not proven to be none, are few from one address, and make room.
While there is nobody to answer yet, whoever has come in waits: the delay is the camera's, and costs them no deadline.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from agent.hub.bucket import Buckets, Rate
from agent.hub.callers import STRANGER, Caller, Role
from agent.web.interlude import Interlude
from agent.web.turns import TurnLimits, Turns

ASKS = Rate(per_s=20.0, at_once=80)
"""A page is some thirty files; what asks for them again and again does so every 0.4 s at the most."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """`request_s` is how long a connection may take to complete a request's headers, or to take an answer.

    `max_each` is how many connections strangers may hold from one address; those of one network of IPv6 (/64) hold no
    more together, as one computer there has as many addresses as it likes, and make room for each other. Over one
    connection a stranger may ask `max_asked` times, with bodies of `max_strange_body`. `turns` is the pace at which
    they come in, `asks` that of the requests of each who is known by a certificate, or a session by it.
    """

    max_connections: int = 64
    max_each: int = 16
    request_s: float = 7.0
    body_s: float = 5.0
    max_body: int = 256 * 1024
    max_strange_body: int = 64 * 1024
    max_asked: int = 8
    turns: TurnLimits = field(default_factory=TurnLimits)
    asks: Rate = ASKS


@dataclass(slots=True)
class WebCounts:
    """Since the start; `unproven` connections never ended their handshake, `foreign` ones among them because another
    authority than the pinned ones had signed their certificate; `displaced` ones made room; `turned_away` ones never
    had their turn. `slowed` is how many requests came too fast.
    """

    accepted: int = 0
    refused: int = 0
    cut: int = 0
    unproven: int = 0
    foreign: int = 0
    displaced: int = 0
    turned_away: int = 0
    slowed: int = 0


class Door(Protocol):
    """Where connections come from; the doors there are stand in `agent.web.doors`."""

    def context(self) -> ssl.SSLContext | None:
        """What a new connection is to be encrypted with, if at all."""

    def caller(self, transport: asyncio.BaseTransport) -> Caller:
        """Who is at the other end now."""


class Doorkeeper:
    """Knows every open connection of all doors."""

    def __init__(self, limits: WebLimits) -> None:
        self.limits = limits
        self.counts = WebCounts()
        self.turns = Turns[socket.socket](limits.turns)
        self.interlude = Interlude()
        self._asks = Buckets(limits.asks)
        self._held: dict[_Guarded, None] = {}
        self._open: dict[asyncio.BaseTransport, _Guarded] = {}
        self._spared: set[asyncio.BaseTransport | None] = set()
        self._closed = False
        self._server: Callable[[], asyncio.Protocol] | None = None

    def guarding(self, door: Door) -> Callable[[], asyncio.Protocol]:
        """A factory for `loop.create_server` that puts a guard before each protocol of whoever answers."""
        return lambda: _Guarded(self, door)

    def serve(self, server: Callable[[], asyncio.Protocol]) -> None:
        """There is somebody to answer now: for each connection, those that wait first, a protocol of `server`."""
        self._server = server
        for guarded in list(self._open.values()):
            guarded.end_wait(server())

    @property
    def connections(self) -> int:
        return len(self._held)

    def caller(self, transport: asyncio.BaseTransport | None) -> Caller:
        """Who is at the other end of a connection now; a stranger where that is gone."""
        guarded = self._open.get(transport) if transport is not None else None
        return guarded.identify() if guarded else STRANGER

    def turned_away(self) -> None:
        """Somebody came and never had their turn."""
        self.counts.turned_away += 1

    def proven(self, transport: asyncio.BaseTransport | None) -> None:
        """Whoever asks over this connection has shown that they may: where they come from is no strangers' place."""
        if guarded := self._open.get(transport) if transport is not None else None:
            guarded.asked = 0
            self.turns.prove(guarded.network)

    def is_spent(self, transport: asyncio.BaseTransport | None) -> bool:
        """Whether a stranger has asked over this connection as often as they may."""
        guarded = self._open.get(transport) if transport is not None else None
        return guarded is not None and guarded.asked >= self.limits.max_asked

    def wait_s(self, caller: Caller, now_s: float) -> float:
        """After how many seconds a request of theirs may be handled: no connection has another before that."""
        if caller.role in (Role.STRANGER, Role.LOCAL):
            return 0.0  # those are few a connection, these are the camera's own
        bucket = self._asks.of(caller.name)
        wait_s = bucket.wait_s(now_s)
        bucket.take(now_s)
        self.counts.slowed += wait_s > 0.0
        return wait_s

    def recheck(self) -> None:
        """The trust may have changed: cut every connection whose caller is no longer who it was."""
        for transport, guarded in list(self._open.items()):
            if transport not in self._spared and guarded.changed():
                guarded.cut()

    @contextmanager
    def sparing(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """Meanwhile this connection is not cut: whoever changes the trust with it gets an answer."""
        self._spared.add(transport)
        try:
            yield
        finally:
            self._spared.discard(transport)

    def working(self, transport: asyncio.BaseTransport | None) -> None:
        """A request of this connection is being handled: the handler answers for its time."""
        if transport is not None and transport in self._open:
            guarded = self._open[transport]
            guarded.disarm()
            guarded.asked += guarded.is_stranger

    def waiting(self, transport: asyncio.BaseTransport | None) -> None:
        """The request was handled: the answer has to be taken and the next request made within the deadline."""
        if transport is not None and transport in self._open:
            self._open[transport].arm()

    def admit(self, guarded: _Guarded) -> bool:
        """Whether there is room for one more; the stranger who has been here longest makes some where it is needed."""
        strangers = [one for one in self._held if one.is_stranger]
        near = [one for one in strangers if one.network == guarded.network] if guarded.is_stranger else []
        from_there = sum(one.address == guarded.address for one in near)
        full = len(self._held) >= self.limits.max_connections
        if self._closed or from_there >= self.limits.max_each or (full and not strangers):
            self.counts.refused += 1
            return False
        if full or len(near) >= self.limits.max_each:
            self.counts.displaced += 1
            (near if len(near) >= self.limits.max_each else strangers)[0].cut()
        self._held[guarded] = None
        self.counts.accepted += 1
        return True

    def opened(self, guarded: _Guarded, transport: asyncio.BaseTransport) -> None:
        """The connection may make requests now, or wait until there is somebody to answer."""
        self._open[transport] = guarded
        if self._server is not None:
            guarded.serve(self._server())
        else:
            guarded.wait()

    def gone(self, guarded: _Guarded, transport: asyncio.BaseTransport | None) -> None:
        """The connection is over; may be told twice."""
        self._held.pop(guarded, None)
        if transport is not None:
            self._open.pop(transport, None)

    def close(self) -> None:
        """Turn away whoever is not served yet, or is still on the way in; requests are ended by the server itself."""
        self._closed = True
        for guarded in list(self._held):
            guarded.turn_away()


class _Guarded(asyncio.Protocol):
    """Passes everything on to the server's protocol, and aborts the connection when its deadline passes."""

    def __init__(self, keeper: Doorkeeper, door: Door) -> None:
        self._keeper = keeper
        self._inner = asyncio.Protocol()  # hears nothing: nobody answers yet
        self._served = False
        self._door = door
        self._raw: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._early = b""
        self._deadline: asyncio.TimerHandle | None = None
        self._caller: Caller | None = None
        self.address = self.network = ""
        self.is_stranger = True
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        context = self._door.context()
        self.address = _address(transport)
        self.network = network_of(self.address)
        self.is_stranger = context is not None or self._door.caller(transport).role is Role.STRANGER
        if not self._keeper.admit(self):
            transport.abort()
            return
        self._raw = transport
        self.arm()
        if context is None:
            self._open(transport)
        else:
            transport.pause_reading()
            self._handshake = asyncio.get_running_loop().create_task(self._shake_hands(transport, context))

    def data_received(self, data: bytes) -> None:
        if self._served:
            self._inner.data_received(data)
        else:
            self._early += data  # came with the last packet of the handshake

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.disarm()
        self._keeper.gone(self, self._transport)
        self._inner.connection_lost(exc)

    def identify(self) -> Caller:
        """Who is at the other end now; `changed` compares with this."""
        assert self._transport is not None
        self._caller = self._door.caller(self._transport)
        return self._caller

    def changed(self) -> bool:
        """Whether who made requests over this connection would be somebody else now."""
        assert self._transport is not None
        return self._caller is not None and self._caller != self._door.caller(self._transport)

    def arm(self) -> None:
        """Give the connection `request_s` from now."""
        self.disarm()
        self._deadline = asyncio.get_running_loop().call_later(self._keeper.limits.request_s, self._too_slow)

    def disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def turn_away(self) -> None:
        """End what is no request yet: a handshake, or the wait for somebody to answer."""
        if self._handshake is not None:
            self._handshake.cancel()
        if self._transport is not None and not self._served:
            self.cut()

    def wait(self) -> None:
        """Nobody answers yet: nothing more is read meanwhile, and no deadline runs."""
        assert self._transport is not None
        self.disarm()
        self._transport.pause_reading()

    def end_wait(self, inner: asyncio.Protocol) -> None:
        """There is somebody to answer."""
        assert self._transport is not None
        self.serve(inner)
        self._transport.resume_reading()

    def serve(self, inner: asyncio.Protocol) -> None:
        """From now on `inner` answers; the next request has to be made within the deadline."""
        assert self._transport is not None
        self._inner, self._served = inner, True
        self.arm()
        inner.connection_made(self._transport)
        if self._early:
            inner.data_received(self._early)
            self._early = b""

    async def _shake_hands(self, raw: asyncio.Transport, context: ssl.SSLContext) -> None:
        """Encrypt the connection, then let it in; the deadline of the guard is that of the handshake, too."""
        loop, limit_s, transport = asyncio.get_running_loop(), self._keeper.limits.request_s, None
        try:
            transport = await loop.start_tls(
                raw, self, context, server_side=True, ssl_handshake_timeout=limit_s, ssl_shutdown_timeout=1.0
            )
        except OSError as error:  # ssl.SSLError among them: not our protocol, a wrong certificate, or gone
            self._keeper.counts.foreign += isinstance(error, ssl.SSLCertVerificationError)
            # The frames it went through would keep 256 KiB of buffers until the garbage collector finds the cycle.
            error.__traceback__ = error.__context__ = None
        finally:
            if transport is not None and not transport.is_closing():
                self._open(transport)
            else:
                self._give_up(raw)

    def _give_up(self, raw: asyncio.Transport) -> None:
        self._keeper.counts.unproven += 1
        self.disarm()
        self._keeper.gone(self, None)
        raw.abort()

    def _open(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_stranger = self._door.caller(transport).role is Role.STRANGER
        self._keeper.opened(self, transport)
        if not self.is_stranger:
            self._keeper.turns.prove(self.network)

    def _too_slow(self) -> None:
        self._keeper.counts.cut += 1
        self.cut()

    def cut(self) -> None:
        """End the connection at once, whatever waits to be sent."""
        transport = self._transport or self._raw
        self._keeper.gone(self, self._transport)
        if transport is not None:
            transport.abort()


def _address(transport: asyncio.BaseTransport) -> str:
    """Where a connection comes from; empty for one through a Unix socket."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def network_of(address: str) -> str:
    """What counts as one stranger's: an address of IPv4, of IPv6 the network (/64) in which it can be chosen freely."""
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
