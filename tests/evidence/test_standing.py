"""A report knows what was wrong with the camera at the time, however long before it had been told."""

from __future__ import annotations

from pathlib import Path

from agent.domain import Event, HealthSample, HealthState
from agent.events.journal import Journal
from agent.events.wire import EventBody, HealthBody
from agent.evidence.report import Subject, around
from hal.simulated.clock import ManualClock


def sample(what: str, state: HealthState) -> HealthSample:
    return HealthSample(what, state, 0.0, 0.0, 1.0)


async def test_findings_that_still_stood_come_first(tmp_path: Path) -> None:
    clock = ManualClock(0.0)
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        await journal.append(sample("FanFailure", HealthState.FAULT))
        await journal.append(Event("start", 0.0))
        await journal.append(sample("PowerSupplyFailure", HealthState.WARNING))
        await journal.append(sample("dirt", HealthState.WARNING))
        await journal.append(sample("dirt", HealthState.OK))
        await journal.append(sample("board", HealthState.OK))
        clock.sleep(3600.0)
        opened = {"utc_s": clock.wall().utc_s}
        await journal.append(sample("moved", HealthState.FAULT))
        await journal.append(Event("dwell", 3600.0))
        await journal.append(Event("clip", 3600.0, data={"incidents": ["i-1"]}))
        found = await around(journal, Subject({"id": "i-1", "opened": opened, "changed": opened}, {}, {}))
    told = [record.body.what if isinstance(record.body, HealthBody) else record.body for record in found]
    assert told[:2] == ["PowerSupplyFailure", "moved"]
    assert [body.kind for body in told[2:] if isinstance(body, EventBody)] == ["clip"]
