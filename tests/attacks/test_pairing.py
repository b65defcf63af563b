"""Pairing a fresh camera as a person does it: two commands, one on the camera and one on the hub, and it is linked."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests.attacks.processes import ROOT, HubProgram, camera_program
from tests.attacks.shop import ask, until

pytestmark = pytest.mark.timeout(120)


async def typed(*words: str, own_pass: Path | None = None) -> tuple[int, str]:
    """What a command of the camera's program returns and prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agent",
        *words,
        cwd=ROOT,
        env={**os.environ, "AISLEWATCH_PASS": str(own_pass or "")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_two_commands_pair_a_fresh_camera(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = HubProgram(tmp_path)
    async with camera_program(tmp_path) as camera:
        begun_s = time.monotonic()
        status, shown = await typed("pair", "--host", "127.0.0.1", "--url", camera.url)
        code = next(word for word in shown.split() if word.startswith("AISLEWATCH:1:"))
        claimed = await hub.command("claim", code)
        took_s = time.monotonic() - begun_s
        assert (status, "\u2588" in shown) == (0, True), "as text, and as a QR code"
        identity = (await ask(f"{camera.url}/v1/identity"))[1]
        assert (identity["state"], f"claimed {identity['id']}" in claimed) == ("claimed", True)
        async with hub.running() as events:
            await until(lambda: any(event.get("kind") == "start" for event in events), 30)
        assert json.loads(await hub.command("cameras", "--json"))["behind"] == []
    with capsys.disabled():
        print(f" {took_s:.1f} s for both commands", end="")


async def test_a_technician_works_at_it_with_a_pass_until_it_is_revoked(tmp_path: Path) -> None:
    hub, kim = HubProgram(tmp_path), tmp_path / "kim.pem"
    async with camera_program(tmp_path) as camera:
        await hub.command("claim", await camera.code())
        await hub.command("issue", "technician", "kim", "--hours", "2", "--out", str(kim))
        wish = ("status", "--json", "--url", f"https://127.0.0.1:{camera.tls_port}")
        status, said = await typed(*wish, own_pass=kim)
        assert (status, "camera" in json.loads(said)) == (0, True)
        assert (await typed(*wish))[0] == 3, "without a pass nothing is asked"
        await hub.command("revoke", "kim", "--no-browse")
        assert json.loads(await hub.command("passes", "--json"))["revoked"]
        status, said = await typed(*wish, own_pass=kim)
        assert (status, "closed to strangers" in said) == (3, True)
