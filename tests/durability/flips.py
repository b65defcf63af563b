"""Damages the journal's files in a thousand ways and starts the journal on them. A program: FOLDER COUNT SEED."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from agent.domain import Event, Severity
from agent.events.journal import Filed, Journal, JournalLimits, Position
from agent.events.mark import SUFFIX
from agent.events.wire import EventBody
from hal.system import SystemClock

DATABASE, LOG = "journal.db", "journal.db-wal"
LIMITS = JournalLimits(group_s=0.001, cursor_s=0.001)
EVENTS = 300
TEMPLATES = 4
ALIVE_S = 10.0
PAGE = 4096


class Content(NamedTuple):
    """All that a journal holds for others: events by their first place, kept values, filed records, cursors."""

    events: Mapping[tuple[str, int], EventBody]
    kept: tuple[bytes | None, bytes | None]
    filed: list[Filed]
    cursor: int


@dataclass
class Tally:
    """What was found; `kept` is the share of the events that could be read of a file that had to be replaced.

    `ends_missed` counts those of which only the mark beside the journal could tell.
    """

    damages: int = 0
    harmless: int = 0
    replaced: int = 0
    ends_missed: int = 0
    kept: list[float] = field(default_factory=list)
    alive_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        kept = {"median": round(median(self.kept or [1.0]), 3), "min": round(min(self.kept, default=1.0), 3)}
        alive_s = {"median": round(median(self.alive_s or [0.0]), 3), "max": round(max(self.alive_s, default=0.0), 3)}
        return {**self.__dict__, "kept": kept, "alive_s": alive_s, "problems": self.problems[:20]}


async def make(folder: Path, seed: int, *, with_log: bool) -> Content:
    """A journal with something of everything; with its log it is as a kill leaves it."""
    chance = random.Random(seed)
    async with await Journal.open(folder / "made.db", SystemClock(), LIMITS) as journal:
        for number in range(EVENTS):
            severity = Severity.WARNING if chance.random() < 0.3 else Severity.INFO
            text = "x" * chance.choice((10, 200, 2000))
            await journal.append(Event("count", 0.0, severity, {"n": number, "text": text}))
            if number % 20 == 0:
                await journal.file("shelf", [Filed(str(number), float(number), bytes(300))], {"kept": bytes(200)})
        journal.acknowledge("hub", Position(journal.head.epoch, EVENTS // 2))
        await journal.keep("other", b"1")  # the cursor goes to the disk before it
        content = await _content(journal)
        if with_log:
            _copy(folder)
    if not with_log:
        _copy(folder)
    return content


def _copy(folder: Path) -> None:
    for suffix in ("", "-wal", SUFFIX):
        made = folder / f"made.db{suffix}"
        if made.exists():
            shutil.copyfile(made, folder / f"{DATABASE}{suffix}")


async def _content(journal: Journal) -> Content:
    part = await journal.read(Position("", 0), limit=100_000)
    events = {}
    for record in part.records:
        if isinstance(record.body, EventBody) and record.body.kind == "count":
            place = (part.epoch, record.seq) if record.origin is None else (record.origin.epoch, record.origin.seq)
            events[place] = record.body
    kept = await journal.kept("kept"), await journal.kept("other")
    return Content(events, kept, await journal.filed("shelf"), journal.cursor("hub").seq)


def damage(file: Path, chance: random.Random) -> None:
    """Bits flipped, a page of noise or of nothing, or the end cut off."""
    content = bytearray(file.read_bytes())
    chance.choice((_flip, _flip, _noise, _blank, _cut))(content, chance)
    file.write_bytes(content)


def _flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 20))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _noise(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content)) // PAGE * PAGE
    content[at : at + PAGE] = chance.randbytes(len(content[at : at + PAGE]))


def _blank(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content)) // PAGE * PAGE
    content[at : at + PAGE] = bytes(len(content[at : at + PAGE]))


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


async def judge(folder: Path, before: Content, tally: Tally) -> None:
    """Start on the damaged file: an alarm is soon durable, and what is missing has been reported."""
    began_s = time.monotonic()
    async with await Journal.open(folder / DATABASE, SystemClock(), LIMITS) as journal:
        place = await journal.append(Event("alarm", 0.0, Severity.CRITICAL))
        tally.alive_s.append(time.monotonic() - began_s)
        if place is None or not journal.head.durable or tally.alive_s[-1] > ALIVE_S:
            tally.problems.append("no durable alarm in time")
        after, replaced = await _content(journal), journal.stats().replaced
        told = [record.body for record in (await journal.read(Position("", 0), limit=100_000)).records]
    tally.damages += 1
    tally.replaced += replaced
    if any(before.events.get(known) != body for known, body in after.events.items()):
        tally.problems.append("an event that was never written")
    if replaced:
        _judge_replaced(before, after, journal.head.epoch, told, tally)
    elif after == before:
        tally.harmless += 1
    else:
        tally.problems.append(f"{len(before.events) - len(after.events)} events lost without a word")


def _judge_replaced(before: Content, after: Content, epoch: str, told: Sequence[object], tally: Tally) -> None:
    tally.kept.append(len(after.events) / len(before.events))
    reports = [body for body in told if isinstance(body, EventBody) and body.kind == "journal_replaced"]
    if len(reports) != 1:
        tally.problems.append("the salvage was not reported, or twice")
    tally.ends_missed += any("ends too soon" in str(report.data["reason"]) for report in reports)
    if epoch in {known for known, _ in before.events}:
        tally.problems.append("the epoch stayed")
    if after.cursor:
        tally.problems.append("a cursor of another epoch stayed")


async def run(folder: Path, count: int, seed: int) -> Tally:
    """So many damages; what was found."""
    tally, chance = Tally(), random.Random(seed)
    templates = []
    for number in range(TEMPLATES):
        made = folder / f"made-{number}"
        made.mkdir(parents=True)
        templates.append((made, await make(made, seed + number, with_log=number % 2 == 1)))
    for number in range(count):
        made, before = chance.choice(templates)
        trial = folder / f"trial-{number}"
        trial.mkdir()
        for file in made.glob(f"{DATABASE}*"):
            shutil.copyfile(file, trial / file.name)
        damage(_target(trial, chance), chance)
        await judge(trial, before, tally)
        shutil.rmtree(trial)
    return tally


def _target(trial: Path, chance: random.Random) -> Path:
    """The database or its log, and now and then the mark beside them."""
    journal = sorted(file for file in trial.iterdir() if not file.name.endswith(SUFFIX))
    return chance.choice(journal) if chance.random() < 0.9 else trial / f"{DATABASE}{SUFFIX}"


def main() -> None:
    """Print what was found as JSON."""
    began_s = time.monotonic()
    tally = asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps({**tally.facts(), "seconds": round(time.monotonic() - began_s, 1)}))


if __name__ == "__main__":
    main()
