"""The doors over real connections: dates that count and do not, slow handshakes, the socket, the plain door.

What attackers show at them is in tests/attacks.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from agent.events.wire import Hello
from agent.hub.addresses import reachable_addresses
from agent.hub.client import LinkClient
from agent.hub.identity_key import DeviceIdentity
from agent.hub.pinning import pinned_context
from agent.web.doors import PlainDoor, SocketDoor
from agent.web.guard import WebLimits
from tests.forge import Forge
from tests.web.pairing_camera import PairingCamera, ask, pairing_camera

QUICK = WebLimits(max_connections=3, max_each=3, request_s=0.3)


@pytest.fixture
def hub(tmp_path: Path) -> Forge:
    return Forge(tmp_path, "hub")


@pytest.fixture
async def camera(tmp_path: Path, hub: Forge) -> AsyncIterator[PairingCamera]:
    async with pairing_camera(tmp_path / "camera") as opened:
        assert (await opened.pair(hub)).status == 200
        yield opened


async def first_bytes(port: int, sent: bytes) -> bytes:
    """What a connection without TLS gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("year", [1970, 2036])
@pytest.mark.parametrize("synchronised", [True, False])
async def test_no_date_locks_a_hub_out(camera: PairingCamera, hub: Forge, year: int, synchronised: bool) -> None:
    camera.clock.set_wall(datetime(year, 1, 1, tzinfo=UTC).timestamp(), synchronised=synchronised)
    context = pinned_context(camera.device.fp, hub.issue(ends=datetime(1971, 1, 1, tzinfo=UTC)))
    async with (
        aiohttp.ClientSession() as http,
        await LinkClient.connect(http, camera.url("/v1/link"), context=context) as link,
    ):
        assert isinstance(await anext(aiter(link)), Hello)


async def test_a_technicians_pass_ends_for_a_camera_that_knows_the_time(camera: PairingCamera, hub: Forge) -> None:
    end = datetime(2030, 1, 1, tzinfo=UTC)
    own = hub.issue("technician", "Kim", ends=end)
    camera.clock.set_wall(end.timestamp() - 1)
    assert (await camera.ask("/v1/status", own)).status == 200
    camera.clock.set_wall(end.timestamp())
    assert (await camera.ask("/v1/status", own)).status == 403
    camera.clock.set_wall(0.0, synchronised=False)
    assert (await camera.ask("/v1/status", own)).status == 200
    camera.clock.set_wall(end.timestamp() + 10 * 366 * 86_400, synchronised=False)
    assert (await camera.ask("/v1/status", own)).status == 200


async def test_a_pass_ends_on_a_connection_that_is_in_use(camera: PairingCamera, hub: Forge) -> None:
    end = datetime(2030, 1, 1, tzinfo=UTC)
    context = pinned_context(camera.device.fp, hub.issue("technician", "Kim", ends=end))
    camera.clock.set_wall(end.timestamp() - 1)
    async with aiohttp.ClientSession() as http, http.get(camera.url("/v1/status"), ssl=context) as response:
        await response.read()
        assert camera.keeper.connections == 1
        camera.clock.set_wall(end.timestamp())
        camera.keeper.recheck()
        await until_gone(camera)


async def until_gone(camera: PairingCamera) -> None:
    async with asyncio.timeout(10):
        while camera.keeper.connections:  # noqa: ASYNC110 - the other side has no event to wait for
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00" + b"x" * 100])
async def test_a_handshake_that_does_not_end_is_cut(tmp_path: Path, sent: bytes) -> None:
    async with pairing_camera(tmp_path / "camera", QUICK) as camera:
        assert b"HTTP" not in await first_bytes(camera.port, sent)
        await until_gone(camera)
        assert camera.keeper.counts.unproven == 1


async def test_connections_in_a_handshake_count(tmp_path: Path) -> None:
    """They have time enough for all to be there at once, on any computer."""
    async with pairing_camera(tmp_path / "camera", replace(QUICK, request_s=3.0)) as camera:
        pairs = [await asyncio.open_connection("127.0.0.1", camera.port) for _ in range(4)]
        async with asyncio.timeout(10):
            while not camera.keeper.counts.refused:  # noqa: ASYNC110 - the other side has no event to wait for
                await asyncio.sleep(0.01)
        assert camera.keeper.counts.accepted == 3
        await until_gone(camera)
        for _, writer in pairs:
            writer.close()
        assert (await camera.ask("/v1/identity")).status == 200


async def test_a_large_request_comes_whole_through_tls(camera: PairingCamera, hub: Forge) -> None:
    """What arrives with the last packet of the handshake must not be lost."""
    serials = [f"{n:040x}" for n in range(4096)]
    assert (await camera.ask("/v1/trust/revoked", hub.issue(), {"serials": serials})).json == {"revoked": 4096}


async def test_two_devices_share_nothing(tmp_path: Path) -> None:
    one, two = DeviceIdentity.open(tmp_path / "1", "cam1"), DeviceIdentity.open(tmp_path / "2", "cam2")
    assert one.fp != two.fp
    assert one.key.read_bytes() != two.key.read_bytes()
    assert DeviceIdentity.open(tmp_path / "1", "cam1").fp == one.fp


async def test_a_copied_card_becomes_a_new_device_without_friends(tmp_path: Path, hub: Forge) -> None:
    async with pairing_camera(tmp_path / "camera") as camera:
        await camera.pair(hub)
    copy = DeviceIdentity.open(tmp_path / "camera", "another-board")
    assert copy.renewed
    assert copy.fp != camera.device.fp
    assert not copy.pins.exists()


async def test_who_comes_to_the_plain_door_from_elsewhere_is_a_stranger(camera: PairingCamera) -> None:
    outside = reachable_addresses("0.0.0.0")
    if not outside:
        pytest.skip("this computer has no address besides loopback")
    assert camera.doors is not None
    port = await camera.doors.listen(PlainDoor(), outside[0], 0)
    assert (await ask(f"http://{outside[0]}:{port}/v1/status", None)).status == 403
    assert (await ask(f"http://{outside[0]}:{port}/v1/identity", None)).status == 200


PYTHON = Path("/usr/bin/python3")
AT_SOCKET = """
import socket, sys
with socket.socket(socket.AF_UNIX) as wire:
    wire.connect(sys.argv[1])
    wire.sendall(b"GET /v1/status HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    print(wire.recv(100).split()[1].decode())
"""


def open_up(path: Path) -> None:
    path.parent.chmod(0o755)
    path.chmod(0o666)


@pytest.mark.skipif(os.geteuid() != 0 or not PYTHON.exists(), reason="becoming another user needs root, and its Python")
@pytest.mark.parametrize(("user", "status"), [("nobody", "403"), ("root", "200")])
async def test_who_is_at_the_socket_is_asked_of_the_kernel(camera: PairingCamera, user: str, status: str) -> None:
    """Also where the socket's own permissions would let everybody in."""
    with tempfile.TemporaryDirectory(prefix="aw-") as folder:
        at = Path(folder) / "api.sock"
        assert camera.doors is not None
        await camera.doors.listen_at(SocketDoor(), at)
        open_up(at)
        process = await asyncio.create_subprocess_exec(
            str(PYTHON), "-c", AT_SOCKET, str(at), user=user, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert out.decode().strip() == status
