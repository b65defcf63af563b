"""How an update ended reaches the camera's journal once."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.domain import Event, Severity
from agent.update.report import WORD, leave_word, report_updates
from agent.update.slots import Phase, Record, Slot
from hal.simulated.clock import ManualClock
from tests.waiting import eventually


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, condition)


@pytest.mark.parametrize(("phase", "severity"), [(Phase.KEPT, Severity.INFO), (Phase.BACK, Severity.WARNING)])
async def test_the_word_becomes_one_event_and_goes(tmp_path: Path, phase: Phase, severity: Severity) -> None:
    told: list[Event] = []
    leave_word(tmp_path, Record(phase, Slot.B, "1.1", "1.0", "why"))
    task = asyncio.create_task(report_updates(tmp_path, ManualClock(), told.append))
    await until(lambda: bool(told) and not (tmp_path / WORD).exists())
    task.cancel()
    (event,) = told
    assert (event.kind, event.severity) == ("update", severity)
    assert event.data == {"phase": str(phase), "target": "B", "version": "1.1", "before": "1.0", "why": "why"}


async def test_what_cannot_be_read_tells_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Event] = []
    (tmp_path / WORD).write_text("{")
    task = asyncio.create_task(report_updates(tmp_path, ManualClock(), told.append))
    await until(lambda: "tells nothing" in caplog.text)
    task.cancel()
    assert told == []
