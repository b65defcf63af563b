"""The book follows the journal, keeps decisions over restarts and closes what was left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.domain import IncidentState
from agent.errors import OperatorError
from agent.events.journal import Journal, JournalLimits, Position
from agent.events.wire import IncidentBody
from agent.review.keeper import INCIDENTS, KEY, MOST_SAID, TRIM_EVERY_S, ReviewKeeper
from agent.rule_config import LoiteringRule
from agent.tables.review import ReviewConfig
from hal.simulated.clock import ManualClock
from tests.review.records import incident

RULE = LoiteringRule(kind="loitering", name="loitering-spirits", zone="spirits")
LIMITS = JournalLimits(group_s=0.01)
CLOSED = IncidentState.CLOSED


@asynccontextmanager
async def keeping(
    folder: Path, clock: ManualClock, config: ReviewConfig | None = None
) -> AsyncIterator[tuple[Journal, ReviewKeeper]]:
    async with await Journal.open(folder / "journal.db", clock, LIMITS) as journal:
        yield journal, await ReviewKeeper.open(journal, clock, [RULE], config or ReviewConfig())


async def test_what_was_decided_outlives_the_process(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock) as (journal, keeper):
        await journal.append(incident(dwell_s=30.0))
        await journal.append(incident(state=CLOSED, dwell_s=44.0))
        await keeper.decide("i-00001", "dismiss", by="kim", reason="staff", note="")
        await keeper.annotate("i-00001", "twice this week", by="lee")
    async with keeping(tmp_path, clock) as (_, keeper):
        entry = keeper.book.get("i-00001")
        assert entry is not None
        assert (entry.state, entry.decisions[0].by, entry.notes[0].text) == ("dismissed", "kim", "twice this week")
        assert entry.factors == {"dwell_s": 44.0}


async def test_a_journal_that_the_book_has_not_followed_is_caught_up_with(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock, LIMITS) as journal:
        for number in range(1, 400):
            journal.append_nowait(incident(number, CLOSED, dwell_s=40.0))
    async with keeping(tmp_path, clock) as (_, keeper):
        assert len(keeper.book) == 399


async def test_records_that_moved_into_another_epoch_are_taken_in_once(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock) as (journal, keeper):
        await journal.append(incident(state=CLOSED, dwell_s=30.0))
        await keeper.decide("i-00001", "dismiss", by="kim", reason="staff", note="")
        await journal.renew_epoch("test")
        await journal.append(incident(2, CLOSED, dwell_s=30.0))
        await keeper.catch_up()
        first = keeper.book.get("i-00001")
        assert first is not None
        assert len(first.decisions) == 1
        assert keeper.book.get("i-00002") is not None


async def test_saying_the_same_at_the_same_time_is_one_decision(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock) as (journal, keeper):
        await journal.append(incident(state=CLOSED, dwell_s=30.0))
        saying = (keeper.decide("i-00001", "dismiss", by="kim", reason="staff", note="") for _ in range(5))
        entries = await asyncio.gather(*saying)
        assert [len(entry.decisions) for entry in entries] == [1] * 5


async def test_unknown_incidents_and_endless_notes_are_refused(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock) as (journal, keeper):
        with pytest.raises(KeyError):
            await keeper.decide("nothing", "confirm", by="", reason="", note="")
        await journal.append(incident(state=CLOSED, dwell_s=30.0))
        for number in range(MOST_SAID):
            await keeper.annotate("i-00001", str(number), by="kim")
        with pytest.raises(OperatorError):
            await keeper.annotate("i-00001", "one more", by="kim")


async def test_what_a_dead_run_left_open_is_closed_for_every_hub(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock) as (journal, _):
        await journal.append(incident(dwell_s=30.0))
    clock.sleep(60.0)
    async with keeping(tmp_path, clock) as (journal, keeper):
        entry = keeper.book.get("i-00001")
        assert entry is not None
        assert (entry.state, entry.over) == ("closed", True)
        part = await journal.read(Position("", 0))
        bodies = [record.body for record in part.records if isinstance(record.body, IncidentBody)]
        assert [body.state for body in bodies] == ["open", "closed"]
    async with keeping(tmp_path, clock) as (journal, _):
        assert len((await journal.read(Position("", 0))).records) == 2


async def test_following_takes_in_what_comes(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock) as (journal, keeper):
        came = asyncio.Event()
        keeper.changed = lambda _: came.set()
        following = asyncio.create_task(keeper.follow())
        await journal.append(incident(dwell_s=30.0))
        async with asyncio.timeout(10):
            await came.wait()
        assert keeper.book.get("i-00001") is not None
        following.cancel()


async def test_old_incidents_are_trimmed_from_book_and_disk(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with keeping(tmp_path, clock, ReviewConfig(keep_days=2)) as (journal, keeper):
        await journal.append(incident(1, CLOSED, dwell_s=30.0))
        await keeper.catch_up()
        clock.sleep(3 * 86_400.0)
        await journal.append(incident(2, CLOSED, dwell_s=30.0))
        await keeper.catch_up()
        assert [entry.id for entry in keeper.book] == ["i-00002"]
        assert [record.key for record in await journal.filed(INCIDENTS)] == ["i-00002"]


async def test_what_the_book_has_no_room_for_leaves_the_disk_whatever_the_clock(tmp_path: Path) -> None:
    clock = ManualClock(1000.0, synchronised=False)
    async with keeping(tmp_path, clock, ReviewConfig(max_incidents=100)) as (journal, keeper):
        for number in range(1, 251):
            await journal.append(incident(number, CLOSED, dwell_s=30.0))
            clock.sleep(1.0)
            await keeper.catch_up()
        assert len(await journal.filed(INCIDENTS)) == 250
        clock.sleep(TRIM_EVERY_S)
        await keeper.catch_up()
        assert [record.key for record in await journal.filed(INCIDENTS)] == [entry.id for entry in keeper.book]
        assert len(keeper.book) == 100


async def test_what_cannot_be_read_is_left_behind(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock, LIMITS) as journal:
        await journal.append(incident(1, CLOSED, dwell_s=30.0))
        await journal.keep(KEY, b"\xc1")
    async with keeping(tmp_path, clock) as (_, keeper):
        assert len(keeper.book) == 1
