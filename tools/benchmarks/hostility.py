"""Hostile clients of a camera's TLS door: those that wait, drip, flood and send what no parser should choke on.

`python -m tools.benchmarks.hostility PORT [FILE]` plays all of them against a camera on this computer until its
standard input ends, each again as soon as it is thrown out; FILE is a hub's key and certificate, if it is to be had.
Then it prints how often each was thrown out.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
import socket
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
from cryptography import x509

from agent.events.orders import Command, Silence, pack_order
from agent.events.pieces import Fetch, Leave
from agent.events.wire import PROTOCOL, Hello, Ping, Resume, decode_from_camera, encode

HOST = "127.0.0.1"
FLOOD = 32
"""Connections that are opened at the same time by a flood, each again when it ends; questions asked without a pause."""
_PAIR = "POST /v1/pair HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
_NOISE = random.Random(7)
_ESTABLISHED = 1
"""TCP_ESTABLISHED, the first byte of the kernel's TCP_INFO."""

Writer = asyncio.StreamWriter
Hostile = Callable[[int], Coroutine[None, None, None]]
"""Comes to a port and misbehaves; returns when it was thrown out."""


def anybody(own: Path | None = None) -> ssl.SSLContext:
    """A client that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if own is not None:
        context.load_cert_chain(own)
    return context


def client_hello() -> bytes:
    """The first packet of a TLS handshake."""
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        anybody().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()


async def idle(port: int) -> None:
    """Comes and says nothing."""
    await _raw(port, b"")


async def idle_within_tls(port: int) -> None:
    """Ends the handshake and says nothing."""
    await _within_tls(port, b"")


async def half_a_handshake(port: int) -> None:
    """Greets, and never answers the greeting."""
    await _raw(port, client_hello())


async def slow_handshake(port: int) -> None:
    """Greets a byte at a time."""
    await _raw(port, b"", drip=client_hello())


async def slow_headers(port: int) -> None:
    """Never comes to the end of a request's headers."""
    await _within_tls(port, b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", drip=b"a" * 1000)


async def slow_body(port: int) -> None:
    """Never comes to the end of a body."""
    await _within_tls(port, f"{_PAIR}Content-Length: 1000\r\n\r\n".encode(), drip=b"a" * 1000)


async def idle_after_an_answer(port: int) -> None:
    """Has been served, and stays."""
    await _within_tls(port, b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")


async def never_reads(port: int) -> None:
    """Asks for ever and takes no answer."""
    _, writer = await _connect(port, anybody(), limit=1)
    with _left(writer):
        while not (writer.transport.is_closing() or _hung_up(writer)):
            writer.write(b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0.001)


async def endless_headers(port: int) -> None:
    """Sends headers as fast as they are taken."""
    await _pouring(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-More: " + b"a" * 8000 + b"\r\n")


async def oversized_body(port: int) -> None:
    """Announces a gibibyte, and sends it."""
    await _pouring(port, f"{_PAIR}Content-Length: {2**30}\r\n\r\n".encode(), bytes(65536))


async def endless_chunks(port: int) -> None:
    """Announces no length, and does not stop."""
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    await _pouring(port, f"{_PAIR}Transfer-Encoding: chunked\r\n\r\n".encode(), chunk)


async def compressed_body(port: int) -> None:
    """A body that would be a thousand times as long."""
    await _said(port, b"\x1f\x8b" + bytes(200), "Content-Encoding: gzip\r\n")


async def deep_json(port: int) -> None:
    """A body of brackets."""
    await _said(port, b"[" * 200_000)


async def repeated_keys(port: int) -> None:
    """A body whose fields stand there twice."""
    await _said(port, b'{"token":"' + b"A" * 26 + b'","token":"' + b"B" * 26 + b'","ca":"","store":"","hub":"h"}')


async def huge_fields(port: int) -> None:
    """A body with fields of 100 KiB."""
    await _said(port, json.dumps({"token": "A" * 100_000, "ca": "B" * 100_000, "store": "s", "hub": "h"}).encode())


async def noise(port: int) -> None:
    """Bytes of chance instead of a handshake."""
    await _raw(port, _NOISE.randbytes(2000))


async def noise_within_tls(port: int) -> None:
    """Bytes of chance instead of a request."""
    await _within_tls(port, _NOISE.randbytes(2000))


async def noise_in_a_request(port: int) -> None:
    """A request with bytes of chance in its middle."""
    at = _NOISE.randrange(10, 60)
    text = bytearray(f"{_PAIR}Content-Length: 2\r\n\r\n{{}}".encode())
    text[at : at + 4] = _NOISE.randbytes(4)
    await _within_tls(port, bytes(text))


async def flood(port: int) -> None:
    """Comes and goes as fast as it can."""
    await asyncio.gather(*(_knock(port) for _ in range(FLOOD)))


STRANGERS: tuple[Hostile, ...] = (
    idle,
    idle_within_tls,
    half_a_handshake,
    slow_handshake,
    slow_headers,
    slow_body,
    idle_after_an_answer,
    never_reads,
    endless_headers,
    oversized_body,
    endless_chunks,
    compressed_body,
    deep_json,
    repeated_keys,
    huge_fields,
    noise,
    noise_within_tls,
    noise_in_a_request,
)


def hostile_hub(own: Path) -> dict[str, Hostile]:
    """What a hub's stolen certificate is good for."""
    return {one.__name__: one for one in (*_rude_or_mute(own), *_hasty(own))}


def _rude_or_mute(own: Path) -> tuple[Hostile, ...]:
    """Hubs that say what is no message, or nothing, and a viewer who takes nothing."""

    async def frames_of_chance(port: int) -> None:
        """A link on which nothing is of the protocol."""
        async with _linked(port, own) as socket:
            await socket.send_bytes(_NOISE.randbytes(_NOISE.randrange(1, 2000)))
            await _until_closed(socket)

    async def a_frame_too_long(port: int) -> None:
        """A link with a message of a mebibyte."""
        async with _linked(port, own) as socket:
            await socket.send_bytes(bytes(2**20))
            await _until_closed(socket)

    async def a_hub_that_does_not_answer(port: int) -> None:
        """A link whose hello nobody answers."""
        async with _linked(port, own) as socket:
            await _until_closed(socket)

    async def a_hub_that_falls_silent(port: int) -> None:
        """A link whose pings nobody answers, once it stands."""
        async with _introduced(port, own) as socket:
            await _until_closed(socket)

    async def a_viewer_who_never_reads(port: int) -> None:
        """Watches, and takes no picture."""
        _, writer = await _connect(port, anybody(own), limit=1)
        with _left(writer):
            writer.write(b"GET /live.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            while not writer.transport.is_closing():  # noqa: ASYNC110 - a transport has no event for it
                await asyncio.sleep(0.1)

    return (
        frames_of_chance,
        a_frame_too_long,
        a_viewer_who_never_reads,
        a_hub_that_does_not_answer,
        a_hub_that_falls_silent,
    )


def _hasty(own: Path) -> tuple[Hostile, ...]:
    """Hubs that say as much as they can."""

    async def a_hub_that_asks_and_does_not_listen(port: int) -> None:
        """A link on which it asks as fast as it can, and takes no answer."""
        order = pack_order(Silence("nonsense"))
        async with _introduced(port, own) as socket:
            for number in itertools.count():
                await socket.send_bytes(encode(Fetch(number, f"clip/{'a' * 100}/{'b' * 100}")))
                await socket.send_bytes(encode(Leave(number)))
                await socket.send_bytes(encode(Command(f"{number:032x}", "0" * 32, 0.0, order)))
                if number % FLOOD == 0:
                    await asyncio.sleep(0)  # to hear that it was thrown out

    async def a_hub_that_chatters(port: int) -> None:
        """A link on which it says as fast as it can what asks for nothing."""
        async with _introduced(port, own) as socket:
            for number in itertools.count():
                await socket.send_bytes(encode(Ping(number)))
                await socket.ping()
                if number % FLOOD == 0:
                    await asyncio.sleep(0)

    async def a_hub_with_requests_without_end(port: int) -> None:
        """Asks for what costs most, one request behind the other, and takes the answers."""
        reader, writer = await _connect(port, anybody(own))
        taking = asyncio.create_task(reader.read())
        try:
            with _left(writer):
                while not (taking.done() or writer.transport.is_closing()):
                    writer.write(b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * FLOOD)
                    await writer.drain()
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    return (a_hub_that_asks_and_does_not_listen, a_hub_that_chatters, a_hub_with_requests_without_end)


def _name(own: Path) -> str:
    """Whose certificate it is: a link goes by that name."""
    certificate = x509.load_pem_x509_certificate(own.read_bytes())
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


@asynccontextmanager
async def _linked(port: int, own: Path) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A hub's link, before its first message; left without a goodbye, which would wait behind all that was said."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=_somewhere())) as http:
        yield await http.ws_connect(f"https://{HOST}:{port}/v1/link", ssl=anybody(own), max_msg_size=0)


@asynccontextmanager
async def _introduced(port: int, own: Path) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A hub's link that stands."""
    async with _linked(port, own) as socket:
        hello = decode_from_camera(await socket.receive_bytes())
        assert isinstance(hello, Hello)
        await socket.send_bytes(encode(Resume(_name(own), hello.epoch, hello.last_seq, protocol=PROTOCOL)))
        yield socket


def _somewhere() -> tuple[str, int]:
    """One of many addresses of this computer (Linux has all of 127.0.0.0/8): attackers need not come from one."""
    return f"127.1.{_NOISE.randrange(256)}.{_NOISE.randrange(1, 255)}", 0


async def _connect(
    port: int, context: ssl.SSLContext | None = None, limit: int = 2**16
) -> tuple[asyncio.StreamReader, Writer]:
    return await asyncio.open_connection(HOST, port, ssl=context, limit=limit, local_addr=_somewhere())


async def _raw(port: int, said: bytes, drip: bytes = b"") -> None:
    await _talk(*await _connect(port), said, drip)


async def _within_tls(port: int, said: bytes, drip: bytes = b"") -> None:
    await _talk(*await _connect(port, anybody()), said, drip)


async def _said(port: int, body: bytes, headers: str = "") -> None:
    await _within_tls(port, f"{_PAIR}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def _talk(reader: asyncio.StreamReader, writer: Writer, said: bytes, drip: bytes) -> None:
    """Say this, then drip, until the other side ends it."""
    dripping = asyncio.create_task(_dripped(writer, said, drip))
    try:
        with _left(writer):
            while await reader.read(65536):
                pass
    finally:
        dripping.cancel()


async def _dripped(writer: Writer, said: bytes, drip: bytes) -> None:
    with suppress(OSError):
        writer.write(said)
        for byte in drip:
            if writer.transport.is_closing():
                return
            writer.write(bytes([byte]))
            await asyncio.sleep(0.2)


async def _pouring(port: int, head: bytes, more: bytes) -> None:
    reader, writer = await _connect(port, anybody())
    ended = asyncio.create_task(reader.read())
    try:
        with _left(writer):
            writer.write(head)
            while not (ended.done() or writer.transport.is_closing()):
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0.001)
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)


async def _knock(port: int) -> None:
    with suppress(OSError):
        _, writer = await _connect(port)
        writer.write(client_hello())
        await writer.drain()
        writer.transport.abort()


def _hung_up(writer: Writer) -> bool:
    """Whether the other side has ended it, as the kernel knows: asyncio tells nobody who does not read."""
    connection = writer.get_extra_info("socket")
    state: int = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != _ESTABLISHED


async def _until_closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    while (await socket.receive()).type not in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
        pass


@contextmanager
def _left(writer: Writer) -> Iterator[None]:
    """Being thrown out is what is waited for; the connection is let go in any case."""
    try:
        with suppress(OSError):
            yield
    finally:
        writer.transport.abort()


async def over_and_over(port: int, hostile: Hostile, counts: Counter[str]) -> None:
    """Again as soon as it was thrown out."""
    while True:
        with suppress(OSError, aiohttp.ClientError):
            await hostile(port)
        counts[hostile.__name__] += 1
        await asyncio.sleep(0.001)


async def play(port: int, hostiles: Iterable[Hostile]) -> Counter[str]:
    """All of them at once until standard input ends; how often each was thrown out."""
    counts: Counter[str] = Counter()
    playing = [asyncio.create_task(over_and_over(port, one, counts)) for one in hostiles]
    await asyncio.to_thread(sys.stdin.read)
    for task in playing:
        task.cancel()
    await asyncio.gather(*playing, return_exceptions=True)
    return counts


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of whoever was thrown out and writes on
    number, *files = sys.argv[1:]
    insiders = [one for name in files for one in hostile_hub(Path(name)).values()]
    print(json.dumps(asyncio.run(play(int(number), (*STRANGERS, flood, *insiders)))))
