"""A switch that lets no multicast through: the doctor names it first to whoever asks from another computer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.camera import config_text
from tests.e2e.network import Shop, inside, shop, why_not
from tests.e2e.programs import HUB, program

PLAIN, TLS = 8723, 8743
WHERE = f"10.77.0.10:{TLS}"


@pytest.fixture
def two() -> Iterator[Shop]:
    if reason := why_not():
        pytest.skip(reason)
    with shop(2) as made:
        for number in range(2):
            made.plug(number, in_=True)
        yield made


async def said(namespace: str, *words: str) -> tuple[int, str]:
    """How a program ends there, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *inside(namespace), sys.executable, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told, complaint = await process.communicate()
    return process.returncode or 0, told.decode() or complaint.decode()


async def claim_code(camera: str) -> str:
    """What `aislewatch pair` shows, as soon as the camera answers."""
    async with asyncio.timeout(60):
        while True:
            status, told = await said(camera, "-m", "agent", "pair", "--json", "--url", f"http://127.0.0.1:{PLAIN}")
            if status == 0:
                return str(json.loads(told)["code"])


async def findings(laptop: str, folder: Path) -> list[dict[str, Any]]:
    """What the doctor finds when a technician asks from a laptop, in its order."""
    asking = ("doctor", "--json", "--camera", WHERE, "--pass", str(folder / "kim.pass"))
    _, told = await said(laptop, "-m", "agent", *asking)
    found: list[dict[str, Any]] = json.loads(told)["findings"]
    return found


async def paired(camera: str, laptop: str, folder: Path) -> None:
    """The laptop is the hub, and has a pass."""
    own = ("--database", str(folder / "hub.db"))
    for words in (
        ("claim", await claim_code(camera), *own),
        ("issue", "technician", "kim", "--out", str(folder / "kim.pass"), *own),
    ):
        status, told = await said(laptop, str(HUB), *words)
        assert status == 0, told


def checks(found: Sequence[dict[str, Any]]) -> list[str]:
    return [one["check"] for one in found]


@pytest.mark.slow
async def test_blocked_multicast_is_named_first(two: Shop, tmp_path: Path) -> None:
    camera, laptop = two.cameras
    config = tmp_path / "camera.toml"
    text = config_text(tmp_path, scene="empty", port=PLAIN, tls_port=TLS, announce=True)
    config.write_text(text.replace("[api]", '[api]\ntls_host = "::"'))
    async with program(inside(camera), "-m", "agent", "run", "--config", str(config)):
        await paired(camera, laptop, tmp_path)
        before = await findings(laptop, tmp_path)
        assert "mdns" not in checks(before)
        two.hold_multicast_back()
        after = await findings(laptop, tmp_path)
    assert checks(after) == ["mdns", *checks(before)]
    assert "is not heard" in after[0]["words"]
    assert "multicast" in after[0]["todo"]
