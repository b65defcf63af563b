"""Cuts the power of a working journal thousands of times and opens what is left. A program: FOLDER COUNT SEED."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from agent.domain import Event, Severity
from agent.events.failover import Database
from agent.events.rows import JournalLimits, Labeller
from agent.events.store import Stored
from agent.events.wire import EventBody, decode_body
from hal.simulated.clock import ManualClock
from tests.durability.io_trace import Kind, Op, build, record
from tests.durability.journal_work import DATABASE, KEPT, SHELF
from tests.durability.power import Cut, Disk

GENERATIONS = 3
"""So many runs follow each other, each begun on what a cut of the one before left."""
EVENTS = 240


@dataclass
class Promised:
    """What the journal has promised so far; `limit` is the least number of events it was ever allowed to hold."""

    events: dict[tuple[str, int], str] = field(default_factory=dict)
    kept: int = 0
    limit: int = 1 << 30

    def hear(self, line: dict[str, object]) -> None:
        """One mark."""
        if "seq" in line:
            self.events[str(line["epoch"]), int(str(line["seq"]))] = str(line["n"])
        self.kept = int(str(line.get("kept", self.kept)))
        self.limit = min(self.limit, int(str(line.get("limit", self.limit))))

    def copy(self) -> Promised:
        return Promised(dict(self.events), self.kept, self.limit)


@dataclass
class Tally:
    """What was found."""

    traces: int = 0
    operations: int = 0
    cuts: int = 0
    unpromised_there: int = 0
    promised: int = 0
    problems: list[str] = field(default_factory=list)


def judge(folder: Path, promised: Promised, tally: Tally, *, damaged: bool = False) -> None:
    """Open what the cut left, as the next start would, and compare it with what was promised.

    With `damaged` the database had to be replaced before, and may have to be once more.
    """
    clock = ManualClock(1000.0)
    labels = Labeller(clock, "after")
    database = Database(folder / DATABASE, labels, JournalLimits(max_events=promised.limit))
    try:
        if (database.replaced and not damaged) or not database.head.durable:
            tally.problems.append("the database could not be read")
        _compare(database, labels, promised, tally)
    finally:
        database.close(())


def _compare(database: Database, labels: Labeller, promised: Promised, tally: Tally) -> None:
    page = database.do(lambda store: store.read(0, 1 << 30))
    found = {_place(entry, database.head.epoch): _name(entry) for entry in page.entries}
    last = max((seq for _, seq in found), default=0)
    wanted = {place: name for place, name in promised.events.items() if place[1] > last - promised.limit // 4}
    tally.promised += len(wanted)
    tally.unpromised_there += len(found.keys() - promised.events.keys())
    if lost := {place for place in wanted if place not in found}:
        tally.problems.append(f"promised and lost: {sorted(lost)[:3]}")
    if other := {place for place in found.keys() & promised.events.keys() if found[place] != promised.events[place]}:
        tally.problems.append(f"a number was given twice: {sorted(other)[:3]}")
    if len(set(found.values())) < len(found):
        tally.problems.append("an event is there twice")
    _compare_kept(database, promised, tally)
    place = database.do(lambda store: store.append([labels.row(Event("next", 0.0, Severity.WARNING))]))
    if (database.head.epoch, place) in promised.events:
        tally.problems.append(f"number {place} is given again")


def _compare_kept(database: Database, promised: Promised, tally: Tally) -> None:
    kept = int(database.state.get(KEPT, b"0"))
    filed = database.do(lambda store: store.filed(SHELF, 0.0, float("inf"), 1 << 30))
    if kept < promised.kept:
        tally.problems.append(f"kept {promised.kept}, found {kept}")
    if [int(record.value) for record in filed] != list(range(1, kept + 1)):
        tally.problems.append(f"{len(filed)} records filed with number {kept}")


def _place(entry: Stored, epoch: str) -> tuple[str, int]:
    row = entry.row
    return (epoch, entry.seq) if row.origin_epoch is None else (row.origin_epoch, row.origin_seq or 0)


def _name(entry: Stored) -> str:
    body = decode_body(entry.row.body)
    return str(body.data.get("n", entry.seq)) if isinstance(body, EventBody) else str(entry.seq)


def cut(
    folder: Path, disk: Disk, ops: list[Op], promised: Promised, count: int, chance: random.Random
) -> Iterator[Promised]:
    """Let the operations happen; at `count` random places the power goes, and `folder` holds what is left."""
    places = sorted(chance.randrange(len(ops) + 1) for _ in range(count))
    for number in range(len(ops) + 1):
        while places and places[0] == number:
            places.pop(0)
            shutil.rmtree(folder, ignore_errors=True)
            disk.write(folder, Cut(chance, disk.count))
            yield promised
        if number < len(ops):
            disk.apply(ops[number])
            if ops[number].kind is Kind.MARK:
                promised.hear(json.loads(ops[number].data))


def run(folder: Path, count: int, seed: int) -> Tally:
    """`count` cuts of traces that begin with `seed`; what was found."""
    tally, chance = Tally(), random.Random(seed)
    library = build(folder)
    share = max(10, count // 24)
    _salvage(folder, library, 3 * (seed // 3) + 1, share, chance, tally)
    while tally.cuts < count:
        _chain(folder, library, seed + tally.traces, min(share * GENERATIONS, count - tally.cuts), chance, tally)
    return tally


def _chain(folder: Path, library: Path, seed: int, count: int, chance: random.Random, tally: Tally) -> None:
    """Runs that follow each other, each on what a cut left of the one before."""
    work, left, chosen = folder / "work", folder / "left", folder / "chosen"
    promised = Promised()
    shutil.rmtree(chosen, ignore_errors=True)
    chosen.mkdir()
    for generation in range(GENERATIONS):
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(chosen, work)
        disk = Disk(work)
        ops = _traced(library, work, seed + generation, EVENTS, tally)
        pick = chance.randrange(count // GENERATIONS) if count >= GENERATIONS else 0
        after = promised
        times = count // GENERATIONS + (count % GENERATIONS if generation == 0 else 0)
        for number, known in enumerate(cut(left, disk, ops, promised, times, chance)):
            if number == pick:
                shutil.rmtree(chosen)
                shutil.copytree(left, chosen)
                after = known.copy()
            judge(left, known, tally)
            tally.cuts += 1
        promised = after


def _salvage(folder: Path, library: Path, seed: int, count: int, chance: random.Random, tally: Tally) -> None:
    """Cut while a database is replaced whose index is damaged, so that every event can be salvaged."""
    work, left, promised = folder / "work", folder / "left", Promised()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for op in _traced(library, work, seed, 90, tally):
        if op.kind is Kind.MARK:
            promised.hear(json.loads(op.data))
    _damage_index(work / DATABASE)
    disk = Disk(work)
    ops = _traced(library, work, seed + 3, 15, tally)
    for known in cut(left, disk, ops, promised, count, chance):
        judge(left, known, tally, damaged=True)
        tally.cuts += 1


def _damage_index(file: Path) -> None:
    with closing(sqlite3.connect(file)) as base:
        page = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'telemetry'").fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = bytes(4096)
    file.write_bytes(content)


def _traced(library: Path, work: Path, seed: int, events: int, tally: Tally) -> list[Op]:
    """What a run of the journal's work did."""
    program = [sys.executable, "-m", "tests.durability.journal_work", str(seed), str(events)]
    ops = record(library, program, work)
    tally.traces += 1
    tally.operations += len(ops)
    return ops


def main() -> None:
    """Print what was found as JSON."""
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    tally = run(folder, count, seed)
    print(
        json.dumps({**tally.__dict__, "problems": tally.problems[:20], "seconds": round(time.monotonic() - began_s, 1)})
    )


if __name__ == "__main__":
    main()
