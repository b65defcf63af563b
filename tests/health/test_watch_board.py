"""The watch over the board: readings to everybody, findings on change, a board that hangs costs nobody anything."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.domain import Event, HealthSample, HealthState
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.health.days import KEY, LEAST_MINUTES, DayBook
from agent.health.desk import HealthDesk
from agent.health.digest import Day, decode
from agent.health.readings import METRICS, Reading, reading
from agent.health.sampling import Figures, Sampling
from agent.health.watch_board import BoardWatch
from hal.ports import BoardSample
from hal.simulated.board import SimulatedBoard
from hal.simulated.clock import ManualClock


class HangingBoard(SimulatedBoard):
    """A board whose sources do not answer until they are set free."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.asked = 0

    def sample(self) -> BoardSample:
        self.asked += 1
        self.free.wait()
        return super().sample()


def watch(
    board: SimulatedBoard, clock: ManualClock, report: Callable[[HealthSample], None], patience_s: float = 10.0
) -> BoardWatch:
    return BoardWatch(board, clock, Sampling(), lambda: Figures(fps=10.0), report, patience_s=patience_s)


async def test_every_reading_reaches_every_sink_and_what_is_missing_is_named() -> None:
    board, told, seen, looks = SimulatedBoard(), list[HealthSample](), list[Reading](), list[list[Reading]]()
    looking = watch(board, ManualClock(50.0), told.append)
    assert looking.missing == []
    looking.sinks.append(seen.append)
    looking.looks.append(looks.append)
    await looking.look()
    assert [one.metric for one in seen] == [one.metric for one in looks[0]] == [*looking.latest]
    assert set(looking.missing) == METRICS.keys() - looking.latest.keys()
    assert {"drop_pct", "storage_wear_pct"} <= set(looking.missing)
    (board_told,) = told
    assert (board_told.what, str(board_told.state)) == ("board", "ok")
    assert f"of {len(METRICS)}" in board_told.detail


async def test_findings_are_told_on_change() -> None:
    board, told, clock = SimulatedBoard(), list[HealthSample](), ManualClock(50.0)
    looking = watch(board, clock, told.append)
    for now, since in ((False, False), (True, True), (True, True), (False, True)):
        board.update(under_voltage_now=now, under_voltage_since_boot=since)
        await looking.look()
        clock.sleep(60.0)
    states = [str(sample.state) for sample in told if sample.what == "PowerSupplyFailure"]
    assert states == ["fault", "warning"]


async def test_a_board_that_hangs_is_told_and_asked_once_and_the_rest_goes_on() -> None:
    board, told, seen = HangingBoard(), list[HealthSample](), list[Reading]()
    looking = watch(board, ManualClock(50.0), told.append, 0.05)
    looking.sinks.append(seen.append)
    for _ in range(3):
        await looking.look()
    assert board.asked == 1
    assert [(sample.what, str(sample.state)) for sample in told] == [("board", "unknown")]
    assert {one.metric for one in seen} == {"fps"}, "what needs no board is measured"
    board.free.set()
    async with asyncio.timeout(10):
        while len(told) < 2:
            await looking.look()
    assert str(told[-1].state) == "ok"
    assert "soc_temp_c" in looking.latest


async def day_book(journal: Journal, clock: ManualClock, report: Callable[[Item], None]) -> DayBook:
    kept = await journal.kept(KEY)
    return DayBook(journal, clock, HealthDesk(clock), report, "Europe/Amsterdam", 6, kept)


async def test_one_digest_a_day_over_restarts(tmp_path: Path) -> None:
    utc_s = 1_767_225_600.0  # midnight UTC, one o'clock in Amsterdam
    clock, told = ManualClock(0.0, utc_s=utc_s), list[Item]()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        book = await day_book(journal, clock, told.append)
        for minute in range(3 * 24 * 60):
            if minute in (600, 601, 3000):
                book = await day_book(journal, clock, told.append)
            restarts = reading("restarts_per_day", 0.0, 3.0 if 1000 < minute < 1100 else 0.0)
            book.look([reading("soc_temp_c", 0.0, 50.0 + minute % 10), reading("drop_pct", 0.0, 2.0), restarts])
            await book.turn()
            for key, day in book.unkept().items():
                await journal.keep(key, day)
            clock.sleep(60.0)
        digests = [item for item in told if isinstance(item, Event) and item.kind == "health_digest"]
        assert len(digests) == 3
        hours = [digest.t_s / 3600 for digest in digests]
        assert hours == pytest.approx([5, 29, 53], abs=0.02), "at six in Amsterdam"
        assert [digest.data["restarts"] for digest in digests] == [0, 3, 0]
        assert digests[1].data["temp_max_c"] == 59
        assert digests[1].data["temp_median_c"] == pytest.approx(54.5, abs=0.5)
        assert digests[1].data["drop_pct"] == 2.0
        assert decode(await journal.kept(KEY)).minutes > 60


async def test_the_worst_of_the_day_and_what_was_healed_stand_in_it(tmp_path: Path) -> None:
    clock, told = ManualClock(0.0, utc_s=1_767_225_600.0), list[Item]()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        book = await day_book(journal, clock, told.append)
        await book.turn()
        for _ in range(LEAST_MINUTES):
            book.look([])
        for state in (HealthState.WARNING, HealthState.FAULT, HealthState.OK):
            book.take(HealthSample("moved", state, 0.0, 0.0, 1.0))
        book.take(Event("healing", 0.0, data={"step": "reopen_camera"}))
        clock.sleep(86_400.0)
        await book.turn()
        (digest,) = told
        assert isinstance(digest, Event)
        assert (digest.data["worst"], digest.data["healed"]) == ({"moved": "fault"}, {"reopen_camera": 1})


async def test_a_clock_that_is_set_makes_no_digest_of_a_minute(tmp_path: Path) -> None:
    clock, told = ManualClock(0.0, utc_s=0.0), list[Item]()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        book = await day_book(journal, clock, told.append)
        await book.turn()
        book.look([])
        clock.set_wall(1_767_225_600.0)
        await book.turn()
        assert told == []
        assert decode(b"{broken") == Day()
