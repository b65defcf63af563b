"""A command that was captured is worth nothing: again, in another session, later, or with another order in it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from agent.events.orders import MOST_LIFE_S, Arm, Command, Order, Result, pack_order
from agent.events.wire import PROTOCOL, Hello, Resume, decode_from_camera, encode
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.remote import own_context
from tests.attacks.shop import Camera, claimed_by

DISARM, ARM = Arm("disarmed", "a thief's wish"), Arm("armed")


@dataclass(slots=True)
class Session:
    """A valid session of the hub, spoken byte by byte."""

    socket: aiohttp.ClientWebSocketResponse
    hello: Hello

    def command(self, order: Order, camera: Camera, *, id: str = "", lives_s: float = 10.0) -> bytes:
        """A command as it goes over the wire."""
        expires_s = camera.clock.monotonic() + lives_s
        return encode(Command(id or secrets.token_hex(16), self.hello.challenge, expires_s, pack_order(order)))

    async def says(self, message: bytes) -> Result:
        """What the camera answers to these bytes."""
        await self.socket.send_bytes(message)
        while not isinstance(heard := decode_from_camera(await self.socket.receive_bytes(timeout=10)), Result):
            pass
        return heard


@asynccontextmanager
async def session(keyring: Keyring, pin: CameraPin) -> AsyncIterator[Session]:
    """Connect as the hub does, with everything that proves it."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(pin.url("/v1/link"), ssl=own_context(keyring, pin)) as socket,
    ):
        hello = decode_from_camera(await socket.receive_bytes(timeout=10))
        assert isinstance(hello, Hello)
        await socket.send_bytes(encode(Resume(keyring.trust().hub, hello.epoch, 0, 256, PROTOCOL)))
        yield Session(socket, hello)


@pytest.fixture
async def pin(shop_camera: Camera, keyring: Keyring) -> CameraPin:
    return await claimed_by(keyring, shop_camera)


async def mode(camera: Camera) -> str:
    """Whether the camera is armed."""
    status, facts = await camera.locally("/v1/outputs")
    assert status == 200
    return str(facts["arming"]["mode"])


async def test_again_in_the_same_session(shop_camera: Camera, keyring: Keyring, pin: CameraPin) -> None:
    async with session(keyring, pin) as live:
        captured = live.command(DISARM, shop_camera)
        assert (await live.says(captured)).outcome == "ok"
        assert await mode(shop_camera) == "disarmed"
        assert (await live.says(live.command(ARM, shop_camera))).outcome == "ok"
        again = await live.says(captured)
        assert again.repeated, "it is told what became of it then"
        assert await mode(shop_camera) == "armed", "and nothing is done"


async def test_in_another_session(shop_camera: Camera, keyring: Keyring, pin: CameraPin) -> None:
    async with session(keyring, pin) as first:
        unsent = first.command(DISARM, shop_camera)
    async with session(keyring, pin) as second:
        assert second.hello.challenge != first.hello.challenge
        refused = await second.says(unsent)
        assert (refused.outcome, refused.reason) == ("refused", "the command is of another link")
    assert await mode(shop_camera) != "disarmed"


async def test_later(shop_camera: Camera, keyring: Keyring, pin: CameraPin) -> None:
    async with session(keyring, pin) as live:
        held_back = live.command(DISARM, shop_camera, lives_s=MOST_LIFE_S)
        shop_camera.clock.ahead_s = MOST_LIFE_S + 1
        assert (await live.says(held_back)).outcome == "expired"
        shop_camera.clock.ahead_s = 0.0
        assert (await live.says(held_back)).repeated, "putting the clock back does not bring it back to life"
    assert await mode(shop_camera) != "disarmed"


async def test_for_later(shop_camera: Camera, keyring: Keyring, pin: CameraPin) -> None:
    async with session(keyring, pin) as live:
        assert (await live.says(live.command(DISARM, shop_camera, lives_s=3600))).outcome == "refused"
    assert await mode(shop_camera) != "disarmed"


async def test_with_another_order_in_it(shop_camera: Camera, keyring: Keyring, pin: CameraPin) -> None:
    async with session(keyring, pin) as live:
        known = secrets.token_hex(16)
        assert (await live.says(live.command(ARM, shop_camera, id=known))).outcome == "ok"
        assert (await live.says(live.command(DISARM, shop_camera, id=known))).outcome == "duplicate"
    assert await mode(shop_camera) == "armed"


async def test_every_try_stands_in_the_journal(shop_camera: Camera, keyring: Keyring, pin: CameraPin) -> None:
    async with session(keyring, pin) as live:
        captured = live.command(DISARM, shop_camera)
        for _ in range(3):
            await live.says(captured)
    tries = [one for one in await shop_camera.told("command") if one["do"] == "arm"]
    assert [one.get("repeated", False) for one in tries] == [False, True, True]
    assert {one["who"] for one in tries} == {"hub-a"}
