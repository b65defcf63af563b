"""The link over real WebSockets on loopback."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from agent.domain import Event, Severity
from agent.errors import LinkClosed
from agent.events.journal import Journal, JournalLimits, Position
from agent.events.wire import PROTOCOL, Ack, Batch, CloseCode, Hello, Resume, encode
from agent.hub.client import LinkClient
from agent.hub.identity import Identity
from agent.hub.link import LinkServer, LinkSettings
from hal.system import SystemClock

IDENTITY = Identity(id="cam0001", model="test", fw="0.1.0")
FAST = LinkSettings(heartbeat_s=0.05, silence_s=0.3, resume_s=0.5, stall_s=0.5, close_s=0.2, max_links=3)
CALM = LinkSettings(close_s=0.2)


class Camera:
    """A journal, a link and a server, as the agent composes them."""

    def __init__(self, journal: Journal, link: LinkServer, server: BaseTestServer) -> None:
        self.journal = journal
        self.link = link
        self.url = str(server.make_url("/v1/link"))

    async def happen(self, count: int, start: int = 0) -> None:
        for n in range(start, start + count):
            await self.journal.append(Event("restricted", float(n), Severity.WARNING, {"n": n}))


@asynccontextmanager
async def camera_at(
    path: Path, settings: LinkSettings = CALM, limits: JournalLimits | None = None
) -> AsyncIterator[Camera]:
    async with await Journal.open(path, SystemClock(), limits) as journal:
        link = LinkServer(journal, IDENTITY, settings)
        app = web.Application()
        app.router.add_get("/v1/link", link.handle)
        async with TestServer(app) as server:
            yield Camera(journal, link, server)
            await link.close()


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[Camera]:
    async with camera_at(tmp_path / "journal.db") as opened:
        yield opened


@pytest.fixture
async def fast_camera(tmp_path: Path) -> AsyncIterator[Camera]:
    async with camera_at(tmp_path / "journal.db", FAST) as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def seqs(batch: Batch) -> Iterator[int]:
    return (record.seq for record in batch.records)


async def collect(
    client: LinkClient, until: int, *, seq: int = 0, window: int = 256, hub: str = "hub-a", ack: bool = True
) -> list[int]:
    """Resume after `seq` and take batches up to number `until`."""
    got: list[int] = []
    async for message in client:
        if isinstance(message, Hello):
            await client.resume(hub, message.epoch, seq, window)
            continue
        got.extend(seqs(message))
        if ack:
            await client.acknowledge(message.epoch, message.through)
        if message.through >= until:
            return got
    return got


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition of the other side, at most a few seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other side has no event to wait for
            await asyncio.sleep(0.005)


async def test_events_flow_before_and_after_the_hub_came(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(3)
    async with await LinkClient.connect(http, camera.url) as client:
        taking = asyncio.create_task(collect(client, 6))
        await until(lambda: camera.journal.cursor("hub-a").seq == 3)
        await camera.happen(3, start=3)
        assert await taking == [1, 2, 3, 4, 5, 6]
        await until(lambda: camera.journal.cursor("hub-a").seq == 6)
    assert camera.link.counts.opened == 1


async def test_a_hub_resumes_after_what_it_holds(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(10)
    async with await LinkClient.connect(http, camera.url) as client:
        assert await collect(client, 10, seq=4) == [5, 6, 7, 8, 9, 10]


async def test_what_was_not_acknowledged_comes_again(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(5)
    async with await LinkClient.connect(http, camera.url) as client:
        assert await collect(client, 5, ack=False) == [1, 2, 3, 4, 5]
    async with await LinkClient.connect(http, camera.url) as client:
        assert await collect(client, 5) == [1, 2, 3, 4, 5]


async def test_never_more_than_the_window_is_in_flight(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(20)
    async with await LinkClient.connect(http, camera.url) as client:
        messages = aiter(client)
        hello = await anext(messages)
        await client.resume("hub-a", hello.epoch, 0, window=4)
        first = await anext(messages)
        assert isinstance(first, Batch)
        assert first.through == 4
        await camera.happen(1, start=20)
        assert [link.in_flight for link in camera.link.links()] == [4]
        await client.acknowledge(hello.epoch, 4)
        second = await anext(messages)
        assert isinstance(second, Batch)
        assert list(seqs(second)) == [5, 6, 7, 8]


async def test_hubs_do_not_wait_for_each_other(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(50)
    async with (
        await LinkClient.connect(http, camera.url) as stalled,
        await LinkClient.connect(http, camera.url) as good,
    ):
        hello = await anext(aiter(stalled))
        await stalled.resume("hub-stalled", hello.epoch, 0, window=1)
        assert len(await collect(good, 50, hub="hub-good")) == 50
        await until(lambda: camera.journal.cursor("hub-good").seq == 50)
        assert camera.journal.cursor("hub-stalled").seq == 0


async def test_the_same_hub_connecting_anew_replaces_its_old_link(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(1)
    async with await LinkClient.connect(http, camera.url) as old, await LinkClient.connect(http, camera.url) as new:
        waiting = asyncio.create_task(collect(old, 99))
        await until(lambda: camera.journal.cursor("hub-a").seq == 1)
        assert await collect(new, 1) == [1]
        with pytest.raises(LinkClosed, match="4000"):
            await waiting


async def test_evicted_events_arrive_as_a_gap(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with camera_at(tmp_path / "j.db", limits=JournalLimits(max_events=10)) as camera:
        await camera.happen(25)
        async with await LinkClient.connect(http, camera.url) as client:
            messages = aiter(client)
            hello = await anext(messages)
            await client.resume("hub-a", hello.epoch, 3)
            batch = await anext(messages)
            assert isinstance(batch, Batch)
            assert [(gap.first, gap.last) for gap in batch.gaps] == [(4, 15)]
            assert list(seqs(batch)) == list(range(16, 26))


async def test_a_cursor_ahead_of_the_journal_starts_a_new_epoch(camera: Camera, http: aiohttp.ClientSession) -> None:
    await camera.happen(2)
    async with await LinkClient.connect(http, camera.url) as client:
        messages = aiter(client)
        first = await anext(messages)
        assert isinstance(first, Hello)
        await client.resume("hub-a", first.epoch, 1000)
        second = await anext(messages)
        assert isinstance(second, Hello)
        assert second.epoch != first.epoch
        await client.resume("hub-a", second.epoch, 0)
        batch = await anext(messages)
        assert isinstance(batch, Batch)
        assert len(batch.records) == 3


NESTED = b"\x91" * 200_000 + b"\xc0"
HOSTILE = {
    "not msgpack": b"\xc1",
    "empty": b"",
    "deeply nested": NESTED,
    "an ext type": msgspec.msgpack.encode({"type": "pong", "n": msgspec.msgpack.Ext(4, b"x")}),
    "a NaN": msgspec.msgpack.encode({"type": "pong", "n": float("nan")}),
    "a duplicate key": b"\x83\xa4type\xa4pong\xa1n\x01\xa1n\x02",
    "an unknown type": msgspec.msgpack.encode({"type": "reboot"}),
    "a negative number": msgspec.msgpack.encode({"type": "pong", "n": -1}),
    "a camera's message": encode(Batch("cam0001", "0" * 16, 0, 0, [])),
    "too many values": msgspec.msgpack.encode({"type": "pong", "n": 1, "x": [0] * 5000}),
    "cut short": encode(Ack("0" * 16, 3))[:-1],
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_message_that_is_not_the_protocol_ends_the_link_and_loses_nothing(
    camera: Camera, http: aiohttp.ClientSession, message: bytes
) -> None:
    await camera.happen(3)
    async with http.ws_connect(camera.url, max_msg_size=0) as socket:
        await socket.receive_bytes()
        await socket.send_bytes(message)
        closing = await socket.receive(timeout=5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, CloseCode.MALFORMED)
        assert closing.extra
    await until(lambda: camera.link.counts.rejected == 1)
    async with await LinkClient.connect(http, camera.url) as client:
        assert await collect(client, 3) == [1, 2, 3]


async def test_an_oversized_message_ends_the_link(camera: Camera, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(camera.url) as socket:
        await socket.receive_bytes()
        await socket.send_bytes(bytes(256 * 1024 + 1))
        closing = await socket.receive(timeout=5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, CloseCode.TOO_LONG)
    await until(lambda: camera.link.counts.rejected == 1)


async def test_text_is_refused(camera: Camera, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(camera.url) as socket:
        await socket.receive_bytes()
        await socket.send_str("hello")
        assert (await socket.receive(timeout=5)).data == CloseCode.MALFORMED


async def test_an_acknowledgement_of_something_never_sent_ends_the_link(
    camera: Camera, http: aiohttp.ClientSession
) -> None:
    await camera.happen(2)
    async with await LinkClient.connect(http, camera.url) as client:
        messages = aiter(client)
        hello = await anext(messages)
        await client.resume("hub-a", hello.epoch, 0)
        await anext(messages)
        await client.acknowledge(hello.epoch, 3)
        with pytest.raises(LinkClosed, match="4005"):
            await anext(messages)
    assert camera.journal.cursor("hub-a").seq == 0


async def test_a_second_resume_ends_the_link(camera: Camera, http: aiohttp.ClientSession) -> None:
    async with await LinkClient.connect(http, camera.url) as client:
        messages = aiter(client)
        hello = await anext(messages)
        await client.resume("hub-a", hello.epoch, 0)
        await client.resume("hub-a", hello.epoch, 0)
        with pytest.raises(LinkClosed, match="4003"):
            await anext(messages)


async def test_a_hub_that_does_not_answer_the_hello_is_dropped(
    fast_camera: Camera, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(fast_camera.url, autoclose=False) as socket:
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.BINARY:
            pass
        assert message.data in (CloseCode.NO_RESUME, CloseCode.SILENT)
    await until(lambda: fast_camera.link.counts.silent == 1)


async def test_a_silent_hub_is_dropped_and_a_talking_one_is_kept(
    fast_camera: Camera, http: aiohttp.ClientSession
) -> None:
    async with await LinkClient.connect(http, fast_camera.url) as client, http.ws_connect(fast_camera.url) as silent:
        taking = asyncio.create_task(collect(client, 1))
        hello = await silent.receive_bytes()
        epoch = msgspec.msgpack.decode(hello)["epoch"]
        await silent.send_bytes(encode(Resume("hub-silent", epoch, 0, protocol=PROTOCOL)))
        while (message := await silent.receive(timeout=5)).type is aiohttp.WSMsgType.BINARY:
            pass
        assert message.data == CloseCode.SILENT
        await fast_camera.happen(1)
        assert await taking == [1]


async def test_hubs_beyond_the_limit_are_refused(fast_camera: Camera, http: aiohttp.ClientSession) -> None:
    clients = [await LinkClient.connect(http, fast_camera.url) for _ in range(3)]
    with pytest.raises(LinkClosed, match="503"):
        await LinkClient.connect(http, fast_camera.url)
    for client in clients:
        await client.__aexit__(None, None, None)
    assert fast_camera.link.counts.refused == 1


async def test_the_end_of_the_camera_is_announced(camera: Camera, http: aiohttp.ClientSession) -> None:
    async with await LinkClient.connect(http, camera.url) as client:
        waiting = asyncio.create_task(collect(client, 1))
        await until(lambda: bool(camera.link.links()) and camera.link.links()[0].hub == "hub-a")
        await camera.link.close()
        with pytest.raises(LinkClosed, match="1001"):
            await waiting
    assert camera.journal.cursor("hub-a") == Position(camera.journal.head.epoch, 0)


async def stalled_hub(port: int) -> socket.socket:
    """A hub that asks for everything and then never reads again."""
    loop, raw = asyncio.get_running_loop(), socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    request = "GET /v1/link HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    await loop.sock_sendall(raw, (request + key).encode())
    answer = b""
    while b"epoch" not in answer:
        answer += await loop.sock_recv(raw, 4096)
    epoch = re.search(rb"epoch\xb0([0-9a-f]{16})", answer)
    assert epoch is not None
    resume = encode(Resume("hub-stalled", epoch[1].decode(), 0, 4096, PROTOCOL))
    await loop.sock_sendall(raw, bytes([0x82, 0x80 | len(resume), 0, 0, 0, 0]) + resume)
    return raw


async def test_a_hub_that_never_reads_is_dropped_and_holds_nobody_up(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    patient = replace(FAST, silence_s=3.0)  # the other hub may be slow on a busy machine
    async with camera_at(tmp_path / "j.db", patient) as camera:
        for n in range(400):
            camera.journal.append_nowait(Event("big", float(n), Severity.INFO, {"n": n, "text": "x" * 30_000}))
        await camera.happen(1)
        raw = await stalled_hub(int(camera.url.rpartition(":")[2].partition("/")[0]))
        async with await LinkClient.connect(http, camera.url) as client:
            assert len(await collect(client, 401)) == 401
        await until(lambda: camera.link.counts.silent == 1)
        await until(lambda: not camera.link.links())
        raw.close()
