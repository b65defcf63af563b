"""How an update ended: the judge leaves word in the data folder, the agent reports and removes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.domain import Event, Severity
from agent.durable import sync_folder, write_durably
from agent.update.slots import Phase, Record
from hal.ports import Clock

WORD = "update.json"
EVERY_S = 10.0

log = logging.getLogger(__name__)


def leave_word(folder: Path, record: Record) -> None:
    """Leave word of an update that has ended, for the agent to report. Raises OSError."""
    write_durably(folder / WORD, msgspec.json.encode(record), mode=0o644)


async def report_updates(folder: Path, clock: Clock, report: Callable[[Event], None]) -> None:
    """Report each word that is left. One that cannot be removed is reported once a start."""
    told: Record | None = None
    while True:
        record = await asyncio.to_thread(_read, folder / WORD)
        if record is not None and record != told:
            told = record
            severity = Severity.INFO if record.phase is Phase.KEPT else Severity.WARNING
            report(Event("update", clock.monotonic(), severity, msgspec.to_builtins(record)))
            await asyncio.to_thread(_remove, folder / WORD)
        await asyncio.sleep(EVERY_S)


def _read(path: Path) -> Record | None:
    """The word; None where there is none, or nobody can read it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s tells nothing: %s", path, error)
        return None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        log.warning("%s cannot be removed: %s", path, error)
