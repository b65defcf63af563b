"""Whenever the process dies and whatever the disk does, the book is what the journal says."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from agent.domain import IncidentState
from agent.events.journal import Journal, JournalLimits, Position
from agent.review.book import ReviewBook
from agent.review.keeper import ReviewKeeper
from agent.rule_config import LoiteringRule
from agent.tables.review import ReviewConfig
from hal.simulated.clock import ManualClock
from tests.faults.disks import small_disk_at
from tests.review.records import incident

RULE = LoiteringRule(kind="loitering", name="loitering-spirits", zone="spirits")
LIMITS = JournalLimits(group_s=0.005, retry_s=0.05, cursor_s=0.01)


async def opened(path: Path, clock: ManualClock) -> tuple[Journal, ReviewKeeper]:
    journal = await Journal.open(path, clock, LIMITS)
    return journal, await ReviewKeeper.open(journal, clock, [RULE], ReviewConfig())


async def from_scratch(journal: Journal) -> list[object]:
    """The book that the whole journal makes."""
    book, after = ReviewBook([RULE], 2000), Position("", 0)
    while (part := await journal.read(after)).records:
        book.apply(part.records)
        after = Position(part.epoch, part.through)
    return [msgspec.to_builtins(entry) for entry in book]


@pytest.mark.parametrize("seed", range(4))
async def test_the_book_is_what_the_journal_says_wherever_it_was_left(tmp_path: Path, seed: int) -> None:
    """Lives of random length; some end in order, most without a last word."""
    chance, clock = random.Random(seed), ManualClock(1000.0)
    decided: dict[str, str] = {}
    for life in range(6):
        journal, keeper = await opened(tmp_path / "j.db", clock)
        for step in range(chance.randint(1, 12)):
            clock.sleep(1.0)
            number = 100 * life + chance.randint(1, 4)
            state = chance.choice(list(IncidentState))
            await journal.append(incident(number, state, dwell_s=30.0 + step))
            if chance.random() < 0.5:
                decision = chance.choice(("confirm", "dismiss"))
                entry = await keeper.decide(f"i-{number:05d}", decision, by="kim", reason=str(step), note="")  # type: ignore[arg-type]  # one of two words
                decided[entry.id] = entry.state
        if chance.random() < 0.3:
            await keeper.close()
        await journal.close()
    journal, keeper = await opened(tmp_path / "j.db", clock)
    async with journal:
        assert [msgspec.to_builtins(entry) for entry in keeper.book] == await from_scratch(journal)
        states = {entry.id: entry.state for entry in keeper.book}
        assert {key: states[key] for key in decided} == decided
        assert all(entry.over for entry in keeper.book if entry.boot != journal.boot)


async def test_decisions_taken_while_the_disk_fails_are_there_after_it(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    with small_disk_at(tmp_path / "disk") as disk:
        journal, keeper = await opened(disk / "j.db", clock)
        async with journal:
            await journal.append(incident(1, IncidentState.CLOSED, dwell_s=40.0))
            await keeper.decide("i-00001", "confirm", by="kim", reason="", note="")
            (disk / "clip.mp4").write_bytes(bytes(900 * 1024))
            while journal.head.durable:
                await journal.append(incident(2, IncidentState.CLOSED, dwell_s=50.0, text="x" * 20_000))
            await keeper.decide("i-00002", "dismiss", by="kim", reason="staff", note="")
            await keeper.decide("i-00001", "dismiss", by="lee", reason="her own bag", note="")
            (disk / "clip.mp4").unlink()
            async with asyncio.timeout(20):
                while not journal.head.durable:  # noqa: ASYNC110  a disk sends no event
                    await asyncio.sleep(0.01)
            await keeper.close()
        journal, keeper = await opened(disk / "j.db", clock)
        async with journal:
            first, second = keeper.book.get("i-00001"), keeper.book.get("i-00002")
            assert first is not None
            assert second is not None
            assert [(one.decision, one.by) for one in first.decisions] == [("confirm", "kim"), ("dismiss", "lee")]
            assert second.state == "dismissed"
