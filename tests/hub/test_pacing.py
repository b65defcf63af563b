"""How fast a hub may speak: what comes too soon waits with it, and nothing is lost or cut for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import LinkClosed
from agent.events.orders import Command, Order, Silence, pack_order
from agent.events.wire import PROTOCOL, Hello, Ping, Pong, Resume, decode_from_camera, encode
from agent.hub.bucket import Bucket, Buckets, Rate
from agent.hub.callers import Caller, Role
from agent.hub.commands import Asker, Handler
from agent.hub.fetching import FetchRefused, Memory
from agent.hub.link import LinkSettings
from agent.hub.pacing import ASKS, BYTES_EACH, MESSAGES, Pacing
from tests.hub.linking import camera_with, following

ONCE_A_DAY = 1 / 86400
FEW_ASKS = LinkSettings(close_s=0.2, asks=Rate(ONCE_A_DAY, 2))


class Bell:
    """Counts what it was told."""

    def __init__(self) -> None:
        self.rung = 0

    async def ring(self, order: Order, asker: Asker) -> Mapping[str, Any]:
        self.rung += 1
        return {}

    def handlers(self) -> dict[type[Order], Handler]:
        return {Silence: self.ring}


async def until_slowed(pacing: Pacing, times: int) -> None:
    async with asyncio.timeout(20):
        while pacing.slowed < times:  # noqa: ASYNC110 - the other side has no event to wait for
            await asyncio.sleep(0.01)


async def test_what_is_asked_too_fast_waits_whichever_link_it_comes_over(tmp_path: Path) -> None:
    bell = Bell()
    async with camera_with(tmp_path / "j.db", bell.handlers(), settings=FEW_ASKS) as camera:
        async with following(camera) as hub:
            assert (await hub.client.command(Silence("1"))).outcome == "ok"
            with pytest.raises(FetchRefused):
                await hub.client.fetch("clip/none/there", Memory())
            third = asyncio.create_task(hub.client.command(Silence("3")))
            await until_slowed(camera.link.pacing, 1)
            camera.link.hang_up()
            with pytest.raises(LinkClosed):
                await third
        async with following(camera) as hub:
            fourth = asyncio.create_task(hub.client.command(Silence("4")))
            await until_slowed(camera.link.pacing, 2)
            assert camera.link.links()[0].hub == "hub-a"
            camera.link.hang_up()
            with pytest.raises(LinkClosed):
                await fourth
        assert bell.rung == 1


async def test_one_hubs_haste_is_no_other_ones(tmp_path: Path) -> None:
    bell, asks = Bell(), Silence("x")
    async with (
        camera_with(tmp_path / "j.db", bell.handlers(), settings=FEW_ASKS) as camera,
        following(camera) as hasty,
        following(camera, "hub-b") as calm,
    ):
        for _ in range(2):
            await hasty.client.command(asks)
        waiting = asyncio.create_task(hasty.client.command(asks))
        await until_slowed(camera.link.pacing, 1)
        assert (await calm.client.command(asks)).outcome == "ok"
        camera.link.hang_up()
        with pytest.raises(LinkClosed):
            await waiting
    assert bell.rung == 3


async def test_a_hasty_hub_is_slowed_down_and_not_cut_off(tmp_path: Path) -> None:
    """Its answers to pings come late as well, for longer than a silence may last: that is the camera's doing."""
    bell = Bell()
    slow = LinkSettings(heartbeat_s=0.1, silence_s=1.5, close_s=0.2, asks=Rate(0.5, 1))
    async with camera_with(tmp_path / "j.db", bell.handlers(), settings=slow) as camera, following(camera) as hub:
        results = await asyncio.gather(*(hub.client.command(Silence(f"{n}")) for n in range(3)))
        assert [result.outcome for result in results] == ["ok"] * 3
        await camera.happen(7)
        await hub.until(7)
        assert camera.link.counts.opened == 1


@pytest.mark.parametrize("said", ["pings", "frames", "a long one"])
async def test_all_messages_have_a_pace(tmp_path: Path, said: str) -> None:
    """Those of the protocol, those of the WebSocket below it, and long ones for what they are."""
    few = LinkSettings(close_s=0.2, messages=Rate(ONCE_A_DAY, 6))
    async with (
        camera_with(tmp_path / "j.db", {}, settings=few) as camera,
        aiohttp.ClientSession() as http,
        http.ws_connect(camera.url, autoping=False) as socket,
    ):
        hello = decode_from_camera(await socket.receive_bytes())
        assert isinstance(hello, Hello)
        await socket.send_bytes(encode(Resume("hub-a", hello.epoch, 0, protocol=PROTOCOL)))
        if said == "a long one":
            await socket.send_bytes(encode(Command("1" * 32, "0" * 32, 0.0, pack_order(Silence("x" * 5 * BYTES_EACH)))))
        for n in range(8):
            await (socket.ping(b"%d" % n) if said == "frames" else socket.send_bytes(encode(Ping(n))))
        await until_slowed(camera.link.pacing, 1)
        for n in range(0 if said == "a long one" else 5):
            answer = await socket.receive(timeout=20)
            if said == "frames":
                assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"%d" % n)
            else:
                assert decode_from_camera(answer.data) == Pong(n)
        assert [link.hub for link in camera.link.links()] == ["hub-a"]
        camera.link.hang_up()


async def test_whose_certificate_it_is_decides(tmp_path: Path) -> None:
    """Before it has said its name as well: whoever says none has no pace of nobody's."""
    few = LinkSettings(close_s=0.2, messages=Rate(ONCE_A_DAY, 2))
    proven = Caller(Role.HUB, "hub-a", "77")
    async with camera_with(tmp_path / "j.db", {}, settings=few, caller=proven) as camera:
        for slowed in (0, 0, 1):
            async with aiohttp.ClientSession() as http, http.ws_connect(camera.url) as socket:
                assert isinstance(decode_from_camera(await socket.receive_bytes()), Hello)
                await socket.send_bytes(encode(Pong(1)))
                await until_slowed(camera.link.pacing, slowed)
                if slowed:
                    camera.link.hang_up()


@given(
    st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(1.0, 3.0)), min_size=1, max_size=100),
    st.floats(0.5, 50.0),
    st.integers(1, 40),
)
def test_no_haste_exceeds_the_rate(steps: list[tuple[float, float]], per_s: float, at_once: int) -> None:
    """Whoever waits as they are told has in any time no more than that allows, but for the last one's debt."""
    bucket, now_s, spent, last = Bucket(Rate(per_s, at_once)), 1000.0, 0.0, 0.0
    for pause_s, tokens in steps:
        now_s += pause_s
        wait_s = bucket.wait_s(now_s)
        bucket.take(now_s, tokens)
        now_s += wait_s
        spent, last = spent + tokens, tokens
        assert spent - last <= at_once + per_s * (now_s - 1000.0) + 1e-6


def test_each_name_has_its_own_and_the_longest_unheard_is_forgotten() -> None:
    buckets = Buckets(Rate(1.0, 1), most=2)
    for name in ("a", "b", "a"):
        buckets.of(name).take(0.0)
    assert [buckets.of(name).wait_s(0.0) for name in ("a", "b")] == [2.0, 1.0]
    buckets.of("c")
    assert [buckets.of(name).wait_s(0.0) for name in ("b", "a")] == [1.0, 0.0]


def test_the_paces_fit_an_honest_hub() -> None:
    """Its whole window of a configuration, and a shop's worth of clicks at once, are no haste."""
    pacing = Pacing(ASKS, MESSAGES)
    assert not pacing.message_s("hub-a", 256 * 1024, 0.0)
    assert not any(pacing.ask_s("hub-a", 0.0) or pacing.message_s("hub-a", 200, 0.0) for _ in range(40))
    assert pacing.ask_s("hub-a", 0.0) == pytest.approx(0.05)
    assert pacing.slowed == 1
