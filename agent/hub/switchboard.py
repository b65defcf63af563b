"""Where a hub takes the calls of cameras that it cannot reach itself (`agent.hub.callhome`).

For each camera that calls there is an address on this computer: whatever connects there is put through to a connection
that the camera keeps standing by. So everything that reaches cameras works over a call as well, and TLS goes from end
to end.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import NamedTuple

from agent.errors import OperatorError
from agent.hostport import join
from agent.hub.calling import LONGEST, caller_in, challenge_line, is_proven

GREETING_S = 5.0
PUT_THROUGH_S = 10.0
MOST_EACH, MOST_FROM_ONE, MOST = 4, 64, 1024
"""Calls that may stand by for one camera, come from one address, and wait at all."""
MOST_UNPROVEN_FROM_ONE, MOST_UNPROVEN = 32, 256
"""Callers who have not proven yet which camera they are: who has taken longest over it makes room for the next."""
_PIECE = 1 << 16


class Call(NamedTuple):
    """A connection that stands by, and the address from which it came."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str

    @property
    def alive(self) -> bool:
        """Whether the camera has not hung up; it says nothing before it is spoken to."""
        return not self.reader.at_eof() and not self.writer.is_closing()


class Switchboard:
    """`key_of` gives the fingerprint of a camera's key, "" where it is none of this hub's.

    `called` hears of a camera that calls, and of its address here. Callers have `greeting_s` to prove who they are.
    """

    def __init__(
        self, key_of: Callable[[str], str], called: Callable[[str, str], None], greeting_s: float = GREETING_S
    ) -> None:
        self._key_of = key_of
        self._called = called
        self._greeting_s = greeting_s
        self._calls: dict[str, list[Call]] = {}
        self._unproven: dict[asyncio.StreamWriter, str] = {}
        self._places: dict[str, asyncio.Server] = {}
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def unproven(self) -> int:
        """How many have called who have not proven yet which camera they are."""
        return len(self._unproven)

    def standing_by(self) -> dict[str, str]:
        """The cameras that wait to be spoken to, with their addresses on this computer."""
        waiting = (camera for camera, calls in self._calls.items() if any(call.alive for call in calls))
        return {camera: _url(self._places[camera]) for camera in waiting if camera in self._places}

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Take calls there while this lasts; gives the port. Raises OperatorError."""
        try:
            server = await asyncio.start_server(self._take, host, port)
        except OSError as error:
            hint = "does this hub run already? what is revoked it tells by itself; for the rest end it meanwhile"
            raise OperatorError(f"cannot take calls at {host} port {port}: {error.strerror}", hint=hint) from None
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self._closed = True  # for those who are on the way in
            for one in (server, *self._places.values()):
                one.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for call in self._waiting():
                call.writer.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody calls."""
        address = writer.get_extra_info("peername")[0]
        camera = ""
        with suppress(asyncio.CancelledError), self._under_way():  # the hub ends
            camera = await self._proven(reader, writer, address) if self._has_room(address) else ""
        if not camera:
            writer.transport.abort()
            return
        calls = [call for call in self._calls.get(camera, []) if call.alive]
        for old in calls[: max(len(calls) + 1 - MOST_EACH, 0)]:
            old.writer.transport.abort()
        self._calls[camera] = [*calls[-(MOST_EACH - 1) :], Call(reader, writer, address)]
        self._news.set()
        self._called(camera, await self._place(camera))

    async def _proven(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> str:
        """The camera that calls; "" for whoever is none of ours, says nothing, or had to make room."""
        near = [one for one, place in self._unproven.items() if place == address]
        if len(near) >= MOST_UNPROVEN_FROM_ONE:
            self._hang_up(near[0])
        elif len(self._unproven) >= MOST_UNPROVEN:
            self._hang_up(next(iter(self._unproven)))
        self._unproven[writer] = address
        try:
            return await self._heard(reader, writer)
        finally:
            self._unproven.pop(writer, None)

    def _hang_up(self, caller: asyncio.StreamWriter) -> None:
        del self._unproven[caller]
        caller.transport.abort()

    async def _heard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """The camera that proves to be one of ours; "" for anybody else."""
        challenge = secrets.token_hex(16)
        # TimeoutError is an OSError.
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.write(challenge_line(challenge))
            async with asyncio.timeout(self._greeting_s):
                line = await reader.readuntil(b"\n")
            camera = caller_in(line) if len(line) <= LONGEST else ""
            fp = self._key_of(camera) if camera else ""
            return camera if fp and is_proven(line, challenge, fp) else ""
        return ""

    async def _place(self, camera: str) -> str:
        """The address on this computer by which the camera is reached."""
        if camera not in self._places:
            self._places[camera] = await asyncio.start_server(lambda r, w: self._put_through(camera, r, w), "127.0.0.1")
        return _url(self._places[camera])

    async def _put_through(self, camera: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join what came with a call that stands by, for as long as either end wants."""
        try:
            with self._under_way():
                async with asyncio.timeout(0 if self._closed else PUT_THROUGH_S):
                    call = await self._next_call(camera)
                await _joined((reader, writer), (call.reader, call.writer))
        except (TimeoutError, asyncio.CancelledError):
            pass  # nobody calls, or the hub ends
        finally:
            writer.transport.abort()

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """What this task does meanwhile ends with the switchboard."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def _next_call(self, camera: str) -> Call:
        while True:
            calls = self._calls.get(camera, [])
            while calls:
                if (call := calls.pop()).alive:
                    return call
            self._news.clear()
            await self._news.wait()

    def _has_room(self, address: str) -> bool:
        waiting = [call for call in self._waiting() if call.alive]
        near = sum(call.address == address for call in waiting)
        return not self._closed and len(waiting) < MOST and near < MOST_FROM_ONE

    def _waiting(self) -> list[Call]:
        return [call for calls in self._calls.values() for call in calls]


def _url(server: asyncio.Server) -> str:
    return f"https://{join(*server.sockets[0].getsockname())}"


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _joined(one: Ends, other: Ends) -> None:
    """Carry what each end says to the other until both directions have ended, or one breaks."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_carry(one[0], other[1]))
            tasks.create_task(_carry(other[0], one[1]))
    except* OSError:
        pass
    finally:
        for _, writer in (one, other):
            writer.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
