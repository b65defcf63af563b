"""What a camera does to its journal, faster than any camera. A program (SEED COUNT FOLDER), and a part of others."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from agent.domain import Event, Severity
from agent.events.journal import Filed, Journal, JournalLimits, Position
from hal.system import SystemClock
from tests.durability.io_trace import MARKS

DATABASE = "journal.db"
SHELF, KEPT = "shelf", "kept"
SMALL = JournalLimits(max_events=300, group_s=0.002, cursor_s=0.005, expire_every_s=0.05)
LARGE = JournalLimits(max_events=100_000, group_s=0.002, cursor_s=0.005)
Say = Callable[[dict[str, object]], None]


class Work:
    """Events, kept values, filed records and a hub's acknowledgements; each promise is told once it is one."""

    def __init__(self, journal: Journal, chance: random.Random, say: Say) -> None:
        self._journal = journal
        self._chance = chance
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, count: int, prefix: str) -> None:
        """`count` events, named by `prefix` and their number; ends when all of them have their place."""
        kept = int(await self._journal.kept(KEPT) or b"0")
        for number in range(count):
            self._begin(self._append(f"{prefix}-{number}"))
            if self._chance.random() < 0.15:
                kept += 1
                await self._file(kept)
            if self._chance.random() < 0.2:
                self._journal.acknowledge("somebody", self._somewhere())
            await asyncio.sleep(self._chance.choice((0.0, 0.0, 0.001)))
        await asyncio.gather(*self._tasks)

    def _begin(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _append(self, name: str) -> None:
        alarm = self._chance.random() < 0.3
        severity = Severity.WARNING if alarm else Severity.INFO
        text = "x" * self._chance.choice((10, 200, 200, 3000, 40_000))
        place = await self._journal.append(Event("count", 0.0, severity, {"n": name, "text": text}))
        if place is not None:
            self._say({"epoch": place.epoch, "seq": place.seq, "n": name, "alarm": alarm})

    async def _file(self, number: int) -> None:
        """A record on a shelf and the number of it, all or nothing."""
        value = str(number).encode()
        await self._journal.file(SHELF, [Filed(value.decode(), float(number), value)], {KEPT: value})
        self._say({"kept": number})

    def _somewhere(self) -> Position:
        head = self._journal.head
        return Position(head.epoch, self._chance.randint(0, head.last_seq))


async def main(seed: int, count: int, folder: Path) -> None:
    """Open the journal a few times, work, and close it; promises become lines of MARKS."""
    marks = os.open(folder / MARKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    chance = random.Random(seed)
    limits = SMALL if seed % 3 == 0 else LARGE

    def say(promise: dict[str, object]) -> None:
        os.write(marks, json.dumps(promise).encode())

    turns = 1 if seed % 3 == 1 else 3  # one long turn makes SQLite begin its log anew while it is in use
    for turn in range(turns):
        async with await Journal.open(folder / DATABASE, SystemClock(), limits) as journal:
            say({"opened": journal.head.epoch, "limit": limits.max_events})
            await Work(journal, chance, say).run(count // turns, f"{seed}-{turn}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
