"""The journal's side of it: where there is no broker any more nothing is kept for one."""

from __future__ import annotations

from pathlib import Path

from agent.domain import Event
from agent.events.journal import Journal, Position
from agent.hub.mqtt.outlet import CONSUMER, let_go
from hal.system import SystemClock


async def test_a_broker_that_was_taken_away_holds_nothing_back(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "journal.db", SystemClock()) as journal:
        for n in range(3):
            await journal.append(Event("dwell", float(n)))
        journal.acknowledge(CONSUMER, Position(journal.head.epoch, 1))
        let_go(journal)
        assert journal.cursor(CONSUMER).seq == 3


async def test_where_there_never_was_one_no_consumer_is_made(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "journal.db", SystemClock()) as journal:
        await journal.append(Event("dwell", 1.0))
        let_go(journal)
        assert CONSUMER not in journal.stats().cursors
