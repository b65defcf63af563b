"""A camera that cannot be reached calls its hub: the same keys, pins and roles, over a connection that it opened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from agent.beside import beside
from agent.hub.backoff import Backoff
from agent.hub.callhome import CallHome
from agent.hub.calling import answer_line, caller_in, challenge_line, is_proven
from agent.hub.directory import Directory
from agent.hub.dnssd import Domain
from agent.hub.identity_key import DeviceIdentity
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, LinkState
from agent.hub.switchboard import MOST_EACH, MOST_UNPROVEN, MOST_UNPROVEN_FROM_ONE, Switchboard
from agent.web.doors import TlsDoor
from tests.web.pairing_camera import ID, PairingCamera, pairing_camera
from tools.loopback import free_port

HUB = "hub-a"
NOWHERE = ("127.0.0.1", 9)
QUICK = Backoff(first_s=0.05, most_s=0.2)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  what is waited for sends no event
            await asyncio.sleep(0.01)


@dataclass
class Shop:
    """A hub's folder with its keys, and the port where it takes calls."""

    folder: Path
    keyring: Keyring
    port: int

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[Hub]:
        with Ledger(self.folder / "hub.db") as ledger:
            hub = Hub(
                ledger,
                self.keyring.trust().hub,
                backoff=QUICK,
                keyring=self.keyring,
                attachments=self.folder / "attachments",
            )
            work = hub.run(browse=False, listen=("127.0.0.1", self.port))
            async with beside(work):
                yield hub


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, Keyring.open(tmp_path / "keys", HUB, "shop"), free_port())


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[PairingCamera]:
    async with pairing_camera(tmp_path / "camera") as opened:
        yield opened


async def claimed(camera: PairingCamera, shop: Shop) -> None:
    """The hub knows its key, and a place where it is not."""
    authority = shop.keyring.authority()
    await camera.trust.claim(authority.pem, "shop", shop.keyring.trust().hub)
    pin = CameraPin(ID, camera.device.fp, *NOWHERE, authority.number)
    shop.keyring.change(lambda trust: trust.with_camera(pin))


@asynccontextmanager
async def calling(camera: PairingCamera, shop: Shop, domain: Domain | None = None) -> AsyncIterator[CallHome]:
    """The camera calls the shop's hub, or those that a domain lists."""
    doors, door = camera.doors, TlsDoor(camera.device, camera.trust)
    assert doors is not None
    directory = Directory(None if domain else ("127.0.0.1", shop.port), domain, lambda: camera.trust.pins.hub)
    calls = CallHome(ID, camera.device.key, directory, lambda: camera.trust.claimed)
    async with beside(calls.run(lambda connection: doors.take(door, connection))):
        yield calls


def linked(hub: Hub) -> bool:
    return hub.links.get(ID) is LinkState.LINKED


async def test_a_camera_that_cannot_be_reached_is_linked_and_again_after_the_hub_was_away(
    camera: PairingCamera, shop: Shop
) -> None:
    await claimed(camera, shop)
    async with calling(camera, shop):
        for _ in range(2):
            async with shop.hub() as hub:
                await until(lambda hub=hub: linked(hub))  # type: ignore[misc]
                await until(lambda: [link.hub for link in camera.link.links()] == [HUB])
            await until(lambda: not camera.link.links())
    pin = shop.keyring.pin(ID)
    assert pin is not None
    assert (pin.host, pin.port) == NOWHERE


async def test_what_is_revoked_while_it_is_linked_is_told_at_once(camera: PairingCamera, shop: Shop) -> None:
    await claimed(camera, shop)
    async with calling(camera, shop), shop.hub() as hub:
        await until(lambda: linked(hub))
        shop.keyring.change(lambda trust: msgspec.structs.replace(trust, revoked=("ab",), revision=1))
        await until(lambda: camera.trust.pins.revoked == ("ab",))
        assert linked(hub)


async def test_what_was_revoked_is_told_over_the_call_as_well(camera: PairingCamera, shop: Shop) -> None:
    await claimed(camera, shop)
    shop.keyring.change(lambda trust: msgspec.structs.replace(trust, revoked=("ab",), revision=1))
    async with calling(camera, shop), shop.hub() as hub:
        await until(lambda: linked(hub))
    assert camera.trust.pins.revoked == ("ab",)


async def test_who_calls_by_its_name_without_its_key_is_told_nothing_and_keeps_nobody_out(
    camera: PairingCamera, shop: Shop
) -> None:
    await claimed(camera, shop)
    async with shop.hub() as hub:
        await until(lambda: ID in hub.links)
        await until(lambda: can_connect(shop.port))
        other = DeviceIdentity.open(shop.folder / "other", ID)
        heard = [await call(shop.port, other.key) for _ in range(MOST_EACH)]
        async with calling(camera, shop):
            await until(lambda: linked(hub))
        for reader, writer in heard:
            assert b"GET " not in await hung_up(reader)
            writer.close()


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def call(port: int, key: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Call by the camera's name, with this key."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(answer_line(ID, key, await reader.readline()))
    await writer.drain()
    return reader, writer


async def hung_up(reader: asyncio.StreamReader) -> bytes:
    """What came before the other end hung up, or for a moment."""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.1):
            return await reader.read()
    return b""


async def test_without_a_hub_nobody_is_called(camera: PairingCamera, shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", shop.port)) as listening:
        listening.setblocking(False)
        async with calling(camera, shop) as calls:
            await asyncio.sleep(0.2)
            assert calls.standing_by is None
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture
def device(tmp_path: Path) -> DeviceIdentity:
    return DeviceIdentity.open(tmp_path / "device", ID)


@pytest.fixture
def board(device: DeviceIdentity) -> Switchboard:
    return Switchboard(lambda camera: device.fp if camera == ID else "", lambda camera, url: None, greeting_s=60.0)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"AISLEWATCH-CALL 1 another eA== eA==\n",
        b"A" * 200 + b"\n",
        b"\0" * 70000,
    ],
)
async def test_who_is_no_camera_of_this_hub_is_sent_away(
    board: Switchboard, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with board.listening("127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        writer.write_eof()
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                assert (await reader.read()).count(b"\n") <= 1
        writer.close()
    assert not caplog.records, "nobody fills the log"


async def test_who_says_nothing_makes_room_for_who_proves_to_be_a_camera(
    board: Switchboard, device: DeviceIdentity
) -> None:
    """A crowd from one address, and from many: the camera's call stands by all the same."""
    async with board.listening("127.0.0.1", 0) as port:
        crowd = [
            await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.1.{1 + n // 20}", 0))
            for n in range(MOST_UNPROVEN + 60)
        ]
        crowd += [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_UNPROVEN_FROM_ONE + 20)]
        await until(lambda: board.unproven == MOST_UNPROVEN)
        _, caller = await call(port, device.key)
        await until(lambda: list(board.standing_by()) == [ID])
        assert board.unproven <= MOST_UNPROVEN
        for _, writer in [*crowd, (None, caller)]:
            writer.close()


async def test_a_crowd_of_one_address_is_small(board: Switchboard) -> None:
    async with board.listening("127.0.0.1", 0) as port:
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * MOST_UNPROVEN_FROM_ONE)]
        for reader, _ in crowd[: 2 * MOST_UNPROVEN_FROM_ONE]:
            with suppress(ConnectionError):
                async with asyncio.timeout(10):
                    await reader.read()
        assert board.unproven == MOST_UNPROVEN_FROM_ONE
        for _, writer in crowd:
            writer.close()


def test_a_call_is_proven_by_its_own_key_and_challenge_only(device: DeviceIdentity) -> None:
    line = answer_line(ID, device.key, challenge_line("0" * 32))
    assert caller_in(line) == ID
    assert is_proven(line, "0" * 32, device.fp)
    assert not is_proven(line, "1" * 32, device.fp)
    assert not is_proven(line, "0" * 32, "0" * 64)
    assert not is_proven(line.replace(ID.encode(), b"cam0002"), "0" * 32, device.fp)
    with pytest.raises(ValueError, match="no hub"):
        answer_line(ID, device.key, b"HTTP/1.1 400 Bad Request\r\n")


async def test_only_so_many_calls_of_one_camera_stand_by(board: Switchboard, device: DeviceIdentity) -> None:
    async with board.listening("127.0.0.1", 0) as port:
        calls = [await call(port, device.key) for _ in range(MOST_EACH + 1)]
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                assert await calls[0][0].read() == b""
        assert not calls[-1][0].at_eof()
        for _, writer in calls:
            writer.close()
