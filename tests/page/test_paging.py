"""`aislewatch page`: the link that it shows lets a browser in."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.cli.paging import at, page
from tests.page.browser import Browser
from tests.web.pairing_camera import pairing_camera


async def test_the_link_lets_a_browser_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with pairing_camera(tmp_path / "camera") as camera:
        await asyncio.to_thread(page, f"http://127.0.0.1:{camera.plain_port}", None, as_json=True)
        told = json.loads(capsys.readouterr().out)
        assert told["url"].startswith(f"https://127.0.0.1:{camera.port}/enter/")
        assert await Browser(camera).enter(told["url"].rsplit("/", 1)[1]) == 200


async def test_it_is_shown_as_a_code_and_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with pairing_camera(tmp_path / "camera") as camera:
        await asyncio.to_thread(page, f"http://127.0.0.1:{camera.plain_port}", "10.0.0.7", as_json=False)
        shown = capsys.readouterr().out
        assert f"https://10.0.0.7:{camera.port}/enter/" in shown
        assert "within 5 minutes" in shown
        assert max(map(len, shown.splitlines())) <= 96


def test_another_host_keeps_port_and_path() -> None:
    assert at("https://192.168.1.5:8743/enter/abc", "cam.local") == "https://cam.local:8743/enter/abc"
