"""Of the places where a camera is said to be, the hub takes the first where its key answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from agent.hub.claiming import claim
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.ways import ClaimedWay, first_there
from tests.hub.tls_peer import TlsPeer
from tools.loopback import free_port


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[TlsPeer]:
    async with TlsPeer("cam0001", tmp_path / "cameras").serving() as peer:
        yield peer


@pytest.fixture
def pin(camera: TlsPeer) -> CameraPin:
    return CameraPin(camera.id, camera.fp, "127.0.0.1", camera.port, 1)


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """A place that takes connections and never says anything."""
    over = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        over.set()


async def test_neither_a_dead_place_nor_a_silent_one_nor_another_camera_is_in_the_way(
    camera: TlsPeer, pin: CameraPin, tmp_path: Path
) -> None:
    dead = f"https://127.0.0.1:{free_port()}"
    async with silent() as mute, TlsPeer("cam0002", tmp_path / "others").serving() as other:
        places = [mute, dead, f"https://127.0.0.1:{other.port}", pin.url()]
        assert await first_there(pin, places) == pin.url()
        assert await first_there(pin, [dead, f"https://127.0.0.1:{other.port}"]) == ""
    assert await first_there(pin, []) == ""
    assert camera.requests == [], "it was asked nothing"


async def test_of_two_places_that_answer_the_better_is_taken(pin: CameraPin) -> None:
    places = [pin.url("/better"), pin.url("/worse")]
    assert await first_there(pin, places) == places[0]


async def test_the_newest_words_are_looked_into_and_old_ones_forgotten(camera: TlsPeer, tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path / "keys", "hub-a", "shop-1")
    await claim(keyring, camera.code())
    async with aiohttp.ClientSession() as http:
        way = ClaimedWay(http, keyring, camera.id)
        for number in range(20):
            way.hint([f"https://192.0.2.{number}:1/v1/link", f"http://192.0.2.{number}:2/v1/link"])
        heard = aiter(way.hinted())
        words = [await anext(heard) for _ in range(8)]
        assert words == [(f"https://192.0.2.{number}:1/v1/link",) for number in range(19, 11, -1)], "none without TLS"
        way.hint([f"https://192.0.2.7:{port}/v1/link" for port in range(1, 100)])
        assert len(await anext(heard)) == 8
