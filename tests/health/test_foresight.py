"""Failures foretold as the camera runs it: over weeks of readings, restarts, services, and a clock that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.domain import Event, Severity
from agent.events.journal import Journal
from agent.health.foresight import KEEP_EVERY_S, KEY, READINGS, Foresight
from agent.health.history import DAY_S, HOUR_S
from agent.health.readings import Reading, reading
from agent.hub.identity import Identity
from agent.web.api import Facts, create_app, serving
from agent.web.foresight import ForesightApi
from hal.simulated.clock import ManualClock

FULL_PCT, LOSS_A_DAY_PCT = 40.0, 0.9


@asynccontextmanager
async def foreseeing(folder: Path, clock: ManualClock) -> AsyncIterator[tuple[Foresight, list[Event]]]:
    told: list[Event] = []
    async with await Journal.open(folder / "journal.db", clock) as journal:
        desk = await Foresight.open(journal, clock, told.append)
        yield desk, told
        await desk.close()


async def live(desk: Foresight, clock: ManualClock, days: int, loss: float = LOSS_A_DAY_PCT) -> None:
    """Days with a reading each six hours; the disk loses so much a day."""
    for quarter in range(4 * days):
        free = FULL_PCT - loss * quarter / 4 + 0.2 * ((quarter * 7) % 5 - 2)
        desk.take(reading("disk_free_pct", clock.monotonic(), free))
        desk.take(reading("load_1min", clock.monotonic(), 0.5 + quarter % 3))
        clock.sleep(6 * HOUR_S)
        await desk.turn()


def foretold(desk: Foresight) -> list[Any]:
    return [*desk.forecasts()]


def of_kind(told: list[Event], kind: str) -> list[Any]:
    return [event.data for event in told if event.kind == kind]


async def test_a_disk_that_fills_is_foretold_once_and_becomes_due(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with foreseeing(tmp_path, clock) as (desk, told):
        await live(desk, clock, 30)
        (now,) = foretold(desk)
        assert (now["metric"], now["state"]) == ("disk_free_pct", "due")
        assert now["low_days"] <= 8.9 <= now["high_days"]
        assert "within" in now["text"]
    states = [data["state"] for data in of_kind(told, "forecast")]
    assert states in (["foreseen", "due"], ["due"])
    assert [event.severity for event in told if event.kind == "forecast"][-1] == Severity.WARNING


async def test_history_and_forecasts_survive_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with foreseeing(tmp_path, clock) as (desk, _):
        await live(desk, clock, 30)
        before, forecasts = desk.history("disk_free_pct"), desk.forecasts()
    async with foreseeing(tmp_path, clock) as (desk, told):
        await desk.turn()
        after = desk.history("disk_free_pct")
        assert desk.forecasts() == forecasts
        assert told == [], "what was told is not told again"
    assert before is not None
    assert after is not None
    assert after["daily"] == before["daily"]
    assert after["hourly"] == before["hourly"]
    assert isinstance(after["daily"], list)
    assert len(after["daily"]) >= 30


async def test_a_service_ends_the_forecast_and_is_kept(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with foreseeing(tmp_path, clock) as (desk, told):
        await live(desk, clock, 30)
        done = await desk.serve("freed space", [], "Kim")
        assert done.parts == ("space",)
        assert desk.forecasts() == []
        assert of_kind(told, "forecast")[-1]["state"] == "over"
        assert of_kind(told, "service") == [
            {"words": "freed space", "parts": ["space"], "by": "Kim", "begins_anew": ["disk_free_pct"]}
        ]
        clock.sleep(DAY_S)
        await live(desk, clock, 15, loss=0.0)
        assert desk.forecasts() == []
        with pytest.raises(ValueError, match="no part"):
            await desk.serve("x", ["flux capacitor"], "")
    async with foreseeing(tmp_path, clock) as (desk, _):
        (kept,) = desk.services()
        assert isinstance(kept, dict)
        assert (kept["words"], kept["by"]) == ("freed space", "Kim")


async def test_another_scene_begins_the_trends_of_the_picture_anew(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with foreseeing(tmp_path, clock) as (desk, _):
        desk.see(Event("rebase", 1000.0, data={"reason": "moved to aisle 4", "by": "Kim"}))
        desk.see(Event("start", 1000.0))
    async with foreseeing(tmp_path, clock) as (desk, _):
        (kept,) = desk.services()
        assert isinstance(kept, dict)
        assert (kept["parts"], kept["by"]) == (["lens", "focus", "lamp"], "Kim")


async def test_flash_is_written_at_most_once_in_ten_minutes(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        desk = await Foresight.open(journal, clock, lambda _: None)
        await desk.turn()
        before = journal.stats().commits
        filed = len(await journal.filed(READINGS))
        for _ in range(50):
            desk.take(reading("soc_temp_c", clock.monotonic(), 50.0))
            clock.sleep(KEEP_EVERY_S / 60)
        assert (journal.stats().commits, len(await journal.filed(READINGS))) == (before, filed)
        clock.sleep(HOUR_S)
        await desk.turn()
        assert len(await journal.filed(READINGS)) == filed + 1
        await desk.close()


async def test_a_clock_that_is_set_late_puts_the_hours_where_they_belong(tmp_path: Path) -> None:
    clock = ManualClock(0.0, utc_s=0.0, synchronised=False)
    async with foreseeing(tmp_path, clock) as (desk, _):
        for _ in range(3 * 60):
            desk.take(reading("soc_temp_c", clock.monotonic(), 50.0))
            clock.sleep(60.0)
        true_s = 20_000 * DAY_S + 10 * HOUR_S
        clock.set_wall(true_s)
        await desk.turn()
        history = desk.history("soc_temp_c")
        assert history is not None
        assert history["daily"] == [[20_000 * DAY_S, 50.0]]
        clock.set_wall(true_s - 3 * DAY_S)
        await desk.turn()
        history = desk.history("soc_temp_c")
        assert history is not None
        assert history["daily"] == [], "days in the future were a mistake"


async def test_what_cannot_be_read_is_left_behind(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        await journal.keep(KEY, b"\xc1")
    async with foreseeing(tmp_path, clock) as (desk, _):
        assert desk.forecasts() == []
        assert desk.history("nonsense") is None
        desk.take(Reading("nonsense", clock.monotonic(), 1.0, ""))


async def test_over_the_api(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with foreseeing(tmp_path, clock) as (desk, _):
        await live(desk, clock, 3)
        app = create_app(Facts(lambda: Identity("cam-1", "test", "0"), dict, list))
        ForesightApi(desk).add_to(app)
        async with (
            serving(app, "127.0.0.1", 0) as server,
            aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http,
        ):
            async with http.get("/v1/health/history", params={"metric": "disk_free_pct"}) as response:
                found = await response.json()
                assert (found["unit"], found["threshold"], len(found["daily"])) == ("%", 5.0, 3)
            async with http.get("/v1/health/history") as response:
                assert (await response.json())["metrics"] == ["disk_free_pct", "load_1min"]
            async with http.get("/v1/health/history", params={"metric": "x"}) as response:
                assert (response.status, "disk_free_pct" in await response.text()) == (404, True)
            async with http.post("/v1/service", json={"words": "cleaned lens", "by": "Kim"}) as response:
                assert "lens_detail" in (await response.json())["begins_anew"]
            for wrong in ({"words": " "}, {"words": "x", "parts": ["x"]}, {}):
                async with http.post("/v1/service", json=wrong) as response:
                    assert response.status == 400
            async with http.get("/v1/service") as response:
                assert [one["words"] for one in (await response.json())["services"]] == ["cleaned lens"]
