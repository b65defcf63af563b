"""A whole camera is aimed, walked through, drawn into and configured over its API."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.app import Running
from agent.evidence.seal import sealed_by
from tests.e2e.camera import config_text
from tests.e2e.test_commands import Lives, lives_of

pytestmark = pytest.mark.timeout(120)
LINE = '\n[[line]]\nname = "far-corner"\npoints = [[0.0, 0.001], [0.01, 0.0]]\n'


async def ask(running: Running, path: str, said: object = None) -> tuple[int, Any]:
    """Status and answer of a request on the camera itself; POST where something is said."""
    method = "GET" if said is None else "POST"
    async with aiohttp.ClientSession() as http, http.request(method, running.url + path, json=said) as response:
        body = await response.read()
        is_json = response.content_type == "application/json"
        return response.status, json.loads(body) if is_json and not path.endswith(".json") else body


async def done(running: Running, path: str, said: object = None) -> Any:
    status, answer = await ask(running, path, said)
    assert status == 200, answer
    return answer


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 45.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  what is waited for sends no event
            await asyncio.sleep(0.05)


async def test_the_picture_is_measured(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        aim = await done(await lives.next(), "/v1/aim")
        assert 20 < aim["sharpness"] <= 100
        assert (len(aim["tiles"]), aim["size"], aim["exposure"]) == (9, [640, 360], "ok")
        assert aim["tilt_deg"] is None or abs(aim["tilt_deg"]) < 6


async def test_a_walk_test_tells_what_was_not_triggered_and_signs_it(tmp_path: Path) -> None:
    (tmp_path / "camera.toml").write_text(config_text(tmp_path) + LINE)
    async with lives_of(tmp_path) as lives:
        camera = await lives.next()
        assert (await ask(camera, "/v1/walk-test/end", {}))[0] == 409
        assert (await ask(camera, "/v1/walk-test/record.html"))[0] == 404
        assert (await done(camera, "/v1/walk-test", {"by": "kim"}))["running"]
        assert (await ask(camera, "/v1/walk-test", {"by": "kim"}))[0] == 409

        async def entered() -> bool:
            places = (await done(camera, "/v1/walk-test"))["places"]
            return bool(places[0]["triggered"])

        await eventually(entered)
        assert (await ask(camera, "/v1/walk-test/end", {"stature_m": 178}))[0] == 400
        ended = await done(camera, "/v1/walk-test/end", {"note": "unit 4", "stature_m": 1.78, "tape_m": 2.6})
        record = ended["record"]
        mount = record["mount"]
        assert (mount["stature_m"], mount["tape_m"], mount["view_said_by"]) == (1.78, 2.6, "lens")
        assert mount["hint"] if "refused" in mount else mount["height_m"] > 1.5
        assert (record["passed"], record["missing"], record["made"]["by"]) == (False, ["far-corner"], "kim")
        assert record["zones"][0]["name"] == "everywhere"
        content, line = [(await ask(camera, f"/v1/walk-test/record.json{end}"))[1] for end in ("", ".sig")]
        assert hashlib.sha256(content).hexdigest() == ended["sha256"]
        assert sealed_by(content, line) is not None
        page, line = [(await ask(camera, f"/v1/walk-test/record.html{end}"))[1] for end in ("", ".sig")]
        assert sealed_by(page, line) is not None
        assert "far-corner" in page.decode()
        assert not (await done(camera, "/v1/walk-test"))["running"]


async def test_what_is_drawn_is_tried_and_kept(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        camera = await lives.next()
        drawn = await done(camera, "/v1/zones")
        mask = {"polygon": [[0, 0], [0.1, 0], [0.1, 0.1]]}
        vault = {"name": "vault", "kind": "restricted", "polygon": [[0, 0], [1, 0], [1, 1]]}
        rule = {"kind": "restricted", "zone": "vault", "actions": ["siren"]}
        status, wrong = await ask(camera, "/v1/zones", {"reason": "oops", "rule": [rule]})
        assert (status, wrong["problems"][0]["path"]) == (422, "rule[0].zone")
        said = {"reason": "a vault", "by": "kim", "base": drawn["sha256"], "privacy_mask": [mask]}
        said |= {"zone": [*drawn["zone"], vault], "rule": [*drawn["rule"], rule]}
        told = await done(camera, "/v1/zones", said)
        camera = await lives.next()
        await kept(lives, camera, told["sha256"])
        found = tomllib.loads(lives.path.read_text())
        assert [zone["name"] for zone in found["zone"]] == ["everywhere", "vault"]
        assert found["privacy_mask"] == [mask]
        assert (await done(camera, "/v1/zones"))["rule"][1] == rule


async def test_a_mount_is_tried_and_kept(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        camera = await lives.next()
        before = await done(camera, "/v1/mount")
        assert (before["mount"], before["view_said_by"]) == ({}, "lens")
        assert before["view_deg"] == (await done(camera, "/v1/status"))["camera"]["view_deg"]
        assert (await ask(camera, "/v1/mount", {"reason": "x"}))[0] == 400
        status, wrong = await ask(camera, "/v1/mount", {"reason": "x", "tilt_deg": 95})
        assert (status, wrong["problems"][0]["path"]) == (422, "mount.tilt_deg")
        said = {"reason": "measured", "height_m": 2.61, "tilt_deg": 27.5, "base": before["sha256"]}
        told = await done(camera, "/v1/mount", said)
        camera = await lives.next()
        await kept(lives, camera, told["sha256"])
        assert tomllib.loads(lives.path.read_text())["mount"] == {"height_m": 2.61, "tilt_deg": 27.5}
        assert (await done(camera, "/v1/mount"))["mount"] == {"height_m": 2.61, "tilt_deg": 27.5}


async def test_a_configuration_is_tried_and_the_camera_restarted(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        camera = await lives.next()
        shown = await done(camera, "/v1/config")
        text = shown["text"].replace('name = "test"', 'name = "till-4"')
        assert (await ask(camera, "/v1/config", {"text": text, "reason": "x", "base": "0" * 64}))[0] == 409
        told = await done(camera, "/v1/config", {"text": text, "reason": "its name"})
        camera = await lives.next()
        assert (await done(camera, "/v1/status"))["name"] == "till-4"
        assert (await ask(camera, "/v1/restart", {"reason": "impatient"}))[0] == 409
        await kept(lives, camera, told["sha256"])
        await done(camera, "/v1/restart", {"reason": "new cable"})
        camera = await lives.next()
        lines = (await done(camera, "/v1/logs?level=warning&limit=5"))["lines"]
        assert len(lines) <= 5
        assert (await ask(camera, "/v1/logs?level=loud"))[0] == 400


async def kept(lives: Lives, camera: Running, sha256: str) -> None:
    """Wait until the configuration on trial was confirmed."""

    async def over() -> bool:
        shown = await done(camera, "/v1/config")
        assert shown["sha256"] == sha256
        return bool(shown["trial"]["state"] == "confirmed")

    await eventually(over)
