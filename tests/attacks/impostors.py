"""Those who give themselves out as a camera: doors with another key, open doors, and men in the middle."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.beside import beside
from agent.hub.announce import Announcer
from agent.hub.certificates import certificate_pem, device_certificate, key_pem, new_key
from agent.hub.identity import Identity


@dataclass(slots=True)
class Trap:
    """A door that notes all that comes: `raw` on the wire, `told` within TLS, `calls` how many came."""

    port: int = 0
    calls: int = 0
    shaken: int = 0
    raw: bytearray = field(default_factory=bytearray)
    told: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def own_context(folder: Path, device: str) -> ssl.SSLContext:
    """A server with the camera's name and a key of its own, that takes every certificate."""
    key = new_key()
    file = folder / "impostor.pem"
    file.write_bytes(key_pem(key) + certificate_pem(device_certificate(key, device, f"aislewatch-{device}.local")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def impostor(folder: Path, device: str) -> AsyncIterator[Trap]:
    """A TLS door with another key, behind a tap on the wire."""
    context, trap = own_context(folder, device), Trap()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.shaken += 1
        with suppress(OSError):
            while data := await reader.read(65536):
                trap.told += data
        writer.close()

    inner = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with inner, relay(inner.sockets[0].getsockname()[1], trap):
        yield trap


@asynccontextmanager
async def open_trap() -> AsyncIterator[Trap]:
    """A door without TLS that notes what it is told."""
    trap = Trap()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.calls += 1
        with suppress(OSError):
            while data := await reader.read(65536):
                trap.told += data
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        trap.port = server.sockets[0].getsockname()[1]
        yield trap


@asynccontextmanager
async def relay(to_port: int, trap: Trap) -> AsyncIterator[Trap]:
    """A man in the middle: passes everything on to a door, both ways, and keeps what the client sends."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if kept is not None:
                    kept.extend(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.calls += 1
        there, back = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(pump(reader, back, trap.raw), pump(there, writer, None))

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        trap.port = server.sockets[0].getsockname()[1]
        yield trap


@asynccontextmanager
async def announced(identity: Identity, port: int) -> AsyncIterator[Announcer]:
    """Anybody may announce anything by mDNS."""
    announcer = Announcer(identity, port, lambda: ("127.0.0.1",), poll_s=0.05)
    async with beside(announcer.run()):
        yield announcer
