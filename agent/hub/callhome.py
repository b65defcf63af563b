"""Calls the hub where it cannot reach the camera: behind a router, or where multicast does not pass.

The camera opens the connection, proves which camera it is (`agent.hub.calling`), and waits; from then on it is the
server, exactly as for a connection that came to its TLS door: same keys, same pins, same roles. One such connection
stands by at any time; as soon as the hub uses it the next is opened. A camera without a hub calls nobody.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from agent.hub.backoff import Backoff
from agent.hub.calling import LONGEST, answer_line

CONNECT_S = 10.0
STAND_BY_S = 300.0
"""So long one connection stands by: then a new one takes its place, which no router on the way has forgotten."""
LEAST_PAUSE_S = 0.05
BACKOFF = Backoff(first_s=0.5, most_s=60.0)
_CLAIMED_S = 2.0
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))

_log = logging.getLogger(__name__)


class CallHome:
    """`run` until cancelled. `claimed` says whether there is a hub; `serve` takes a connection that the hub uses."""

    def __init__(
        self,
        camera: str,
        key: Path,
        place: tuple[str, int],
        claimed: Callable[[], bool],
        serve: Callable[[socket.socket], Awaitable[None]],
    ) -> None:
        self._camera = camera
        self._key = key
        self._place = place
        self._claimed = claimed
        self._serve = serve
        self._failures = 0
        self.standing_by = False

    async def run(self) -> None:
        """Keep one connection standing by."""
        while True:
            if not self._claimed():
                await asyncio.sleep(_CLAIMED_S)
                continue
            try:
                await self._call()
            except (OSError, ValueError) as error:  # TimeoutError is an OSError
                self._failed(error)
            await asyncio.sleep(self._pause_s())

    async def _call(self) -> None:
        """Open one connection and have it served once the hub uses it. Raises OSError where that ends before."""
        async with asyncio.timeout(CONNECT_S):
            connection = await self._opened()
        try:
            self.standing_by = True
            used = await self._used(connection)
        except BaseException:
            connection.close()
            raise
        finally:
            self.standing_by = False
        self._failures = 0
        if used:
            await self._serve(connection)
        else:
            connection.close()

    async def _opened(self) -> socket.socket:
        """A connection on which the hub was told who calls. Raises OSError, ValueError."""
        loop, (host, port) = asyncio.get_running_loop(), self._place
        failed: OSError = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.setblocking(False)
                await loop.sock_connect(connection, address)
                _keep_alive(connection)
                line = await _line(connection)
                await loop.sock_sendall(connection, answer_line(self._camera, self._key, line))
                return connection
            except OSError as error:
                connection.close()
                failed = error
            except BaseException:
                connection.close()
                raise
        raise failed

    async def _used(self, connection: socket.socket) -> bool:
        """Wait for the hub to say something; false when nobody did for long. Raises OSError when it hung up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STAND_BY_S):
                await _readable(connection)
                if not connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionError("the hub does not take calls of this camera now")
                return True
        return False

    def _failed(self, error: OSError | ValueError) -> None:
        level = logging.DEBUG if self._failures else logging.WARNING
        self._failures += 1
        _log.log(level, "cannot call the hub at %s port %d: %s", *self._place, error or type(error).__name__)

    def _pause_s(self) -> float:
        return BACKOFF.pause_s(self._failures - 1) if self._failures else LEAST_PAUSE_S


def _keep_alive(connection: socket.socket) -> None:
    """A connection that stands by and is dead is noticed within a minute, on either side of what broke."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


async def _line(connection: socket.socket) -> bytes:
    """What the hub says first: nothing follows before it was answered. Raises OSError."""
    loop, said = asyncio.get_running_loop(), b""
    while not said.endswith(b"\n") and len(said) < LONGEST:
        piece = await loop.sock_recv(connection, LONGEST - len(said))
        if not piece:
            raise ConnectionError("the hub has hung up")
        said += piece
    return said


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection, _set, ready)
    try:
        await ready
    finally:
        loop.remove_reader(connection)
