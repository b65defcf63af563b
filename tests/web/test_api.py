"""The HTTP door on a real socket: what it answers, and whom it shows out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.hub.identity import Identity
from agent.metrics import Metric, counter, gauge
from agent.web.api import Facts, Serving, create_app, serving
from agent.web.guard import WebLimits

IDENTITY = Identity(id="cam0001", model="test", fw="0.1.0")
QUICK = WebLimits(max_connections=3, request_s=0.2, body_s=0.2, max_body=1000)


def metrics() -> list[Metric]:
    return [
        counter("aislewatch_frames_total", 12, "Frames seen."),
        gauge("aislewatch_stage_ms", 1.5, 'Time per stage,\n"p50".', stage='the "gate"\\'),
        gauge("aislewatch_soc_temp_c", None, "Not on this board."),
        gauge("aislewatch_stage_ms", 2.5, "ignored", stage="tracker"),
    ]


@asynccontextmanager
async def door(limits: WebLimits) -> AsyncGenerator[Serving]:
    app = create_app(Facts(lambda: IDENTITY, lambda: {"frames": 12, "people": [1, 2]}, metrics), limits=limits)

    async def echo(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(body=await request.read())

    app.router.add_post("/echo", echo)
    async with serving(app, "127.0.0.1", 0) as running:
        yield running


async def get(running: Serving, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{running.port}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text(), dict(answer.headers)


async def closed_within(reader: asyncio.StreamReader, seconds: float) -> bytes:
    """All that comes until the server closes or aborts the connection."""
    async with asyncio.timeout(seconds):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def flood(writer: asyncio.StreamWriter) -> None:
    """Ask for ever without reading an answer."""
    async with asyncio.timeout(20):
        while True:
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100)
            await writer.drain()


async def test_identity_status_and_metrics() -> None:
    async with door(WebLimits()) as running:
        status, text, headers = await get(running, "/v1/identity")
        assert (status, json.loads(text)) == (200, IDENTITY.facts())
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Type"] == "application/json"
        assert json.loads((await get(running, "/v1/status"))[1]) == {"frames": 12, "people": [1, 2]}
        _, text, headers = await get(running, "/metrics")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["aislewatch_frames"].type == "counter"
    assert families["aislewatch_frames"].samples[0].value == 12
    stages = {sample.labels["stage"]: sample.value for sample in families["aislewatch_stage_ms"].samples}
    assert stages == {'the "gate"\\': 1.5, "tracker": 2.5}
    assert str(families["aislewatch_soc_temp_c"].samples[0].value) == "nan"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "aislewatch-1.local:80"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_foreign_names_foreign_pages_and_compressed_bodies_are_refused(
    headers: dict[str, str], status: int
) -> None:
    async with door(WebLimits()) as running:
        assert (await get(running, "/v1/identity", **headers))[0] == status


async def test_the_own_page_may_ask() -> None:
    async with door(WebLimits()) as running:
        origin = f"http://127.0.0.1:{running.port}"
        assert (await get(running, "/v1/identity", Origin=origin))[0] == 200


async def test_a_large_body_is_refused() -> None:
    async with door(QUICK) as running, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{running.port}/echo"
        async with http.post(url, data=b"x" * 900) as answer:
            assert (answer.status, len(await answer.read())) == (200, 900)
        async with http.post(url, data=b"x" * 1100) as answer:
            assert answer.status == 413


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["says nothing", "slow header", "idle after an answer"],
)
async def test_connections_that_wait_are_cut(sent: bytes) -> None:
    async with door(QUICK) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(sent)
        await closed_within(reader, 5)
        writer.close()
        assert running.counts.cut == 1
        assert running.keeper.connections == 0


async def test_a_dripping_body_ends_in_a_timeout() -> None:
    async with door(WebLimits(body_s=0.2)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\nx")
        answer = await closed_within(reader, 5)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408")


async def test_a_client_that_floods_and_never_reads_is_cut() -> None:
    async with door(QUICK) as running:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1)
        with pytest.raises(ConnectionError):
            await flood(writer)
        assert running.counts.cut == 1


async def test_connections_beyond_the_cap_are_refused_and_make_room_when_they_go() -> None:
    async with door(WebLimits(max_connections=3)) as running:  # nobody is cut however slowly they come
        pairs = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        assert await closed_within(reader, 5) == b""
        assert running.counts.refused == 1
        for _, other in [*pairs, (reader, writer)]:
            other.close()
        async with asyncio.timeout(5):
            while running.keeper.connections:  # noqa: ASYNC110 - the other side has no event to wait for
                await asyncio.sleep(0.01)
        assert (await get(running, "/v1/identity"))[0] == 200
