"""Calls the hub where it cannot reach the camera: behind a router, or where multicast does not pass.

The camera opens the connection, proves which camera it is (`agent.hub.calling`), and waits; from then on it is the
server, exactly as for a connection that came to its TLS door: same keys, same pins, same roles. One such connection
stands by at any time; as soon as the hub uses it the next is opened. A camera without a hub calls nobody.
Where the hub is, `agent.hub.directory` knows; whoever else takes the call there is a stranger at the TLS door.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from agent.domain import Json
from agent.hostport import join
from agent.hub.backoff import Backoff
from agent.hub.calling import LONGEST, answer_line
from agent.hub.directory import Directory
from agent.hub.dnssd import Place

CONNECT_S = 10.0
STAND_BY_S = 300.0
"""So long one connection stands by: then a new one takes its place, which no router on the way has forgotten."""
LEAST_PAUSE_S = 0.05
BACKOFF = Backoff(first_s=0.5, most_s=60.0)
_CLAIMED_S = 2.0
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))

_log = logging.getLogger(__name__)


Serve = Callable[[socket.socket], Awaitable[None]]


class CallHome:
    """`claimed` says whether there is a hub."""

    def __init__(self, camera: str, key: Path, directory: Directory, claimed: Callable[[], bool]) -> None:
        self._camera = camera
        self._key = key
        self._directory = directory
        self._claimed = claimed
        self._failures = 0
        self._trouble = ""
        self.standing_by: Place | None = None

    def facts(self) -> dict[str, Json]:
        """For the status."""
        return {
            "domain": self._directory.domain,
            "places": [join(*place) for place in self._directory.known()],
            "standing_by": join(*self.standing_by) if self.standing_by else None,
            "trouble": self._directory.trouble or self._trouble,
        }

    async def run(self, serve: Serve) -> None:
        """Keep one connection standing by, until cancelled. `serve` takes one that the hub uses."""
        while True:
            if not self._claimed():
                await asyncio.sleep(_CLAIMED_S)
                continue
            await self._try_all(serve)
            await asyncio.sleep(self._pause_s())

    async def _try_all(self, serve: Serve) -> None:
        """Call at one place after the other until the hub is found at one."""
        places = await self._directory.places()
        for place in places:
            try:
                await self._call(place, serve)
                return
            except (OSError, ValueError) as error:  # TimeoutError is an OSError
                self._say(f"cannot call the hub at {join(*place)}: {error or type(error).__name__}")
        if not places:
            self._say(f"cannot find the hub: {self._directory.trouble}")
        self._failures += 1
        self._directory.refused()

    async def _call(self, place: Place, serve: Serve) -> None:
        """Open one connection and have it served once the hub uses it. Raises OSError where that ends before."""
        async with asyncio.timeout(CONNECT_S):
            connection = await self._opened(place)
        try:
            self.standing_by = place
            used = await self._used(connection)
        except BaseException:
            connection.close()
            raise
        finally:
            self.standing_by = None
        self._failures, self._trouble = 0, ""
        self._directory.taken(place)
        if used:
            await serve(connection)
        else:
            connection.close()

    async def _opened(self, place: Place) -> socket.socket:
        """A connection on which the hub was told who calls. Raises OSError, ValueError."""
        loop, (host, port) = asyncio.get_running_loop(), place
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

    def _say(self, trouble: str) -> None:
        """What keeps it from its hub; the log hears of it once."""
        _log.log(logging.DEBUG if self._failures else logging.WARNING, "%s", trouble)
        self._trouble = trouble

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
