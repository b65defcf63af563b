"""The hub link: a weekend's events drained while new ones come, and an event's way beside a clip on its way."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from agent.beside import beside
from agent.domain import Event, Severity
from agent.events.journal import Journal
from agent.events.orders import VERSIONS
from agent.events.wire import Capabilities, Record
from agent.hub.attachments import Attachments
from agent.hub.commands import CommandDesk
from agent.hub.identity import Identity
from agent.hub.ledger import Ledger
from agent.hub.link import LinkServer
from agent.hub.receiver import Hub, Watchers
from agent.hub.results import ResultBook
from agent.hub.services import LinkServices
from agent.web.api import Facts, create_app, serving
from tools.benchmarks.footage import ROOT, Bench
from tools.benchmarks.report import Row

TARGET_S = 60.0
EVERY_S = 0.05
"""New events come 20 times a second."""
CLIP_BYTES = 30_000_000
IDENTITY = Identity("bench0001", "bench", "0")
FACTS = {f"factor{number}": 0.123456 * number for number in range(12)}


def rows(bench: Bench) -> list[Row]:
    """Seconds until the hub has synced and acknowledged everything; and milliseconds of single events."""
    count = bench.count(10_000, 2_000)
    with TemporaryDirectory(dir=_cache()) as folder:
        drained_s = asyncio.run(_drain(bench, Path(folder), count))
    with TemporaryDirectory(dir=_cache()) as folder:
        alone_ms, beside_ms = asyncio.run(_beside(bench, Path(folder), bench.count(200, 40)))
    detail = f"{count} events, 20 new ones a second, one process for camera and hub, both synced to the disk"
    both = f"{beside_ms:.3g} ms from `append` to the hub's word while {CLIP_BYTES // 10**6} MB go over again and again"
    return [
        Row("drain", "10,000 events drained while new ones come, s", drained_s * 10_000 / count, TARGET_S, detail),
        Row("drain", "event beside a clip / alone", beside_ms / alone_ms, None, f"{both}; {alone_ms:.3g} ms alone"),
    ]


def _cache() -> Path:
    """A folder on the disk of the checkout; the system's temporary one is often in memory."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    return cache


class _Arrivals:
    """When each numbered event was on the hub's disk."""

    def __init__(self) -> None:
        self.at_s: dict[int, float] = {}
        self._news = asyncio.Event()

    def event(self, device: str, record: Record) -> None:
        self.at_s[record.seq] = time.perf_counter()
        self._news.set()

    async def until(self, seq: int) -> float:
        while seq not in self.at_s:
            self._news.clear()
            await self._news.wait()
        return self.at_s[seq]


@asynccontextmanager
async def _linked(journal: Journal, folder: Path, attachments: Attachments) -> AsyncIterator[tuple[Hub, _Arrivals]]:
    desk = CommandDesk({}, ResultBook(journal), time.monotonic, lambda event: None)
    services = LinkServices(desk, attachments, lambda: Capabilities(commands=dict(VERSIONS)))
    link, arrivals = LinkServer(journal, IDENTITY, None, services), _Arrivals()
    async with serving(create_app(Facts(lambda: IDENTITY, dict, list), link), "127.0.0.1", 0) as running:
        with Ledger(folder / "hub.db") as ledger:
            hub = Hub(ledger, None, Watchers(event=arrivals.event), attachments=folder / "kept")
            async with beside(hub.run([f"http://127.0.0.1:{running.port}/v1/link"], browse=False)):
                yield hub, arrivals
        await link.close()


async def _drain(bench: Bench, folder: Path, count: int) -> float:
    async with await Journal.open(folder / "camera.db", bench.clock) as journal:
        for n in range(count):
            done = journal.append_nowait(Event("dwell", float(n), data=FACTS))
            if n % 1000 == 999:
                await asyncio.wrap_future(done)
        await asyncio.wrap_future(done)
        start_s = time.perf_counter()
        async with _linked(journal, folder, Attachments()) as (_, arrivals):
            coming = asyncio.create_task(_keep_coming(journal))
            end_s = await arrivals.until(count)
            coming.cancel()
    return end_s - start_s


async def _keep_coming(journal: Journal) -> None:
    while True:
        await journal.append(_alarm())
        await asyncio.sleep(EVERY_S)


async def _beside(bench: Bench, folder: Path, count: int) -> tuple[float, float]:
    """Median milliseconds from `append` to the hub's word, alone and beside a clip, in turn."""
    attachments = Attachments()
    what = attachments.keep(os.urandom(CLIP_BYTES))
    async with (
        await Journal.open(folder / "camera.db", bench.clock) as journal,
        _linked(journal, folder, attachments) as (hub, arrivals),
    ):
        await _one(journal, arrivals)
        alone = [await _one(journal, arrivals) for _ in range(count)]
        fetching = asyncio.create_task(_fetch_for_ever(hub, what))
        beside = [await _one(journal, arrivals) for _ in range(count)]
        fetching.cancel()
    return median(alone) * 1e3, median(beside) * 1e3


async def _one(journal: Journal, arrivals: _Arrivals) -> float:
    start_s = time.perf_counter()
    place = await journal.append(_alarm())
    assert place is not None
    return await arrivals.until(place.seq) - start_s


async def _fetch_for_ever(hub: Hub, what: str) -> None:
    while True:
        await hub.reach.fetch(IDENTITY.id, what)


def _alarm() -> Event:
    return Event("restricted", time.monotonic(), Severity.WARNING, FACTS)
