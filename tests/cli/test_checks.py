"""The checks of network and disk, against servers on loopback and a kernel's files written for the purpose."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from agent.doctor import disk_check, net_check
from agent.doctor.checking import CheckDesk
from agent.doctor.net_check import NTP_EPOCH_S
from hal.kernel import KernelFiles
from hal.simulated.clock import ManualClock
from hal.storage import Storage
from hal.system import SystemClock
from tests.cli.camera import aislewatch
from tests.e2e.test_commands import lives_of

pytestmark = pytest.mark.timeout(90)


class TimeServer(asyncio.DatagramProtocol):
    """Answers as an NTP server does, with a clock that is off by so much."""

    def __init__(self, off_s: float, stratum: int = 2) -> None:
        self.off_s = off_s
        self.stratum = stratum

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        now_s = SystemClock().wall().utc_s + self.off_s + NTP_EPOCH_S
        moment = struct.pack("!II", int(now_s), int(now_s % 1 * 2**32))
        self.transport.sendto(struct.pack("!BB", 0x24, self.stratum) + bytes(30) + moment + moment, addr)


@asynccontextmanager
async def time_server(off_s: float, stratum: int = 2) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: TimeServer(off_s, stratum), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@pytest.mark.parametrize(("off_s", "stratum", "state"), [(0.0, 2, "ok"), (120.0, 2, "warning"), (0.0, 0, "fault")])
async def test_a_time_server_is_asked_and_compared(off_s: float, stratum: int, state: str) -> None:
    async with time_server(off_s, stratum) as port:
        step = await net_check.time_server("127.0.0.1", port, SystemClock())
    assert step.state == state, step
    if off_s:
        assert "-120.0 s off" in step.detail


async def test_a_name_that_is_not_there_is_told_with_what_to_do() -> None:
    step = await net_check.names("nowhere.invalid")
    assert (step.state, "--offline" in step.advice) == ("fault", True)
    assert (await net_check.names("localhost")).state == "ok"


@asynccontextmanager
async def site(status: int, text: str, location: str = "") -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers={"Location": location} if location else {})

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "text", "location", "state"),
    [
        (200, "NetworkManager is online\n", "", "ok"),
        (204, "", "", "ok"),
        (302, "", "http://portal.invalid/login", "fault"),
        (200, "<!DOCTYPE html><html>Welcome to the mall</html>", "", "fault"),
    ],
)
async def test_a_captive_portal_is_known_by_what_it_answers(status: int, text: str, location: str, state: str) -> None:
    async with site(status, text, location) as url:
        step = await net_check.portal(url)
    assert step.state == state, step
    assert (location in step.detail) if location else True


async def test_the_camera_looks_at_its_own_network_and_disk(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        said = await aislewatch("net", "check", "--offline", "--json", url=url)
        disk = await aislewatch("storage", "check", "--json", url=url)
        again = await aislewatch("storage", "check", url=url, TERM="dumb")
        here = await aislewatch("net", "check", "--offline", "--here", url=url, TERM="dumb")
    found = {one["name"]: one for one in said.json}
    assert found["camera"]["state"] in ("ok", "warning")
    assert "answers within" in found["camera"]["detail"]
    assert (found["hub"]["state"], found["hub"]["advice"]) == ("unknown", "aislewatch pair")
    assert found["dns"]["state"] == "skipped"
    assert {"address", "gateway", "mdns"} <= found.keys()
    assert {one["where"] for one in said.json + disk.json} == {"camera"}
    assert {"space", "speed", "wear", "errors"} <= {one["name"] for one in disk.json}
    assert again.out.startswith("looked at from the camera:")
    assert here.out.startswith("looked at from this computer:")
    assert max(map(len, [*again.out.splitlines(), *here.out.splitlines()])) <= 80


async def test_a_camera_that_does_not_run_is_looked_at_from_beside(tmp_path: Path) -> None:
    said = await aislewatch("storage", "check", "--folder", tmp_path, "--json")
    assert {one["where"] for one in said.json} == {"this computer"}
    away = await aislewatch("storage", "check", url=f"unix:{tmp_path}/nobody.sock")
    assert (away.code, "no camera answers" in away.err) == (3, True)


async def test_a_look_at_the_disk_is_shared_for_a_while(tmp_path: Path) -> None:
    clock = ManualClock()
    desk = CheckDesk(clock, tmp_path)
    first, same = await asyncio.gather(desk.disk(), desk.disk())
    clock.sleep(5.0)
    soon = await desk.disk()
    assert first.steps == same.steps == soon.steps
    assert (first.age_s, soon.age_s) == (0.0, 5.0)
    clock.sleep(60.0)
    assert (await desk.disk()).age_s == 0.0


def kernel(root: Path, *, life: str, errors: int) -> Storage:
    """The files of an eMMC with this wear and so many failures."""
    device = root / "sys/block/mmcblk0/device"
    device.mkdir(parents=True)
    (device / "type").write_text("MMC\n")
    (device / "life_time").write_text(life)
    (device / "ioerr_cnt").write_text(f"{errors:#x}\n")
    (root / "data").mkdir()
    return Storage(KernelFiles(root), "/data")


@pytest.mark.parametrize(
    ("life", "errors", "states"),
    [("0x01 0x02", 0, ["ok", "ok"]), ("0x09 0x01", 0, ["warning", "ok"]), ("0x01 0x01", 3, ["ok", "fault"])],
)
def test_wear_and_errors_are_read_from_the_kernel(tmp_path: Path, life: str, errors: int, states: list[str]) -> None:
    assert [step.state for step in disk_check.wear(kernel(tmp_path, life=life, errors=errors))] == states


def test_the_speed_of_a_disk_is_measured_and_leaves_nothing(tmp_path: Path) -> None:
    (step,) = disk_check.speed(tmp_path, SystemClock())
    assert step.state in ("ok", "warning")
    assert "MiB/s" in step.detail
    assert [*tmp_path.iterdir()] == []
    (step,) = disk_check.speed(tmp_path / "missing", ManualClock())
    assert (step.state, "cannot be written" in step.detail) == ("fault", True)
