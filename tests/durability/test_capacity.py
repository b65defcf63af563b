"""What a full journal keeps and what it says is missing: alarms go last, and every number is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Event, Severity
from agent.events.journal import Journal, JournalLimits, Position, Slice
from agent.events.rows import Labeller
from agent.events.store import MEMORY, Row, Store
from hal.simulated.clock import ManualClock

LABELS = Labeller(ManualClock(1.0), "boot")
BODY = LABELS.row(Event("count", 0.0))


def row(alarm: bool) -> Row:
    return BODY._replace(alarm=alarm)


@settings(deadline=None)
@given(
    max_rows=st.integers(2, 250),
    groups=st.lists(st.lists(st.booleans(), min_size=1, max_size=40), min_size=1, max_size=30),
    behind=st.lists(st.integers(0, 300), max_size=30),
)
def test_what_a_hub_lacks_goes_last_and_alarms_last_of_all(
    max_rows: int, groups: list[list[bool]], behind: list[int]
) -> None:
    with Store(MEMORY, max_rows) as store:
        alive: dict[int, bool] = {}
        done = 0
        for number, group in enumerate(groups):
            if number < len(behind):
                done = max(done, store.last_seq - behind[number])
                store.advance([("hub", done), ("another", store.last_seq)])
            last = store.append([row(alarm) for alarm in group])
            before = alive | dict(enumerate(group, last - len(group) + 1))
            alive = {seq: kept.alarm for seq, kept in store.read(0, 1 << 30).entries}
            gone = before.keys() - alive.keys()
            assert alive.items() <= before.items()
            assert last in alive
            assert len(alive) == store.count
            assert len(alive) <= max_rows or len(alive) == 1
            assert not gone or len(alive) >= max_rows - max_rows // 100
            ranks = {seq: (seq > done, alarm, seq) for seq, alarm in before.items() if seq != last}
            assert gone == set(sorted(ranks, key=ranks.__getitem__)[: len(gone)]), "in the order of their worth"


def accounted(part: Slice) -> list[int]:
    """Every number that a slice tells of, as a record or within a gap."""
    missing = [seq for gap in part.gaps for seq in range(gap.first, gap.last + 1)]
    return sorted([*(record.seq for record in part.records), *missing])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("held", "came"), [(500, 2_000), pytest.param(100_000, 112_000, marks=pytest.mark.slow)], ids=["small", "whole"]
)
async def test_a_full_journal_is_drained_without_a_hole(tmp_path: Path, held: int, came: int) -> None:
    """Nobody has acknowledged anything for longer than the journal can hold; then a hub comes and takes it all."""
    clock = ManualClock(0.0)
    limits = JournalLimits(max_events=held, max_pending=came, expire_every_s=0.1)
    async with await Journal.open(tmp_path / "journal.db", clock, limits) as journal:
        for number in range(came):
            clock.sleep(30 * 86_400 / came)
            severity = Severity.WARNING if number % 10 == 0 else Severity.INFO
            done = journal.append_nowait(Event("count", clock.monotonic(), severity, {"n": number}))
            if number % 1000 == 999:
                await journal.append(Event("pause", clock.monotonic()))
        assert done is not None
        head = await journal.wait_for_new(Position("", 0))
        at, numbers, alarms = Position(head.epoch, 0), [], 0
        while at.seq < journal.head.last_seq:
            part = await journal.read(at, 256)
            numbers += accounted(part)
            alarms += sum(getattr(record.body, "severity", "") == "warning" for record in part.records)
            at = Position(part.epoch, part.through)
            journal.acknowledge("hub", at)
        assert numbers == list(range(1, at.seq + 1))
        assert alarms == came // 10, "an alarm was evicted while there was telemetry"
        assert journal.stats().dropped == 0
