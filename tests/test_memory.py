"""What the rules remember outlives the process: two visits before it, a third after it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from agent.config import parse_config
from agent.domain import Track
from agent.events.journal import Journal
from agent.memory import EVERY_S, KEY, Kept, RuleMemory
from agent.rules.engine import RuleEngine
from hal.simulated.clock import ManualClock
from tests.rules.walks import walk

CONFIG = parse_config(
    """
    [[zone]]
    name = "spirits"
    polygon = [[0.4, 0], [0.7, 0], [0.7, 1], [0.4, 1]]
    [[rule]]
    kind = "revisit"
    zone = "spirits"
    """
)
SHOP = parse_config(
    """
    [[zone]]
    name = "spirits"
    kind = "high_value"
    polygon = [[0.1, 0], [0.3, 0], [0.3, 1], [0.1, 1]]
    [[zone]]
    name = "till"
    kind = "checkout"
    polygon = [[0.5, 0], [0.7, 0], [0.7, 1], [0.5, 1]]
    [[line]]
    name = "door"
    points = [[0.95, 0], [0.95, 1]]
    [[rule]]
    kind = "checkout_bypass"
    name = "bypass"
    line = "door"
    """
)
VISIT = [(0.0, 0.9, 0.5), (2.0, 0.5, 0.5), (10.0, 0.5, 0.5), (12.0, 0.9, 0.5), (42.0, 0.9, 0.5)]


def visits(rules: RuleEngine, clock: ManualClock, times: int) -> list[str]:
    """One person pays so many visits; the kinds of what was hit last."""
    hits: list[str] = []
    for _ in range(times):
        start_s = clock.monotonic()
        for track in walk([(start_s + t_s, x, y) for t_s, x, y in VISIT], fps=5):
            clock.sleep(max(track.t_s - clock.monotonic(), 0.0))
            hits += [hit.subject.rule for hit in rules.update(track.t_s, [track]).hits]
        clock.sleep(0.2)
    return hits


def follow(rules: RuleEngine, clock: ManualClock, memory: RuleMemory, track: Track) -> None:
    """One frame with one person in it."""
    clock.sleep(max(track.t_s - clock.monotonic(), 0.0))
    rules.update(track.t_s, [track])
    memory.frame(track.t_s)


async def until(journal: Journal, rule: str, rows: int) -> None:
    """Wait for another task to have written so many rows of a rule."""
    async with asyncio.timeout(10):
        while (kept := await journal.kept(KEY)) is None or rows != _rows(kept, rule):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _rows(kept: bytes, rule: str) -> int:
    return len(msgspec.json.decode(kept, type=Kept).state["rules"][rule])


async def test_visits_before_a_restart_count_after_it(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        memory = await RuleMemory.load(journal, clock)
        rules = RuleEngine(CONFIG, 16 / 9)
        memory.attach(rules)
        assert not visits(rules, clock, 2)
        memory.frame(clock.monotonic())
        await until(journal, "revisit-spirits", 2)

    clock.sleep(5.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        memory = await RuleMemory.load(journal, clock)
        rules = RuleEngine(CONFIG, 16 / 9)
        memory.attach(rules)
        assert "revisit-spirits" in visits(rules, clock, 1)


async def test_a_visit_is_kept_within_a_second_of_being_counted(tmp_path: Path) -> None:
    """A power cut may come at any time: what was counted must not wait for the next minute."""
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        memory = await RuleMemory.load(journal, clock)
        rules = RuleEngine(CONFIG, 16 / 9)
        memory.attach(rules)
        for track in walk([(1000.0 + t_s, x, y) for t_s, x, y in VISIT[:3]], fps=5):
            follow(rules, clock, memory, track)
        assert clock.monotonic() < 1000.0 + EVERY_S / 2
        await until(journal, "revisit-spirits", 1)


async def test_who_has_paid_is_kept_within_a_second(tmp_path: Path) -> None:
    """Somebody who is kept as not having paid would be told of as leaving so after a power cut."""
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        memory = await RuleMemory.load(journal, clock)
        rules = RuleEngine(SHOP, 16 / 9)
        memory.attach(rules)
        for track in walk([(1000.0, 0.2, 0.5), (1015.0, 0.2, 0.5)], fps=5):
            follow(rules, clock, memory, track)
        await until(journal, "bypass", 1)
        for track in walk([(1015.2, 0.2, 0.5), (1017.0, 0.6, 0.5), (1030.0, 0.6, 0.5)], fps=5):
            follow(rules, clock, memory, track)
        assert clock.monotonic() < 1000.0 + EVERY_S
        await until(journal, "bypass", 0)


async def test_nothing_is_written_while_nothing_new_is_counted(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        memory = await RuleMemory.load(journal, clock)
        rules = RuleEngine(CONFIG, 16 / 9)
        memory.attach(rules)
        assert not visits(rules, clock, 1)
        memory.frame(clock.monotonic())
        await until(journal, "revisit-spirits", 1)
        first = await journal.kept(KEY)
        for _ in range(5):
            clock.sleep(1.5)
            memory.frame(clock.monotonic())
        await asyncio.sleep(0.05)
        assert await journal.kept(KEY) == first


async def test_no_snapshot_is_written_before_it_is_due(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        memory = await RuleMemory.load(journal, clock)
        memory.attach(RuleEngine(CONFIG, 16 / 9))
        clock.sleep(EVERY_S - 1)
        memory.frame(clock.monotonic())
        await asyncio.sleep(0.05)
        assert await journal.kept(KEY) is None


async def test_a_damaged_memory_is_left_behind(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        for damaged in (b"\xff", b'{"utc_s": 1, "state": {"last_track": "x"}}', b"[]"):
            await journal.keep(KEY, damaged)
            memory = await RuleMemory.load(journal, clock)
            memory.attach(RuleEngine(CONFIG, 16 / 9))
