"""Hostile clients at the TLS door: each is thrown out in time, none costs memory, and the hub works on meanwhile."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from agent.domain import Event
from agent.hub.keyring import Keyring
from agent.hub.link import LinkSettings
from agent.hub.remote import own_context
from agent.hub.tally import MOST
from agent.web.guard import WebLimits
from tests.attacks.processes import ROOT, HubProgram, camera_program
from tests.attacks.shop import Camera, claimed_by, hub_at_work, until
from tests.waiting import queued_s
from tools.benchmarks.hostility import STRANGERS, Hostile, flood, hostile_hub, idle, over_and_over

LIMIT_S = 10.0
MOST_GROWTH_MB = 16.0
SIEGE_S = 45.0
HOSTILITY = "tools.benchmarks.hostility"


async def thrown_out_s(port: int, hostile: Hostile) -> float:
    """How long one of them could stay."""
    begun_s = time.monotonic()
    with suppress(OSError, aiohttp.ClientError):
        async with asyncio.timeout(3 * LIMIT_S):
            await hostile(port)
    return time.monotonic() - begun_s


async def test_all_are_thrown_out_in_time_while_the_hub_stays_linked(
    shop_camera: Camera, keyring: Keyring, caplog: pytest.LogCaptureFixture
) -> None:
    await claimed_by(keyring, shop_camera)
    insiders = hostile_hub(keyring.authority().own)
    del insiders["a_viewer_who_never_reads"]  # there are no pictures here
    del insiders["a_hub_that_falls_silent"]  # it goes by the hub's name, and would be judged as its double
    for name in ("a_hub_that_asks_and_does_not_listen", "a_hub_that_chatters", "a_hub_with_requests_without_end"):
        del insiders[name]  # they are slowed down, not thrown out
    hostiles = [*STRANGERS, *insiders.values()]
    async with hub_at_work(keyring) as linked:
        await until(lambda: linked.linked)
        before_s = queued_s()
        stays = await asyncio.gather(*(thrown_out_s(shop_camera.port, hostile) for hostile in hostiles))
        limit_s = LIMIT_S + queued_s() - before_s
        await shop_camera.journal.append(Event("after", 1.0))
        await until(lambda: any("after" in str(one.body) for one in linked.events))
    counts = shop_camera.keeper.counts
    assert (counts.refused, counts.displaced) == (0, 0), "each was let in, and judged by what it did"
    assert not {one.__name__: stay for one, stay in zip(hostiles, stays, strict=True) if stay > limit_s}
    await until(lambda: shop_camera.keeper.connections == 0)
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING], "nor can they fill the log"


async def test_a_hub_that_falls_silent_is_given_up_in_time(shop_camera: Camera, keyring: Keyring) -> None:
    await claimed_by(keyring, shop_camera)
    before_s = queued_s()
    stay_s = await thrown_out_s(shop_camera.port, hostile_hub(keyring.authority().own)["a_hub_that_falls_silent"])
    assert LinkSettings().silence_s <= stay_s <= LIMIT_S + queued_s() - before_s


async def test_what_a_hub_asks_without_end_waits_with_the_hub(shop_camera: Camera, keyring: Keyring) -> None:
    """However fast it asks: it is done at the hub's pace, and neither tasks nor lines of the journal pile up."""
    await claimed_by(keyring, shop_camera)
    ask = hostile_hub(keyring.authority().own)["a_hub_that_asks_and_does_not_listen"]
    asking = asyncio.create_task(ask(shop_camera.port))
    link = shop_camera.running.status.link
    before = most = len(asyncio.all_tasks())
    async with asyncio.timeout(30):
        while link.pacing.slowed < 3 * MOST:
            most = max(most, len(asyncio.all_tasks()))
            await asyncio.sleep(0.005)
    assert not asking.done()
    assert (await shop_camera.locally("/v1/status"))[0] == 200
    assert link.counts.opened == 1
    assert most - before < 50
    await ended(asking)
    await link.close()
    told = await shop_camera.told("command")
    assert len(told) == MOST + 1
    assert sum(line.get("times", 1) for line in told) >= 2 * MOST


async def test_a_certificate_that_asks_without_end_is_answered_at_its_pace(
    shop_camera: Camera, keyring: Keyring
) -> None:
    await claimed_by(keyring, shop_camera)
    ask = hostile_hub(keyring.authority().own)["a_hub_with_requests_without_end"]
    asking = asyncio.create_task(ask(shop_camera.port))
    await until(lambda: shop_camera.keeper.counts.slowed >= MOST)
    assert not asking.done()
    assert (await shop_camera.locally("/v1/status"))[0] == 200
    await ended(asking)


async def test_a_hub_that_chatters_without_end_is_heard_at_its_pace(shop_camera: Camera, keyring: Keyring) -> None:
    await claimed_by(keyring, shop_camera)
    chatter = hostile_hub(keyring.authority().own)["a_hub_that_chatters"]
    asking, link = asyncio.create_task(chatter(shop_camera.port)), shop_camera.running.status.link
    await until(lambda: link.pacing.slowed >= MOST)
    assert (link.counts.opened, len(link.links())) == (1, 1)
    await ended(asking)


async def ended(task: asyncio.Task[None]) -> None:
    """Have it give up."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_hub_comes_in_while_a_flood_from_everywhere_goes_on(shop_camera: Camera, keyring: Keyring) -> None:
    await claimed_by(keyring, shop_camera)
    flooding = [asyncio.create_task(over_and_over(shop_camera.port, one, Counter())) for one in (flood, idle, flood)]
    await until(lambda: shop_camera.keeper.counts.accepted > 200)
    async with hub_at_work(keyring) as linked:
        await until(lambda: linked.linked)
        assert (await shop_camera.locally("/v1/status"))[0] == 200
    for task in flooding:
        task.cancel()
    await asyncio.gather(*flooding, return_exceptions=True)


async def test_no_flood_from_one_place_keeps_another_out(shop_camera: Camera, keyring: Keyring) -> None:
    """Over a hundred connections that say nothing: the hub comes in, and whoever is local does."""
    pin = await claimed_by(keyring, shop_camera)
    crowd = [await asyncio.open_connection("127.0.0.1", shop_camera.port) for _ in range(120)]
    counts = shop_camera.keeper.counts
    await until(lambda: counts.refused + counts.turned_away >= 100)
    assert shop_camera.keeper.connections <= WebLimits().max_each
    assert (await shop_camera.locally("/v1/status"))[0] == 200
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with (
        aiohttp.ClientSession(connector=elsewhere) as http,
        http.get(shop_camera.url("/v1/status"), ssl=own_context(keyring, pin)) as answer,
    ):
        assert answer.status == 200
    for _, writer in crowd:
        writer.close()


async def test_when_all_seats_are_taken_a_stranger_makes_room(shop_camera: Camera, keyring: Keyring) -> None:
    await claimed_by(keyring, shop_camera)
    crowd = [
        await asyncio.open_connection("127.0.0.1", shop_camera.port, local_addr=(f"127.0.1.{n // 10}", 0))
        for n in range(WebLimits().max_connections)
    ]
    await until(lambda: shop_camera.keeper.connections == WebLimits().max_connections)
    async with hub_at_work(keyring) as linked:
        await until(lambda: linked.linked, 5)
        assert shop_camera.keeper.counts.displaced > 0
        assert (await shop_camera.locally("/v1/status"))[0] == 200
    for _, writer in crowd:
        writer.close()


async def test_whoever_comes_waits_for_the_end_of_the_frame_in_hand(shop_camera: Camera) -> None:
    """The wiring; how they wait is in tests/web/test_vestibule.py."""
    now_s, interlude = shop_camera.clock.monotonic(), shop_camera.keeper.interlude
    assert not interlude.is_awaited(now_s)
    shop_camera.vision.busy_since_s = now_s
    assert interlude.is_awaited(now_s)
    shop_camera.vision.busy_since_s = None
    assert not interlude.is_awaited(now_s)
    assert (await shop_camera.ask("/v1/identity"))[0] == 200


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_siege_costs_hardly_any_memory(tmp_path: Path) -> None:
    """Everything at once, with a stolen hub's certificate: the camera grows no more than another in peace."""
    hub, quiet = HubProgram(tmp_path), tmp_path / "quiet"
    quiet.mkdir()
    async with camera_program(tmp_path) as camera, camera_program(quiet) as other:
        await hub.command("claim", await camera.code())
        before = camera.rss_mb() - other.rss_mb()
        await besieged(camera.tls_port, tmp_path / "hub.keys" / "hub-1.pem", SIEGE_S)
        assert camera.rss_mb() - other.rss_mb() - before <= MOST_GROWTH_MB
        async with hub.running() as events:
            await until(lambda: len(events) > 0, 30)


async def besieged(port: int, own: Path, seconds: float) -> None:
    """All hostile clients at once, from a process of their own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", HOSTILITY, str(port), str(own), cwd=ROOT, stdin=asyncio.subprocess.PIPE
    )
    await asyncio.sleep(seconds)
    await process.communicate(b"")
    assert process.returncode == 0
