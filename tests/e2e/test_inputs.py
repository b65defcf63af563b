"""A whole camera that others tell something: a panic button sounds, a refund is judged, and all of it is journaled."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.config import parse_config
from agent.domain import Incident, Json
from agent.events.wire import IncidentBody, Item, decode_body
from hal.simulated.latched import is_on
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, events_of, eventually

pytestmark = pytest.mark.timeout(120)

EXTRA = """
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0.1, 0.3], [0.4, 0.3], [0.4, 0.9], [0.1, 0.9]]
[[input]]
name = "button"
kind = "panic"
[[till]]
terminal = "1"
zone = "till"
[[rule]]
kind = "panic"
actions = ["siren"]
hold_s = 1
[[rule]]
kind = "pos_exception"
zone = "till"
before_s = 1
after_s = 1
"""


def incidents_of(folder: Path, kind: str) -> list[IncidentBody]:
    with closing(sqlite3.connect(folder / "journal.db")) as base:
        bodies = [decode_body(row[0]) for row in base.execute("SELECT body FROM events ORDER BY seq")]
    return [body for body in bodies if isinstance(body, IncidentBody) and body.kind == kind]


async def test_a_panic_button_over_the_api_sounds_at_once_and_ends_with_its_hold(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path, scene="empty") + EXTRA)
    async with camera(config) as running, aiohttp.ClientSession() as http:
        async with http.post(f"{running.url}/v1/inputs/button", json={"state": "pulse"}) as answer:
            assert answer.status == 200
            assert is_on(tmp_path / "lines", "siren"), "the output is driven before the answer"
        await eventually(lambda: not is_on(tmp_path / "lines", "siren"))
    states = [(body.state, body.severity) for body in incidents_of(tmp_path, "panic")]
    assert states == [("open", "critical"), ("closed", "critical")]


async def test_a_panic_button_works_without_any_camera(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path) + EXTRA)
    config = replace(config, camera=replace(config.camera, source="rtsp://127.0.0.1:9/none"))
    async with camera(config) as running, aiohttp.ClientSession() as http:
        async with http.post(f"{running.url}/v1/inputs/button", json={"state": "active"}) as answer:
            assert answer.status == 200
        assert is_on(tmp_path / "lines", "siren")
        assert not running.status.counters.captured
    assert not is_on(tmp_path / "lines", "siren")
    assert [body.state for body in incidents_of(tmp_path, "panic")] == ["open", "closed"]


async def test_a_refund_at_an_empty_till_is_found_and_one_from_before_the_start_is_unknown(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path, scene="empty") + EXTRA)
    found: dict[str, Json] = {}

    def note(item: Item) -> None:
        if isinstance(item, Incident) and item.kind == "pos_exception":
            found[str(item.factors["booking"])] = item.factors["customer"]

    def judged(number: str) -> bool:
        return found.get(number, "pending") != "pending"

    async with camera(config) as running, aiohttp.ClientSession() as http:
        running.desk.watch(note)

        async def book(**fields: object) -> str:
            booking = {"terminal": "1", "kind": "refund", **fields}
            async with http.post(f"{running.url}/v1/till", json=booking) as answer:
                return str((await answer.json())["result"])

        assert [await book(id="1", age_s=3600), await book(id="1", age_s=3600)] == ["accepted", "duplicate"]
        await eventually(lambda: running.status.counters.inferred > 1)
        number = 1
        while found.get(str(number)) != "absent":  # a machine that hangs for seconds does not watch
            number += 1
            assert await book(id=str(number)) == "accepted"
            await eventually(partial(judged, str(number)))
    assert found["1"] == "unknown"
    assert [event["booking"] for event in events_of(tmp_path, "till")] == [str(n + 1) for n in range(number)]


async def test_a_thermal_array_counts_the_people_of_the_scene(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path) + '[thermal]\nsource = "simulated"\nfps = 8\n')
    async with camera(config) as running, aiohttp.ClientSession() as http:
        async with asyncio.timeout(40):
            while not (found := await thermal_of(http, running.url)).get("bodies"):  # noqa: ASYNC110  asked over HTTP
                await asyncio.sleep(0.1)
        assert not found["trouble"]
        assert found["contrast_k"] > 1.5


async def thermal_of(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with http.get(f"{url}/v1/inputs") as answer:
        return dict((await answer.json())["thermal"] or {})
