"""Insight filed, told and gone on with after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from agent.config import Config, parse_config
from agent.domain import Event
from agent.events.journal import Journal
from agent.insight.desk import KEY, InsightDesk
from agent.vision.pipeline import Outcome, StageMs
from hal.ports import Frame, Yuv420
from hal.simulated.clock import ManualClock
from tests.insight.test_series import CONFIG, crossing, person


def outcome(t_s: float, track: int) -> Outcome:
    """Somebody stands there and has just come in."""
    picture = Yuv420(np.zeros((2, 2), np.uint8), np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8))
    tracks = [person(track, t_s)]
    return Outcome(Frame(0, t_s, picture, picture), True, (), tracks, [crossing(track, "in")], (), StageMs())


@asynccontextmanager
async def counting(
    folder: Path, clock: ManualClock, config: Config = CONFIG
) -> AsyncIterator[tuple[InsightDesk, list[Event]]]:
    told: list[Event] = []
    async with await Journal.open(folder / "journal.db", clock) as journal:
        desk = await InsightDesk.open(config, journal, clock, told.append)
        yield desk, told
        await desk.close()


async def come(desk: InsightDesk, clock: ManualClock, tracks: range) -> None:
    for track in tracks:
        clock.sleep(1.0)
        desk.frame(outcome(clock.monotonic(), track))


async def test_a_period_is_filed_and_told(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with counting(tmp_path, clock) as (desk, told):
        await come(desk, clock, range(8))
        clock.sleep(300.0)
        await desk.close_period()
        rows = await desk.rows()
        assert {row["what"]: row["people"] for row in rows} == {"crossings": 8, "occupancy": 8}
        assert [event.data for event in told] == rows
        end_s = clock.wall().utc_s
        assert await desk.rows(to_utc_s=end_s) == []
        assert len(await desk.rows(from_utc_s=end_s)) == 2
    async with counting(tmp_path, clock) as (desk, _):
        assert await desk.rows() == rows


async def test_what_was_too_little_before_a_restart_counts_after_it(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with counting(tmp_path, clock) as (desk, told):
        await come(desk, clock, range(3))
        clock.sleep(300.0)
        await desk.close_period()
        assert told == []
    clock.sleep(3600.0)
    async with counting(tmp_path, clock) as (desk, told):
        await come(desk, clock, range(100, 103))
        await desk.close_period()
        (row,) = (event.data for event in told if event.data["what"] == "crossings")
        assert (row["in"], row["people"]) == (6, 6)
        first, last = row["from_utc_s"], row["to_utc_s"]
        assert isinstance(first, float)
        assert isinstance(last, float)
        assert 3900 <= last - first <= 3920


async def test_a_power_cut_costs_at_most_a_period(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        desk = await InsightDesk.open(CONFIG, journal, clock, lambda _: None)
        await come(desk, clock, range(4))
        clock.sleep(300.0)
        await desk.close_period()
        await come(desk, clock, range(50, 53))
    async with counting(tmp_path, clock) as (desk, told):
        await come(desk, clock, range(100, 101))
        await desk.close_period()
        (row,) = (event.data for event in told if event.data["what"] == "crossings")
        assert row["in"] == 5


async def test_switched_off_it_counts_nothing(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with counting(tmp_path, clock, parse_config("[insight]\nenabled = false")) as (desk, told):
        await come(desk, clock, range(20))
        await desk.run()
        clock.sleep(300.0)
        assert await desk.rows() == []
        assert told == []


async def test_old_aggregates_go(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with counting(tmp_path, clock) as (desk, _):
        for _ in range(2):
            await come(desk, clock, range(8))
            clock.sleep(100 * 86_400.0)
            await desk.close_period()
        assert len(await desk.rows()) == 2


async def test_a_damaged_memory_is_left_behind(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        await journal.keep(KEY, b"\xc1")
    async with counting(tmp_path, clock) as (desk, _):
        assert desk.heat_png().startswith(b"\x89PNG")
