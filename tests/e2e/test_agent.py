"""The whole camera: it sees, sounds, journals, tells the hub, and ends in order."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from agent.app import Running, run_camera
from agent.config import Config, parse_config
from agent.events.wire import EventBody, IncidentBody, Record, decode_body
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, Watchers
from hal.simulated.latched import is_on
from tests.e2e.camera import config_text, id_of
from tests.e2e.programs import aislewatch

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def camera(config: Config) -> AsyncIterator[Running]:
    """A running camera; it is stopped in order at the end."""
    stop = asyncio.Event()
    running: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_camera(config, stop, running.set_result))
    task.add_done_callback(lambda _: running.cancel())
    try:
        yield await running
    finally:
        stop.set()
        await task


async def eventually(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  a file and a list send no event
            await asyncio.sleep(0.02)


async def test_an_intruder_sounds_the_siren_and_the_hub_that_found_the_camera_has_it(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path, announce=True))
    got: list[Record] = []
    with Ledger(tmp_path / "hub.db") as ledger:
        hub = Hub(
            ledger, "test-hub", Watchers(event=lambda device, record: got.append(record)), cameras=[id_of(tmp_path)]
        )
        following = asyncio.create_task(hub.run(interfaces=["127.0.0.1"]))
        async with camera(config):
            await eventually(lambda: is_on(tmp_path / "lines", "siren"))
            await eventually(lambda: any(isinstance(r.body, IncidentBody) and r.body.state == "open" for r in got))
        following.cancel()
    assert not is_on(tmp_path / "lines", "siren")
    bodies = [record.body for record in got]
    opened = next(body for body in bodies if isinstance(body, IncidentBody))
    assert (opened.kind, opened.severity, opened.zone) == ("restricted", "critical", "everywhere")
    active = next(body for body in bodies if isinstance(body, EventBody) and body.kind == "output")
    assert active.data["incident"] == opened.id
    assert [record.seq for record in got] == list(range(1, len(got) + 1))


async def test_status_and_metrics_tell_the_truth(tmp_path: Path) -> None:
    async with camera(parse_config(config_text(tmp_path))) as running, aiohttp.ClientSession() as session:
        await eventually(lambda: is_on(tmp_path / "lines", "siren"))
        async with session.get(f"{running.url}/v1/status") as response:
            facts = await response.json()
        async with session.get(f"{running.url}/metrics") as response:
            metrics = await response.text()
    assert facts["camera"]["open"]
    assert facts["camera"]["walked"] > 0
    assert facts["outputs"][0]["state"] == "active"
    assert facts["journal"]["durable"]
    assert facts["stages_ms"]["invoke"] > 0
    assert 'aislewatch_output_on{output="siren"} 1.0' in metrics


async def test_a_rule_that_lacks_its_sense_is_named_by_status(tmp_path: Path) -> None:
    rule = '[pose]\nmodel = ""\n[[rule]]\nkind = "fall"\nname = "falls"\n'
    async with camera(parse_config(config_text(tmp_path) + rule)) as running:
        await eventually(lambda: bool(running.status.facts()["rules_unavailable"]))
        assert running.status.facts()["rules_unavailable"] == {"falls": ["pose"]}
        assert "UNAVAILABLE: falls (needs pose)" in await aislewatch("status", "--url", running.url)


async def test_the_next_start_says_how_the_last_run_ended(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path, scene="empty"))
    for _ in range(2):
        async with camera(config):
            pass
    starts, stops = events_of(tmp_path, "start"), events_of(tmp_path, "stop")
    assert [event["last_end"] for event in starts] == ["first", "stopped"]
    assert [event["end"] for event in stops] == ["stopped", "stopped"]


def events_of(folder: Path, kind: str) -> list[dict[str, object]]:
    with closing(sqlite3.connect(folder / "journal.db")) as base:
        bodies = [decode_body(row[0]) for row in base.execute("SELECT body FROM events ORDER BY seq")]
    return [dict(body.data) for body in bodies if isinstance(body, EventBody) and body.kind == kind]


async def test_a_source_that_ends_ends_the_camera_in_order(tmp_path: Path, shared_data: Path) -> None:
    clip = shared_data / "video" / "intel_store-aisle-detection.gif"
    config = parse_config(config_text(tmp_path))
    await run_camera(replace(config, camera=replace(config.camera, source=str(clip))), asyncio.Event())
    assert not is_on(tmp_path / "lines", "siren")
    assert [event["end"] for event in events_of(tmp_path, "stop")] == ["stopped"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_with_the_outputs_off(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(config_text(tmp_path))
    command = [sys.executable, "-m", "agent", "run", "--config", str(path), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            fact = json.loads(line)
            if fact["type"] == "incident":
                break
        assert is_on(tmp_path / "lines", "siren")
        process.send_signal(number)
        _, complaints = process.communicate(timeout=30)
    assert process.returncode == 0, complaints
    assert not is_on(tmp_path / "lines", "siren")
    assert "Traceback" not in complaints


async def test_a_person_silences_the_siren_and_disarms_it_by_command(tmp_path: Path) -> None:
    line = tmp_path / "lines"
    async with camera(parse_config(config_text(tmp_path))) as running:
        await eventually(lambda: is_on(line, "siren"))
        silenced = await aislewatch(
            "outputs", "silence", "--reason", "false alarm", "--by", "Kim", "--url", running.url
        )
        assert silenced == "silenced: siren\n"
        disarmed = await aislewatch(
            "outputs", "arm", "disarmed", "--reason", "stocktaking", "--by", "Kim", "--url", running.url
        )
        assert disarmed == "DISARMED (by Kim, stocktaking)\n"
        assert not is_on(line, "siren"), "whoever else comes into view"
    async with camera(parse_config(config_text(tmp_path))) as running:
        facts = json.loads(await aislewatch("outputs", "list", "--json", "--url", running.url))
        assert (facts["arming"]["mode"], facts["outputs"][0]["barred"]) == ("disarmed", "disarmed")
