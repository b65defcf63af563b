"""Goal 9: a durable event commit, against writing as many bytes and waiting for the disk."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from agent.domain import Event, Severity
from agent.events.journal import Journal
from agent.events.rows import Labeller
from agent.events.store import Row as Entry
from agent.events.store import Store
from tools.benchmarks.footage import ROOT, Bench
from tools.benchmarks.report import Row
from tools.benchmarks.timing import Contest, in_turn

TARGET = 1.3
PAGE, FRAME = 4096, 4096 + 24
FILE_PAGES = 1000
PAGE_ROWS = 8
FACTS = {f"factor{number}": 0.123456 * number for number in range(24)}
EVENT = Event("restricted", 12.345, Severity.CRITICAL, {"track": 4, "zone": "stock", **FACTS})


def rows(bench: Bench) -> list[Row]:
    """The store's commit against the floor; and, told only, the whole way of an event through the journal's thread."""
    with _folder() as folder:
        contest, pages = commits(bench, folder, bench.count(1500, 200))
        through_ms = median(asyncio.run(appends(bench, folder, bench.count(500, 60))))
    floor_ms = median(contest.floor_ms)
    detail = f"{contest.words('write and fdatasync')} of as much: {pages * FRAME} bytes, into a file already there"
    thread = f"{through_ms:.4g} ms from `append` on the event loop until its answer, with a log that still grows"
    return [
        Row("9", "durable event commit / fdatasync", contest.ratio, TARGET, detail),
        Row("9", "event through the journal's thread and loop / fdatasync", through_ms / floor_ms, None, thread),
    ]


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder on the disk of the checkout; the system's temporary one is often in memory."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        yield Path(name)


def commits(bench: Bench, folder: Path, count: int) -> tuple[Contest, int]:
    """Times in turn, and the pages that a commit writes.

    The write-ahead log is brought to the size at which SQLite begins it anew, as it is after a camera's first thousand
    commits; until then a sync has to note the file's growth as well.
    """
    entry = Labeller(bench.clock, "bench").row(EVENT)
    with Store(folder / "store.db", max_rows=100_000) as store:
        pages = _pages_of_a_commit(store, folder / "store.db-wal", entry)
        store.append([entry] * FILE_PAGES * PAGE_ROWS)
        with _floor(folder / "floor", pages) as write:
            return in_turn(lambda: store.append([entry]), write, count), pages


def _pages_of_a_commit(store: Store, log: Path, entry: Entry) -> int:
    """How far the write-ahead log grows with each of 20 commits, at the median."""
    grown = []
    for _ in range(20):
        before = log.stat().st_size
        store.append([entry])
        grown.append((log.stat().st_size - before) // PAGE)
    return max(1, round(median(grown)))


@contextmanager
def _floor(path: Path, pages: int) -> Iterator[Callable[[], None]]:
    """A write of as much as `pages` take in the log to the next place of a file already there, and fdatasync."""
    content = os.urandom(pages * FRAME)
    path.write_bytes(os.urandom(FILE_PAGES * FRAME))
    handle = os.open(path, os.O_WRONLY)
    os.fsync(handle)
    at = 0

    def write() -> None:
        nonlocal at
        os.pwrite(handle, content, at)
        os.fdatasync(handle)
        at = (at + len(content)) % ((FILE_PAGES - pages) * FRAME)

    try:
        yield write
    finally:
        os.close(handle)


async def appends(bench: Bench, folder: Path, count: int) -> list[float]:
    """Milliseconds of each whole `Journal.append`."""
    times = []
    async with await Journal.open(folder / "journal.db", bench.clock) as journal:
        for _ in range(count):
            start = time.perf_counter()
            await journal.append(EVENT)
            times.append((time.perf_counter() - start) * 1e3)
    return times
