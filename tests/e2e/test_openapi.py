"""What a whole camera answers is what the API's document says: each field, and each status."""

from __future__ import annotations

import asyncio
import json
import re
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest

from agent.config import parse_config
from agent.web.openapi import document
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera
from tests.e2e.test_commands import lives_of

pytestmark = pytest.mark.timeout(150)
MORE = """
[[input]]
name = "door"
kind = "door"
[[output]]
name = "lamp"
pin = 27
[[till]]
terminal = "t1"
zone = "till"
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0, 0], [0.2, 0], [0.2, 0.2]]
"""
NOT_HERE = {"GET /v1/link", "GET /v1/live", "GET /live.mjpg"}
"""What goes on without end."""


def closed(part: Any) -> Any:
    """The document with no field in an answer but those that it names."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {key: closed(value) for key, value in part.items()}
    if "properties" in found:
        found.setdefault("additionalProperties", False)
    return found


DOCUMENT = document()
STRICT = closed(deepcopy(DOCUMENT))


@dataclass
class Asking:
    """A client that holds every answer against the document; `asked` are the routes with their statuses."""

    http: aiohttp.ClientSession
    url: str
    asked: set[tuple[str, int]]

    async def ask(self, method: str, path: str, said: object = None, *, status: int = 200) -> Any:
        async with self.http.request(method, self.url + path, json=said) as response:
            body = await response.read()
            route = route_of(method, path)
            assert response.status == status, (route, body[:300])
            found = check(route, response.status, response.content_type, body)
            self.asked.add((route, response.status))
            return found

    async def get(self, path: str, *, status: int = 200) -> Any:
        return await self.ask("GET", path, status=status)

    async def post(self, path: str, said: object, *, status: int = 200) -> Any:
        return await self.ask("POST", path, said, status=status)


def route_of(method: str, path: str) -> str:
    """The route of a path; of several the one with the fewest names in it."""
    bare = path.partition("?")[0]
    fitting = [one for one in DOCUMENT["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), bare)]
    return f"{method} {min(fitting, key=lambda one: one.count('{'))}"


def check(route: str, status: int, media: str, body: bytes) -> Any:
    """Hold one answer against the document; returns it where it is JSON."""
    method, _, path = route.partition(" ")
    responses = STRICT["paths"][path][method.lower()]["responses"]
    assert f"{status}" in responses, (route, status, body[:300])
    content = resolved(responses[f"{status}"])["content"]
    assert media in content, (route, media, body[:300])
    if media != "application/json" or not content[media]:
        return body
    found = json.loads(body)
    schema = {**content[media]["schema"], "components": STRICT["components"]}
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (
        STRICT["components"]["responses"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
    )
    return found


async def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    text = config_text(tmp_path, tls_port=0) + MORE
    config = parse_config(text)
    config = replace(config, evidence=replace(config.evidence, min_free_mb=0.0))
    async with camera(config) as running, aiohttp.ClientSession() as http:
        asking = Asking(http, running.url, set())
        await see_the_camera(asking)
        await tell_it(asking)
        await review_it(asking)
        await take_evidence(asking)
        await fit_it(asking)
        await trust_it(asking)
    left = {route for route in routes() if route not in {route for route, _ in asking.asked}} - NOT_HERE
    assert not left


async def test_so_is_what_is_said_about_the_configuration(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives, aiohttp.ClientSession() as http:
        asking = Asking(http, (await lives.next()).url, set())
        shown = await asking.get("/v1/config")
        await asking.get("/v1/zones")
        await asking.get("/v1/mount")
        await asking.post("/v1/mount", {"reason": "a test"}, status=400)
        await asking.post("/v1/mount", {"reason": "a test", "tilt_deg": 99}, status=422)
        await asking.post("/v1/config", {"text": "[camera]\nnam = 1", "reason": "a test"}, status=422)
        await asking.post("/v1/zones", {"reason": "a test", "rule": [{"kind": "none"}]}, status=422)
        await asking.post("/v1/config", {"text": shown["text"] + "\n", "reason": "a test"})
        await asking.post("/v1/restart", {"reason": "a test"}, status=409)


def routes() -> set[str]:
    return {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}


async def see_the_camera(asking: Asking) -> None:
    for path in ("/v1/identity", "/v1/status", "/v1/openapi.json", "/metrics", "/v1/me", "/", "/static/icon.svg"):
        await asking.get(path)
    for path in ("/live.jpg", "/v1/qr.svg?text=hello", "/v1/outputs", "/v1/inputs", "/v1/budget", "/v1/key"):
        await asking.get(path)
    await asking.get("/static/nothing.js", status=404)
    await asking.get("/v1/qr.svg", status=400)
    await asking.get("/v1/insight?from=2026-01-01&to=2027-01-01")
    await asking.get("/v1/insight?from=soon", status=400)
    await asking.get("/v1/insight/heatmap.png")


async def tell_it(asking: Asking) -> None:
    await asking.post("/v1/silence", {"reason": "a test"})
    await asking.post("/v1/silence", {"reason": "a test", "reason_": 1}, status=400)
    await asking.post("/v1/silence", {"reason": "a test", "output": "none"}, status=404)
    await asking.post("/v1/outputs/lamp/test", {"seconds": 0.1, "confirm": True})
    await asking.post("/v1/outputs/none/test", {}, status=404)
    await asking.post("/v1/arming", {"mode": "disarmed", "reason": "a test", "for_s": 60, "by": "kim"})
    await asking.post("/v1/arming", {"mode": "disarmed"}, status=400)
    await asking.post("/v1/inputs/door", {"state": "active"})
    await asking.post("/v1/inputs/none", {"state": "active"}, status=404)
    booking = {"terminal": "t1", "kind": "sale", "id": "1"}
    await asking.post("/v1/till", booking)
    assert [one["result"] for one in await asking.post("/v1/till", [booking, {**booking, "kind": "?"}])] == [
        "duplicate", "refused",
    ]  # fmt: skip
    await asking.get("/v1/inputs")
    await asking.post("/v1/health/rebase", {"reason": "moved"})
    await asking.post("/v1/health/resume", {"reason": "fit again"}, status=409)
    await asking.get("/v1/health")
    await asking.get("/v1/health/history")
    await asking.get("/v1/health/history?metric=none", status=404)
    await asking.post("/v1/service", {"words": "lens wiped", "by": "kim"})
    await asking.post("/v1/service", {"words": "lens wiped", "parts": ["nose"]}, status=400)
    await asking.get("/v1/service")
    await asking.get("/v1/doctor")
    await asking.post("/v1/doctor/record", {"by": "kim"})


async def review_it(asking: Asking) -> None:
    async with asyncio.timeout(30):
        while not (kept := (await asking.get("/v1/incidents?limit=5"))["incidents"]):  # noqa: ASYNC110  the API sends no news
            await asyncio.sleep(0.1)
    at = f"/v1/incidents/{kept[0]['id']}"
    await asking.post(f"{at}/notes", {"text": "seen", "by": "kim"})
    await asking.post(f"{at}/decision", {"decision": "dismiss"}, status=400)
    await asking.post(f"{at}/decision", {"decision": "confirm", "by": "kim"})
    for path in (at, f"{at}/explanation"):
        await asking.get(path)
    await asking.get("/v1/incidents?limit=0", status=400)
    for path in ("/v1/incidents/none", "/v1/incidents/none/explanation", "/v1/incidents/none/report.zip"):
        await asking.get(path, status=404)
    await asking.get(f"{at}/report.zip")


async def take_evidence(asking: Asking) -> None:
    now_s = (await asking.get("/v1/status"))["clock"]["utc_s"]
    await asking.post("/v1/clips", {"from": now_s - 3, "to": now_s + 1, "reason": "a test"})
    await asking.post("/v1/clips", {"from": 2, "to": 1, "reason": "a test"}, status=400)
    async with asyncio.timeout(60):
        while not (clips := (await asking.get("/v1/clips"))["clips"]):  # noqa: ASYNC110  likewise
            await asyncio.sleep(0.1)
    at = f"/v1/clips/{clips[0]['id']}"
    await asking.get(at)
    await asking.get(f"{at}/clip.mp4")
    await asking.get(f"{at}/nothing", status=404)
    await asking.post(f"{at}/hold", {"held": True, "reason": "a test"})
    await asking.post("/v1/erase", {"everything": True, "reason": "a test"})
    await asking.post("/v1/erase", {"reason": "a test"}, status=400)


async def fit_it(asking: Asking) -> None:
    await asking.get("/v1/models")
    await asking.post("/v1/checks/network", {"offline": True})
    await asking.post("/v1/checks/disk", {})
    await asking.post("/v1/checks/model", {"name": "person-s", "runs": 5})
    await asking.post("/v1/checks/model", {"name": "no-such-model"}, status=409)
    await asking.get("/v1/aim")
    await asking.get("/v1/walk-test/record.json", status=404)
    await asking.post("/v1/walk-test", {"by": "kim"})
    await asking.get("/v1/walk-test")
    await asking.post("/v1/walk-test/end", {})
    await asking.post("/v1/walk-test/end", {}, status=409)
    await asking.get("/v1/walk-test/record.html")
    for path in (
        "/v1/zones",
        "/v1/mount",
        "/v1/config",
    ):  # this camera has no configuration file, that of the next test has
        await asking.get(path, status=409)
    await asking.post("/v1/zones", {"reason": "a test"}, status=409)
    await asking.post("/v1/mount", {"reason": "a test", "height_m": 2.6}, status=409)
    await asking.post("/v1/config", {"text": "", "reason": "a test"}, status=409)
    await asking.get("/v1/logs?limit=3")
    await asking.get("/v1/logs?level=loud", status=400)


async def trust_it(asking: Asking) -> None:
    offered = await asking.ask("POST", "/v1/sessions")
    assert offered["url"].startswith("https://")
    session = (await asking.get("/v1/sessions"))["sessions"][0]["id"]
    await asking.ask("POST", f"/v1/sessions/{session}/end")
    await asking.ask("POST", "/v1/sessions/none/end", status=404)
    await asking.get(f"/enter/{offered['url'].rsplit('/', 1)[1]}", status=403)
    await asking.post("/v1/sessions/key", {"key": ""}, status=403)
    await asking.post("/v1/claim", {})
    await asking.post("/v1/pair", {"token": "x", "ca": "", "store": "s", "hub": "h"}, status=403)
    await asking.post("/v1/unpair", {"reason": "a test"}, status=409)
    await asking.post("/v1/trust/authorities", {"authorities": ["x"]}, status=403)
    await asking.post("/v1/trust/revoked", {"serials": []}, status=403)
    await asking.post("/v1/factory-reset", {"confirm": "none", "reason": "a test"}, status=409)
    await asking.post("/v1/restart", {"reason": "a test"}, status=409)
