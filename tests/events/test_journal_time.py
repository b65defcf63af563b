"""The journal's labels and its age limit, on a clock moved by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.domain import Event, Severity
from agent.events.journal import Journal, JournalLimits, Position
from hal.simulated.clock import ManualClock

DAY_S = 86_400.0
LIMITS = JournalLimits(max_age_s=7 * DAY_S, expire_every_s=0.02, cursor_s=0.005, group_s=0.001)


def alarm(number: int) -> Event:
    return Event("restricted", float(number), Severity.WARNING, {"n": number})


async def seqs(journal: Journal) -> list[int]:
    return [record.seq for record in (await journal.read(Position("", 0))).records]


async def test_a_label_from_before_the_clock_was_set_is_corrected_within_the_boot(tmp_path: Path) -> None:
    clock = ManualClock(100.0, utc_s=0.0, synchronised=False)
    async with await Journal.open(tmp_path / "j.db", clock, boot="boot-1") as journal:
        await journal.append(alarm(1))
        first = (await journal.read(Position("", 0))).records[0]
        assert (first.utc_s, first.synchronised, first.mono_s, first.boot) == (0.0, False, 100.0, "boot-1")
        clock.sleep(60.0)
        clock.set_wall(1_800_000_060.0)
        corrected = (await journal.read(Position("", 0))).records[0]
        assert (corrected.utc_s, corrected.synchronised) == (1_800_000_000.0, True)
    async with await Journal.open(tmp_path / "j.db", clock, boot="boot-2") as journal:
        later = (await journal.read(Position("", 0))).records[0]
        assert (later.utc_s, later.synchronised) == (0.0, False)


async def test_only_what_every_consumer_has_grows_too_old(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "j.db", clock, LIMITS) as journal:
        for n in range(4):
            await journal.append(alarm(n))
        epoch = journal.head.epoch
        journal.acknowledge("hub", Position(epoch, 3))
        journal.acknowledge("mqtt", Position(epoch, 2))
        clock.sleep(8 * DAY_S)
        await journal.append(alarm(4))
        async with asyncio.timeout(10):
            while await seqs(journal) != [3, 4, 5]:  # noqa: ASYNC110 - nobody is told of what grows too old
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("synchronised", [False, True])
async def test_a_clock_that_jumps_ten_years_deletes_nothing_that_is_not_acknowledged(
    tmp_path: Path, synchronised: bool
) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "j.db", clock, LIMITS) as journal:
        for n in range(3):
            await journal.append(alarm(n))
        clock.set_wall(clock.wall().utc_s + 3650 * DAY_S, synchronised=synchronised)
        commits = journal.stats().commits
        for n in range(3, 6):
            await journal.append(alarm(n))
            await asyncio.sleep(0.03)  # several rounds of the age limit
        assert journal.stats().commits == commits + 3
        assert await seqs(journal) == [1, 2, 3, 4, 5, 6]
