"""People review a whole camera's incidents, over its API and from the command line; it outlives the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from agent.config import parse_config
from agent.events.journal import Journal
from agent.review.tuning import KEY as BUDGET_KEY
from agent.review.tuning import Memory, Standing
from hal.system import SystemClock
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, events_of
from tools.loopback import free_port

pytestmark = pytest.mark.timeout(180)


async def get(url: str, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.get(url + path) as answer:
        body = await answer.text()
        return answer.status, json.loads(body) if answer.status == 200 else body


async def post(url: str, path: str, said: object) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.post(url + path, json=said) as answer:
        body = await answer.text()
        return answer.status, json.loads(body) if answer.status == 200 else body


async def first_incident(url: str) -> dict[str, Any]:
    """The oldest incident, as soon as there is one."""
    async with asyncio.timeout(60):
        while True:
            _, found = await get(url, "/v1/incidents?limit=200")
            if found["incidents"]:
                first: dict[str, Any] = found["incidents"][-1]
                return first
            await asyncio.sleep(0.05)


async def aislewatch(url: str, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "agent", *words, "--url", url]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaints = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), complaints.decode()


async def test_an_incident_is_decided_annotated_and_explained_over_the_api(tmp_path: Path) -> None:
    async with camera(parse_config(config_text(tmp_path))) as running:
        incident = await first_incident(running.url)
        path = f"/v1/incidents/{incident['id']}"
        assert (incident["kind"], incident["zone"], incident["decision"]) == ("restricted", "everywhere", None)
        assert (await post(running.url, f"{path}/decision", {"decision": "dismiss", "by": "kim"}))[0] == 400
        assert (await post(running.url, f"{path}/decision", {"decision": "maybe"}))[0] == 400
        assert (await post(running.url, "/v1/incidents/none/decision", {"decision": "confirm"}))[0] == 404
        staff = {"decision": "dismiss", "reason": "staff", "note": "the cleaner", "by": "kim"}
        for _ in range(2):
            status, decided = await post(running.url, f"{path}/decision", staff)
            assert (status, decided["state"], len(decided["decisions"])) == (200, "dismissed", 1)
        _, decided = await post(running.url, f"{path}/decision", {"decision": "confirm", "by": "lee"})
        assert [d["decision"] for d in decided["decisions"]] == ["dismiss", "confirm"]
        assert decided["decision"]["by"] == "lee"
        _, annotated = await post(running.url, f"{path}/notes", {"text": "Tür stand offen", "by": "lee"})
        assert annotated["notes"][0]["text"] == "Tür stand offen"
        _, listed = await get(running.url, "/v1/incidents?state=confirmed")
        assert [one["id"] for one in listed["incidents"]] == [incident["id"]]
        _, explained = await get(running.url, f"{path}/explanation")
        assert "an active staff input" in explained["sentences"]["would_not_have_opened"]
        assert (await get(running.url, "/v1/incidents?before=unknown"))[0] == 400
        assert (await get(running.url, "/v1/incidents?limit=0"))[0] == 400
        async with aiohttp.ClientSession() as http, http.get(f"{running.url}/metrics") as answer:
            assert "aislewatch_incidents_undecided" in await answer.text()
        status, budget = await get(running.url, "/v1/budget")
        assert (status, budget["enabled"], budget["rules"]) == (200, True, [])
    decisions = events_of(tmp_path, "decision")
    assert [event["decision"] for event in decisions] == ["dismiss", "confirm"]
    assert {event["incident"] for event in decisions} == {incident["id"]}
    audited = [json.loads(line.rpartition(b" ")[0]) for line in (tmp_path / "audit.log").read_bytes().splitlines()]
    assert [entry["kind"] for entry in audited].count("decision") == 2


async def test_the_commands_review_an_incident(tmp_path: Path) -> None:
    async with camera(parse_config(config_text(tmp_path))) as running:
        incident = (await first_incident(running.url))["id"]
        code, out, _ = await aislewatch(running.url, "dismiss", incident, "--reason", "staff", "--by", "kim", "--json")
        assert (code, json.loads(out)["state"]) == (0, "dismissed")
        code, out, _ = await aislewatch(running.url, "note", incident, "seen twice", "--by", "kim")
        assert code == 0
        assert "seen twice" in out
        code, out, _ = await aislewatch(running.url, "incidents", "list", "--state", "dismissed")
        assert (code, len(out.splitlines())) == (0, 1)
        assert incident in out
        code, out, _ = await aislewatch(running.url, "incidents", "show", incident)
        assert "dismiss by kim: staff" in out
        code, out, _ = await aislewatch(running.url, "explain", incident)
        assert code == 0
        assert "it would not have opened with:" in out
        code, out, _ = await aislewatch(running.url, "confirm", incident, "--json")
        assert [one["decision"] for one in json.loads(out)["decisions"]] == ["dismiss", "confirm"]
        code, out, complaint = await aislewatch(running.url, "confirm", "nothing")
        assert (code, out) == (3, "")
        assert "no incident 'nothing' is kept here" in complaint
        code, _, complaint = await aislewatch(running.url, "dismiss", incident)
        assert code == 2
        code, out, _ = await aislewatch(running.url, "status")
        assert "incidents wait for a decision" in out
        code, out, _ = await aislewatch(running.url, "budget")
        assert (code, out) == (0, "0 false alarms a day are expected, 1 are bearable\n")


async def test_decisions_survive_kill_9_and_what_was_left_open_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(config_text(tmp_path, port=free_port()))
    url = f"http://127.0.0.1:{parse_config(path.read_text()).api.port}"
    command = [sys.executable, "-m", "agent", "run", "--config", str(path), "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async for line in process.stdout:
        if json.loads(line)["type"] == "incident":
            break
    incident = (await first_incident(url))["id"]
    said = {"decision": "dismiss", "reason": "staff", "by": "kim"}
    assert (await post(url, f"/v1/incidents/{incident}/decision", said))[0] == 200
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    async with camera(parse_config(config_text(tmp_path))) as running:
        status, kept = await get(running.url, f"/v1/incidents/{incident}")
        assert status == 200
        assert (kept["state"], kept["over"], kept["decision"]["reason"]) == ("dismissed", True, "staff")


LOITERING = """
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
[[rule]]
kind = "loitering"
zone = "spirits"
after_s = 2
stages = [2, 60]
max_gyration_h = 20
"""


async def test_a_bar_that_the_budget_has_put_up_holds_on_the_camera_and_is_told(tmp_path: Path) -> None:
    clock = SystemClock()
    memory = Memory(standings={"loitering-spirits": Standing(3.0, clock.wall().utc_s)})
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        await journal.keep(BUDGET_KEY, msgspec.msgpack.encode(memory))
    text = config_text(tmp_path)
    config = parse_config(text[: text.index("[[zone]]")] + LOITERING)
    async with camera(config) as running:
        _, budget = await get(running.url, "/v1/budget")
        assert [(rule["setting"], rule["configured"], rule["now"]) for rule in budget["rules"]] == [("after_s", 2, 6)]
        incident = await first_incident(running.url)
        assert incident["rule"] == "loitering-spirits"
        _, explained = await get(running.url, f"/v1/incidents/{incident['id']}/explanation")
        assert explained["bar"] is None, "the book learns of bars by their changes, and there was none"
        (dwell, _) = explained["measures"]
        assert dwell["opening"] >= 6
