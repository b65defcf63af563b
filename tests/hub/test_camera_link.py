"""A hub's link to one camera goes on where the camera is said to be where it is tried already, and moves elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.beside import beside
from agent.errors import LinkClosed
from agent.hub.backoff import Backoff
from agent.hub.camera_link import CameraLink, LinkState
from agent.hub.client import LinkClient
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub

HERE, THERE = "ws://192.0.2.1/v1/link", "ws://192.0.2.2/v1/link"


class SlowWay:
    """A way to cameras that takes as long as one likes."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.over = asyncio.Event()

    async def open(self, url: str, silence_s: float) -> LinkClient:
        self.tried.append(url)
        await self.over.wait()
        raise LinkClosed("nobody is there")

    def check(self, device: str) -> None:
        raise AssertionError("nobody was linked")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    with Ledger(tmp_path / "hub.db") as ledger:
        return Hub(ledger, backoff=Backoff(first_s=600.0, most_s=600.0))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.001)


async def test_an_attempt_goes_on_where_the_camera_is_said_to_be_at_that_very_place(hub: Hub) -> None:
    way = SlowWay()
    link = CameraLink(hub, way, "cam0001", [HERE], attempt_s=60.0)
    async with beside(link.run()):
        await until(lambda: way.tried == [HERE])
        link.moved([HERE])
        link.moved([THERE, HERE])
        link.moved([HERE], [THERE])
        for _ in range(20):
            await asyncio.sleep(0)
        assert (way.tried, link.state) == ([HERE], LinkState.CONNECTING)
        assert link.is_at([HERE, THERE])


async def test_it_is_given_up_for_another_place_at_once(hub: Hub) -> None:
    way = SlowWay()
    link = CameraLink(hub, way, "cam0001", [HERE], attempt_s=60.0)
    async with beside(link.run()):
        await until(lambda: way.tried == [HERE])
        link.moved([THERE])
        await until(lambda: way.tried == [HERE, THERE])
        assert not link.is_at([HERE])


async def test_an_attempt_that_takes_too_long_begins_anew(hub: Hub) -> None:
    """What it sent may have been lost while the camera was away."""
    way = SlowWay()
    link = CameraLink(hub, way, "cam0001", [HERE], attempt_s=0.0)
    async with beside(link.run()):
        await until(lambda: way.tried == [HERE])
        link.moved([HERE])
        await until(lambda: way.tried == [HERE, HERE])


async def test_while_it_waits_a_word_of_the_same_place_ends_the_waiting(hub: Hub) -> None:
    way = SlowWay()
    way.over.set()
    link = CameraLink(hub, way, "cam0001", [HERE])
    async with beside(link.run()):
        await until(lambda: way.tried == [HERE] and link.state is LinkState.WAITING)
        link.moved([HERE])
        await until(lambda: way.tried == [HERE, HERE])
