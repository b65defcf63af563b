"""Whole cameras, well and with faults put into them: the doctor asks over their API."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import cv2
import msgspec
import numpy as np
import pytest

from agent.app import Running, run_camera
from agent.cli.doctor import Wish, look
from agent.cli.options import PASS
from agent.config import parse_config
from agent.doctor.checks import SETTLED_S
from agent.doctor.facts import Facts
from agent.doctor.finding import Finding
from agent.doctor.judge import judge
from agent.doctor.network import heard
from agent.durable import write_durably
from agent.evidence.seal import sealed_by
from agent.hub.authority import Authority
from agent.hub.identity_key import DeviceIdentity
from agent.hub.trust import Pins
from hal.ports import HalSettings
from hal.simulated import accelerator, degrade
from hal.simulated.camera import SimulatedCamera
from hal.system import SystemClock
from tests.e2e.camera import config_text, id_of

pytestmark = pytest.mark.timeout(120)
SMALL = '[model]\nname = "person-s"\ndevice = "{device}"\n[health]\nlearn_s = 3\n[evidence]\nrecord = false\n'


def small(folder: Path, device: str = "cpu", tls_port: int = -1) -> str:
    return config_text(folder, tls_port=tls_port) + SMALL.format(device=device)


@asynccontextmanager
async def camera(text: str) -> AsyncIterator[Running]:
    """A camera at work."""
    stop, begun = asyncio.Event(), asyncio.Queue[Running]()
    task = asyncio.create_task(run_camera(parse_config(text), stop, begun.put_nowait))
    running = asyncio.create_task(begun.get())
    await asyncio.wait((task, running), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        running.cancel()
        await task
    try:
        yield await running
    finally:
        stop.set()
        await task


async def facts_of(running: Running) -> Facts:
    async with aiohttp.ClientSession() as http, http.get(f"{running.url}/v1/doctor") as response:
        assert response.status == 200
        return msgspec.json.decode(await response.read(), type=Facts)


def found_in(facts: Facts) -> list[Finding]:
    """What is found, without what is wrong with the computer that runs the test."""
    own = {one.check for one in judge(Facts(readings=facts.readings))}
    own -= {"outputs", "StorageFailure"}
    return [one for one in judge(facts) if one.check not in own]


async def named(running: Running, happened: Callable[[Facts], bool], seconds: float = 40.0) -> list[str]:
    """The checks that found something, in order, once it is to be seen."""
    async with asyncio.timeout(seconds):
        while not happened(facts := await facts_of(running)):  # noqa: ASYNC110  what is waited for sends no event
            await asyncio.sleep(0.2)
    return [one.check for one in found_in(facts)]


async def test_its_announcement_is_heard_until_there_is_none(tmp_path: Path) -> None:
    async with camera(config_text(tmp_path, tls_port=0, announce=True)) as running:
        facts = await facts_of(running)
        assert facts.heard is True
        assert found_in(facts) == []
        serial = facts.serial
    assert await heard(serial, 1.0) is False
    assert judge(msgspec.structs.replace(facts, heard=False, readings={}))[0].check == "mdns"


async def test_nothing_is_found_in_a_healthy_camera_and_its_record_is_signed(tmp_path: Path) -> None:
    async with camera(config_text(tmp_path, tls_port=0)) as running:
        facts = await facts_of(running)
        assert found_in(facts) == []
        assert (facts.camera, facts.receiving, facts.journal_wrong) == ("test", True, "")
        assert facts.picture is not None
        files = await record_of(running)
        assert sealed_by(files["doctor.json"], files["doctor.json.sig"])
        assert sealed_by(files["doctor.html"], files["doctor.html.sig"])
        told = msgspec.json.decode(files["doctor.json"])
        assert (told["made"]["by"], told["made"]["note"], told["camera"]["name"]) == ("kim", "aisle 4", "test")
        assert (b"kim" in files["doctor.html"], b"<script" in files["doctor.html"]) == (True, False)


async def record_of(running: Running) -> dict[str, bytes]:
    said = {"by": "kim", "note": "aisle 4"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{running.url}/v1/doctor/record", json=said) as response,
    ):
        assert response.status == 200
        return {name: text.encode() for name, text in (await response.json())["files"].items()}


async def test_a_camera_that_is_not_there(tmp_path: Path) -> None:
    text = small(tmp_path).replace('name = "test"', 'name = "test"\nsource = "/dev/video77"')
    async with camera(text) as running:
        checks = await named(running, lambda facts: "signal_loss" in facts.told)
        assert checks[0] == "camera"


@pytest.mark.parametrize(("fault", "check"), [("cap", "black"), ("blur, strong", "defocused")])
async def test_a_picture_that_shows_nothing_or_nothing_sharp(tmp_path: Path, fault: str, check: str) -> None:
    video = tmp_path / "seen.mp4"
    film(video, fault)
    async with camera(small(tmp_path).replace('name = "test"', f'name = "test"\nsource = "{video}"')) as running:
        checks = await named(running, lambda facts: facts.picture is not None)
        assert checks[0] == check


def film(path: Path, fault: str, seconds: float = 60.0, fps: float = 10.0) -> None:
    """A video of the simulated shop through a lens with this fault."""
    seen = SimulatedCamera(HalSettings("simulated", width=640, height=360, fps=fps, paced=False), SystemClock())
    seen.open()
    frame = seen.read(1.0)
    assert frame is not None
    luma = degrade.FAULTS[fault][1](frame.main.y, np.random.default_rng(1))
    picture = cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (640, 360))
    for _ in range(round(seconds * fps)):
        writer.write(picture)
    writer.release()


async def test_a_siren_that_does_not_follow(tmp_path: Path) -> None:
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "siren").symlink_to("/dev/null")
    async with camera(small(tmp_path)) as running:
        checks = await named(running, lambda facts: any(line.fault for line in facts.outputs or ()))
        assert checks[0] == "outputs"


async def test_an_accelerator_that_is_not_there(tmp_path: Path) -> None:
    accelerator.strike(tmp_path / "accelerator", accelerator.Fault.LOSS)
    async with camera(small(tmp_path, "simulated")) as running:
        checks = await named(running, lambda facts: "accelerator" in facts.told)
        assert checks[0] == "accelerator"


async def test_a_key_and_a_journal_that_are_garbage(tmp_path: Path) -> None:
    identity = DeviceIdentity.open(tmp_path, id_of(tmp_path))
    identity.key.write_text("garbage")
    (tmp_path / "journal.db").write_bytes(b"garbage" * 999)
    async with camera(small(tmp_path, tls_port=0)) as running:
        checks = await named(running, lambda facts: "identity" in facts.told)
        assert checks == ["identity", "journal"]


async def test_a_hub_of_another_authority(tmp_path: Path) -> None:
    ours = Authority.make(tmp_path, 1, "ours")
    theirs = Authority.make(tmp_path, 2, "theirs")
    identity = DeviceIdentity.open(tmp_path, id_of(tmp_path))
    write_durably(identity.pins, msgspec.json.encode(Pins("shop", "ours", (ours.pem,))), mode=0o600)
    async with camera(small(tmp_path, tls_port=0)) as running:
        assert found_in(await facts_of(running)) == [], "its hub has time to come"
        assert running.ports.tls is not None
        await _called_by(theirs, running.ports.tls)
        checks = await named(running, lambda facts: bool(facts.foreign))
        assert checks[0] == "authority"
        later = msgspec.structs.replace(await facts_of(running), uptime_s=SETTLED_S, foreign=0)
        assert "hub" in [one.check for one in judge(later)], "and when nobody else comes, it is missed"


async def test_a_pass_that_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, file = Authority.make(tmp_path, 1, "ours"), tmp_path / "kim.pass"
    identity = DeviceIdentity.open(tmp_path, id_of(tmp_path))
    write_durably(identity.pins, msgspec.json.encode(Pins("shop", "ours", (ours.pem,))), mode=0o600)
    file.write_bytes(ours.technician("kim", 1.7e9).pem + f"camera door {identity.fp}\n".encode())
    monkeypatch.setenv(PASS, str(file))
    async with camera(small(tmp_path, tls_port=0)) as running:
        wish = Wish(f"https://127.0.0.1:{running.ports.tls}", None, None, "", "kim")
        facts, _ = await asyncio.to_thread(look, wish)
        assert found_in(facts)[0].check == "certificates"
        assert "kim.pass" in found_in(facts)[0].words


async def test_a_dark_shop_that_is_closed(tmp_path: Path) -> None:
    video = tmp_path / "night.mp4"
    closed = '[[schedule]]\nname = "closed"\nstart = "00:00"\nend = "24:00"\n'
    film(video, "dark")
    text = small(tmp_path).replace('name = "test"', f'name = "test"\nsource = "{video}"')
    text = text.replace("learn_s = 3", 'learn_s = 3\ndark_schedule = "closed"') + closed
    async with camera(text) as running:
        assert await named(running, lambda facts: bool(facts.receiving)) == []


async def _called_by(authority: Authority, port: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(authority.own)
    with suppress(OSError):  # the camera ends it in the middle of the first answer, or before
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        await _closed(reader.read())
        writer.close()
        await _closed(writer.wait_closed())


async def _closed(end: Awaitable[object]) -> None:
    with suppress(OSError):
        await end
