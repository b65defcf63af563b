"""The commands of pairing as a technician types them, against a camera's real doors."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.hub.claim_code import ClaimCode
from agent.hub.keyring import Keyring
from agent.hub.upkeep import issue
from tests.forge import Forge
from tests.web.pairing_camera import PairingCamera, pairing_camera


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[PairingCamera]:
    async with pairing_camera(tmp_path / "camera") as opened:
        yield opened


async def aislewatch(*words: str, **environ: str) -> tuple[int, str, str]:
    """Exit code, what was printed and what was complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environ},
    )  # fmt: skip
    out, complaints = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), complaints.decode()


def at_socket(camera: PairingCamera) -> tuple[str, str]:
    return "--url", f"unix:{camera.socket}"


async def test_pair_shows_a_code_that_a_hub_can_use(camera: PairingCamera, tmp_path: Path) -> None:
    code, out, _ = await aislewatch("pair", *at_socket(camera))
    assert code == 0
    shown = ClaimCode.parse(next(word for word in out.split() if word.startswith("AISLEWATCH:")))
    assert (shown.id, shown.fp, shown.host, shown.port) == ("cam0001", camera.device.fp, "127.0.0.1", camera.port)
    assert sum(line.count("█") for line in out.splitlines()) > 100  # the QR code
    assert (await camera.pair(Forge(tmp_path), shown.token)).status == 200


async def test_pair_waits_for_the_hub_when_asked_to(camera: PairingCamera, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "pair", "--wait", "--json", *at_socket(camera), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    claim = json.loads(await process.stdout.readline())
    assert claim["code"] == ClaimCode.parse(claim["code"]).text()
    assert (await camera.pair(Forge(tmp_path), claim["token"])).status == 200
    assert json.loads(await process.stdout.readline())["type"] == "paired"
    assert await process.wait() == 0


async def test_pair_says_that_the_camera_has_a_hub(camera: PairingCamera, tmp_path: Path) -> None:
    await camera.pair(Forge(tmp_path))
    code, _, complaint = await aislewatch("pair", *at_socket(camera))
    assert code == 3
    assert "hub-a" in complaint
    code, out, _ = await aislewatch("unpair", "--reason", "moves to another shop", *at_socket(camera))
    assert (code, camera.trust.claimed) == (0, False)
    assert "cam0001" in out


async def test_a_factory_reset_is_confirmed(camera: PairingCamera) -> None:
    words = ("reset", "--reason", "sold", *at_socket(camera))
    code, _, complaint = await aislewatch(*words)
    assert (code, "--confirm cam0001" in complaint) == (3, True)
    code, _, complaint = await aislewatch(*words, "--confirm", "cam0002")
    assert (code, "cam0001" in complaint) == (3, True)
    assert not camera.reset.ordered.is_set()
    code, _, _ = await aislewatch(*words, "--confirm", "cam0001", "--by", "kim")
    assert (code, camera.reset.ordered.is_set()) == (0, True)
    assert camera.events[-1].data["by"] == "kim"


async def test_a_technician_comes_with_a_pass(camera: PairingCamera, tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path / "keys", "hub-a", "shop")
    said = {"token": await camera.token(), "ca": keyring.authority().pem, "store": "shop", "hub": "hub-a"}
    assert (await camera.ask("/v1/pair", said=said)).status == 200
    own = tmp_path / "kim.pem"
    issue(keyring, "Kim", 8, camera.clock.wall().utc_s, own)
    where = ("outputs", "--json", "--url", camera.url(""))
    code, _, complaint = await aislewatch(*where)
    assert (code, "AISLEWATCH_PASS" in complaint) == (3, True)
    code, _, complaint = await aislewatch(*where, AISLEWATCH_PASS=str(own))
    assert (code, "does not stand in" in complaint) == (3, True)  # the hub had not noted the camera
    own.write_text(f"camera cam0001 {camera.device.fp}\n" + own.read_text())
    code, _, complaint = await aislewatch("pair", "--url", camera.url(""), AISLEWATCH_PASS=str(own))
    assert (code, "on the camera itself" in complaint) == (3, True)  # it was let in, and may not do this
