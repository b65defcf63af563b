"""mDNS for real, on the loopback interface."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing
from dataclasses import replace

import pytest

from agent.beside import beside
from agent.hub.addresses import reachable_addresses
from agent.hub.announce import Announcer
from agent.hub.discover import Browser, News, discover
from agent.hub.identity import Identity
from tests.hub.hearing import LOOPBACK, heard, next_of


@pytest.fixture
def device() -> str:
    """An id that no other test's camera on this computer goes by."""
    return f"t{secrets.token_hex(5)}"


async def test_a_camera_is_found_changes_and_says_goodbye(device: str) -> None:
    identity = Identity(id=device, model="test", fw="1.2.3")
    announcer = Announcer(identity, 8443, lambda: LOOPBACK, poll_s=0.05)
    async with Browser(LOOPBACK) as browser, aclosing(browser.changes()) as changes:
        async with beside(announcer.run()):
            first = await next_of(changes, identity.id)
            announcer.update(replace(identity, state="claimed"))
            second = await next_of(changes, identity.id)
        third = await next_of(changes, identity.id)
    assert first.news is News.FOUND
    assert first.camera.name == "aislewatch-" + device
    assert first.camera.addresses == LOOPBACK
    assert first.camera.urls() == ["http://127.0.0.1:8443/v1/link"]
    assert first.camera.facts == {
        "id": device, "model": "test", "fw": "1.2.3", "api": "v0", "state": "unclaimed", "fp": "", "tls": "0",
    }  # fmt: skip
    assert (second.news, second.camera.facts["state"]) == (News.CHANGED, "claimed")
    assert third.news is News.GONE


async def test_discover_lists_what_answers(device: str) -> None:
    one, two = Identity(id=f"{device}one", model="m", fw="0"), Identity(id=f"{device}two", model="m", fw="0")
    first, second = Announcer(one, 1001, lambda: LOOPBACK), Announcer(two, 1002, lambda: LOOPBACK)
    async with beside(first.run()), beside(second.run()):
        found = {camera.id: camera.port for camera in await discover(4.0, LOOPBACK)}
    assert found[one.id] == 1001
    assert found[two.id] == 1002


async def test_without_a_network_the_camera_warns_once_and_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    identity, tried_again = Identity(id="t3", model="m", fw="0"), asyncio.Event()
    attempts = 0

    def addresses() -> tuple[str, ...]:
        nonlocal attempts
        attempts += 1
        if attempts >= 3:
            tried_again.set()
        raise OSError("no netlink")

    async with beside(Announcer(identity, 1, addresses, retry_s=0.01).run()), asyncio.timeout(10):
        await tried_again.wait()
    warned = [record for record in caplog.records if record.levelname == "WARNING" and "mDNS" in record.message]
    assert len(warned) == 1


def test_reachable_addresses() -> None:
    assert reachable_addresses("127.0.0.1") == LOOPBACK
    assert reachable_addresses("localhost") == LOOPBACK
    assert reachable_addresses("192.0.2.77") == ()
    assert not set(LOOPBACK) & set(reachable_addresses("0.0.0.0"))


async def test_two_machines_of_the_same_name_are_both_found_and_say_so(device: str) -> None:
    noted: list[str] = []
    one = Identity(id=device, model="m", fw="0", fp="a" * 16)
    two = replace(one, fp="b" * 16)
    first = Announcer(one, 2001, lambda: LOOPBACK, noted.append, poll_s=0.05)
    second = Announcer(two, 2002, lambda: LOOPBACK, noted.append, poll_s=0.05)
    async with beside(first.run()), beside(second.run()):
        async with asyncio.timeout(20):
            while not (first.name != second.name and first.announced and second.announced):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        async with Browser(LOOPBACK) as browser, aclosing(browser.changes()) as changes:
            found: set[int] = set()
            while found != {2001, 2002}:
                found.add((await next_of(changes, device)).camera.port)
    assert any("port 200" in words for words in noted)


async def test_alone_nobody_else_is_heard(device: str) -> None:
    noted: list[str] = []
    announcer = Announcer(Identity(id=device, model="m", fw="0"), 2003, lambda: LOOPBACK, noted.append, poll_s=0.05)
    async with beside(announcer.run()):
        assert (await heard(device)).port == 2003
    assert not noted
    assert announcer.name == "aislewatch-" + device
