"""A slow, long and lossy line in front of a camera: a relay on loopback that carries bytes as such a line would.

Each direction takes `rate` bytes a second, its bytes are `delay_s` under way, and now and then a segment is lost: as in
TCP all behind it wait until it was sent again. What does not fit onto the line stays with the sender, for the relay's
own buffers are small. The kernel's netem would do this to packets, where it is built in.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

SEGMENT = 1400
BUFFER = 4096


@dataclass
class SlowLine:
    """The line's properties, how much it has carried to the hub, and a way to cut it."""

    camera: tuple[str, int]
    rate: float = 8_000.0
    delay_s: float = 0.3
    loss: float = 0.05
    port: int = 0
    to_hub: int = 0
    connections: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(3))
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def cut(self) -> None:
        """Whatever is connected now is not any more."""
        for task in self._open:
            task.cancel()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end has enough."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        there, back = await asyncio.open_connection(sock=await self._connected(), limit=BUFFER)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._carry(reader, back, hub=False))
                tasks.create_task(self._carry(there, writer, hub=True))
        except* OSError:
            pass
        except* asyncio.CancelledError:
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()
            back.transport.abort()

    async def _connected(self) -> socket.socket:
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        await asyncio.get_running_loop().sock_connect(made, self.camera)
        return made

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, hub: bool) -> None:
        """Segments leave one after the other as the rate allows, and arrive in that order, later."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver(arrived, writer, hub=hub))
            free_s = there_s = loop.time()
            while piece := await reader.read(SEGMENT):
                free_s = max(free_s, loop.time()) + len(piece) / self.rate
                again_s = 2 * self.delay_s if self.chance.random() < self.loss else 0.0
                there_s = max(there_s, free_s + self.delay_s + again_s)
                arrived.put_nowait((there_s, piece))
                await asyncio.sleep(free_s - loop.time())
            raise ConnectionResetError

    async def _deliver(
        self, arrived: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, hub: bool
    ) -> None:
        while True:
            there_s, piece = await arrived.get()
            await asyncio.sleep(there_s - asyncio.get_running_loop().time())
            self.to_hub += len(piece) if hub else 0
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def slow_line(camera: tuple[str, int]) -> AsyncIterator[SlowLine]:
    """A line to a camera on loopback: 64 kbit/s, 600 ms there and back, every twentieth segment lost."""
    line = SlowLine(camera)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    server = await asyncio.start_server(line.take, sock=listening, limit=BUFFER)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*line._open, return_exceptions=True)
