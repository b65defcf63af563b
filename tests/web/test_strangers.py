"""What strangers get over TLS: few answers a connection, short bodies, and a pace that is no friend's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import hdrs, web

from agent.hub.bucket import Rate
from agent.hub.pinning import pinned_context
from agent.web.guard import WebLimits
from agent.web.turns import TurnLimits
from tests.forge import Forge
from tests.web.pairing_camera import PairingCamera, pairing_camera

LIMITS = WebLimits(max_asked=3, max_body=4000, max_strange_body=2000)
NEVER = Rate(per_s=0.001, at_once=2)


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[PairingCamera]:
    async with pairing_camera(tmp_path / "camera", LIMITS) as opened:
        yield opened


async def kept(camera: PairingCamera, own: Path | None, times: int) -> list[bool]:
    """Whether the connection is kept after each of so many requests in a row."""
    found, context = [], pinned_context(camera.device.fp, own)
    async with aiohttp.ClientSession() as http:
        for _ in range(times):
            async with http.get(camera.url("/v1/identity"), ssl=context) as response:
                await response.read()
                found.append(response.headers.get(hdrs.CONNECTION) != "close")
    return found


async def test_a_stranger_is_answered_a_few_times_a_connection(camera: PairingCamera) -> None:
    assert await kept(camera, None, 4) == [True, True, False, True]
    assert camera.keeper.counts.accepted == 2


async def test_a_hub_is_answered_for_as_long_as_it_likes(camera: PairingCamera, tmp_path: Path) -> None:
    hub = Forge(tmp_path, "hub")
    assert (await camera.pair(hub)).status == 200
    assert all(await kept(camera, hub.issue(), 10))


async def test_refusals_count_as_answers(camera: PairingCamera) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", camera.port, ssl=pinned_context(camera.device.fp))
    writer.write(b"GET /v1/identity HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n" * 50)
    async with asyncio.timeout(20):
        said = await reader.read()
    writer.close()
    assert said.count(b"HTTP/1.1 403") == LIMITS.max_asked


async def test_of_a_body_that_is_too_long_nothing_is_read(camera: PairingCamera) -> None:
    head = b"POST /v1/pair HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2001\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", camera.port, ssl=pinned_context(camera.device.fp))
    writer.write(head)
    async with asyncio.timeout(20):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_body_that_does_not_say_how_long_it_is_may_be_no_longer(camera: PairingCamera) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b" " * 2001

    async with (
        aiohttp.ClientSession() as http,
        http.post(camera.url("/v1/pair"), data=pieces(), ssl=pinned_context(camera.device.fp)) as response,
    ):
        assert response.status == 413


async def test_a_hubs_body_may_be_longer_but_not_without_end(camera: PairingCamera, tmp_path: Path) -> None:
    hub = Forge(tmp_path, "hub")
    assert (await camera.pair(hub)).status == 200
    fitting = {"serials": [f"{n:040x}" for n in range(60)]}
    assert (await camera.ask("/v1/trust/revoked", hub.issue(), fitting)).json == {"revoked": 60}
    too_long = {"serials": [f"{n:040x}" for n in range(120)]}
    assert (await camera.ask("/v1/trust/revoked", hub.issue(), too_long)).status == 413


async def test_strangers_who_have_used_up_their_pace_keep_no_friend_out(tmp_path: Path) -> None:
    """Nobody knows the hub's address when it pairs; from then on its place is apart from theirs."""
    limits = WebLimits(turns=TurnLimits(strangers=NEVER, patience_s=60.0))
    hub = Forge(tmp_path, "hub")
    async with pairing_camera(tmp_path / "camera", limits) as camera:
        assert (await camera.pair(hub)).status == 200
        crowd = [
            await asyncio.open_connection("127.0.0.1", camera.port, local_addr=(f"127.0.1.{n}", 0)) for n in range(1, 6)
        ]
        async with asyncio.timeout(20):
            while len(camera.keeper.turns) < 3:  # noqa: ASYNC110 - the other side has no event to wait for
                await asyncio.sleep(0.01)
        assert all(await kept(camera, hub.issue(), 3))
        for _, writer in crowd:
            writer.close()


async def test_a_token_that_is_right_makes_its_place_known(tmp_path: Path) -> None:
    """A till or reader by its token is a stranger to TLS."""

    async def told(_: web.Request) -> web.Response:
        return web.Response()

    def also(app: web.Application) -> None:
        app.router.add_post("/v1/till", told)

    limits = WebLimits(max_asked=3, turns=TurnLimits(strangers=NEVER))
    async with pairing_camera(tmp_path / "camera", limits, also) as camera, aiohttp.ClientSession() as http:
        context = pinned_context(camera.device.fp)
        for _ in range(10):
            async with http.post(camera.url("/v1/till"), json={}, ssl=context) as response:
                assert response.status == 200
                assert response.headers.get(hdrs.CONNECTION) != "close"
    assert camera.keeper.counts.accepted == 1


async def test_a_certificate_asks_at_its_pace_and_holds_nobody_else_up(tmp_path: Path) -> None:
    limits = WebLimits(asks=Rate(per_s=1 / 86400, at_once=3))
    thief = Forge(tmp_path, "hub")
    async with pairing_camera(tmp_path / "camera", limits) as camera:
        assert (await camera.pair(thief)).status == 200
        own, technician = thief.issue(), thief.issue("technician", "kim")
        assert [(await camera.ask("/v1/status", own)).status for _ in range(3)] == [200] * 3
        waiting = [asyncio.create_task(camera.ask("/v1/status", own)) for _ in range(2)]
        async with asyncio.timeout(20):
            while camera.keeper.counts.slowed < 2:  # noqa: ASYNC110 - the other side has no event to wait for
                await asyncio.sleep(0.01)
        for _ in range(6):
            assert (await camera.local("/v1/status")).status == 200
            assert (await camera.ask("/v1/identity")).status == 200
        assert (await camera.ask("/v1/status", technician)).status == 200
        assert not any(task.done() for task in waiting)
        await camera.local("/v1/unpair", {"reason": "stolen"})
        gone = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(one, aiohttp.ClientError) for one in gone)


async def test_what_waits_for_its_turn_is_not_done_once_its_certificate_counts_no_more(tmp_path: Path) -> None:
    limits = WebLimits(asks=Rate(per_s=0.5, at_once=1))
    done: list[str] = []

    async def noted(request: web.Request) -> web.Response:
        done.append(request.path)
        return web.Response()

    def also(app: web.Application) -> None:
        app.router.add_post("/v1/erase", noted)

    thief = Forge(tmp_path, "hub")
    async with pairing_camera(tmp_path / "camera", limits, also) as camera:
        assert (await camera.pair(thief)).status == 200
        own = thief.issue()
        assert (await camera.ask("/v1/erase", own, {})).status == 200
        late = asyncio.create_task(camera.ask("/v1/erase", own, {}))
        async with asyncio.timeout(20):
            while not camera.keeper.counts.slowed:  # noqa: ASYNC110 - the other side has no event to wait for
                await asyncio.sleep(0.01)
        await camera.local("/v1/unpair", {"reason": "stolen"})
        with pytest.raises(aiohttp.ClientError):
            await late
    assert done == ["/v1/erase"]
