"""The outputs over the API: a real server, a real journal, recorded lines."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.domain import Event, Incident, IncidentState, Severity
from agent.events.journal import Journal
from agent.hub.identity import Identity
from agent.respond.alarms import AlarmBank
from agent.respond.arming import Arming, ArmingMode, Wish, kept_wish
from agent.respond.desk import OutputsDesk
from agent.tables.wiring import OutputConfig
from agent.web.api import Facts, create_app, serving
from agent.web.outputs import OutputsApi
from hal.simulated.clock import ManualClock
from hal.simulated.outputs import RecordingOutputs

OUTPUTS = (OutputConfig("strobe", 17, role="strobe"), OutputConfig("siren", 27, role="siren"))


@dataclass
class Bench:
    """A camera's outputs behind their API."""

    http: aiohttp.ClientSession
    bank: AlarmBank
    lines: RecordingOutputs
    events: list[Event]
    clock: ManualClock

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        async with self.http.post(f"/v1/{path}", json=body) as response:
            return response.status, await (response.json() if response.status == 200 else response.text())

    def told(self) -> list[str]:
        """The kinds of the events that people caused."""
        return [event.kind for event in self.events if event.kind != "output"]


@asynccontextmanager
async def bench(folder: Path) -> AsyncGenerator[Bench]:
    clock, events = ManualClock(50.0), list[Event]()
    lines = RecordingOutputs([output.name for output in OUTPUTS], clock)
    async with await Journal.open(folder / "journal.db", clock) as journal:
        arming = Arming(utc_s=lambda: clock.wall().utc_s, wish=await kept_wish(journal))
        bank = AlarmBank(OUTPUTS, lines, clock, events.append, arming=arming)
        app = create_app(Facts(lambda: Identity("cam-1", "test", "0"), dict, list))
        OutputsApi(OutputsDesk(bank, journal, clock, events.append)).add_to(app)
        async with (
            serving(app, "127.0.0.1", 0) as served,
            aiohttp.ClientSession(f"http://127.0.0.1:{served.port}") as http,
        ):
            yield Bench(http, bank, lines, events, clock)


def intruder(*actions: str) -> Incident:
    return Incident("i-1", "restricted", "r", IncidentState.OPEN, Severity.WARNING, 0.0, 0.0, actions=actions)


async def test_silence_ends_the_siren_and_says_who_and_why(tmp_path: Path) -> None:
    async with bench(tmp_path) as camera:
        camera.bank.apply([intruder("strobe", "siren")])
        assert await camera.post("silence", {"reason": "a customer's child", "by": "Kim", "output": "siren"}) == (
            200,
            {"silenced": ["siren"]},
        )
        assert (camera.lines.read("strobe"), camera.lines.read("siren")) == (True, False)
        assert camera.events[-1].data == {"outputs": ["siren"], "reason": "a customer's child", "by": "Kim"}
        async with camera.http.get("/v1/outputs") as response:
            shown = await response.json()
        assert [output["state"] for output in shown["outputs"]] == ["active", "silenced"]
        assert shown["arming"]["mode"] == "schedule"


async def test_a_siren_is_not_tested_by_accident(tmp_path: Path) -> None:
    async with bench(tmp_path) as camera:
        status, words = await camera.post("outputs/siren/test", {"seconds": 2})
        assert (status, camera.lines.record) == (409, ())
        assert "everybody will hear it" in words
        assert (await camera.post("outputs/siren/test", {"seconds": 2, "confirm": True}))[0] == 200
        assert camera.lines.read("siren")
        camera.clock.sleep(2.5)
        camera.bank.rearm()
        assert not camera.lines.read("siren")
        assert camera.told() == ["output_test"]


async def test_disarming_survives_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    async with bench(tmp_path) as camera:
        camera.bank.apply([intruder("siren")])
        assert camera.lines.read("siren")
        body = {"mode": "disarmed", "by": "Kim", "reason": "stocktaking", "for_s": 3600}
        assert (await camera.post("arming", body))[0] == 200
        assert not camera.lines.read("siren")
        (event,) = [event for event in camera.events if event.kind == "arming"]
        assert (event.severity, event.data["reason"]) == (Severity.WARNING, "stocktaking")
    async with bench(tmp_path) as camera:
        camera.bank.apply([intruder("siren")])
        assert not camera.lines.read("siren"), "said before the restart"
        camera.clock.sleep(3700)
        camera.bank.rearm()
        assert camera.lines.read("siren")
        assert camera.bank.arming.wish == Wish()
        assert (await camera.post("arming", {"mode": "armed"}))[1]["mode"] == ArmingMode.ARMED


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("silence", {}, 400, "reason"),
        ("silence", {"reason": ""}, 400, "$.reason"),
        ("silence", {"reason": " \n"}, 400, "$.reason"),
        ("silence", {"reason": "x", "output": "horn"}, 404, "no output is called 'horn'"),
        ("silence", {"reason": "x", "outputs": "siren"}, 400, "outputs"),
        ("outputs/horn/test", {}, 404, "no output is called 'horn'"),
        ("outputs/siren/test", {"seconds": 11, "confirm": True}, 400, "$.seconds"),
        ("arming", {"mode": "off"}, 400, "$.mode"),
        ("arming", {"mode": "disarmed"}, 400, "reason"),
        ("arming", {"mode": "disarmed", "reason": " "}, 400, "reason"),
        ("arming", [], 400, "object"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(
    tmp_path: Path, path: str, body: object, status: int, says: str
) -> None:
    async with bench(tmp_path) as camera:
        answered, words = await camera.post(path, body)
        assert (answered, camera.lines.record, camera.told()) == (status, (), [])
        assert says in words


async def test_what_cannot_be_read_back_counts_as_nothing_said(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "journal.db", ManualClock()) as journal:
        await journal.keep("arming", b'{"mode": "sometimes"}')
        assert await kept_wish(journal) == Wish()
