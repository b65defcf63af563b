"""The camera's disk fails while a hub is linked: everything still arrives, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.beside import beside
from agent.domain import Event, Severity
from agent.events.journal import Journal, JournalLimits
from agent.events.wire import EventBody, Record
from agent.hub.backoff import Backoff
from agent.hub.identity import Identity
from agent.hub.ledger import Ledger
from agent.hub.link import LinkServer, LinkSettings
from agent.hub.receiver import Hub, Watchers
from agent.web.api import Facts, create_app, serving
from hal.system import SystemClock
from tests.faults.disks import small_disk_at

IDENTITY = Identity(id="cam0005", model="test", fw="0.1.0")
LIMITS = JournalLimits(group_s=0.01, retry_s=0.05)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk") as disk:
        yield disk


class Arrivals:
    """The numbers of the events that the hub was told of."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._news = asyncio.Event()

    def event(self, device: str, record: Record) -> None:
        if isinstance(record.body, EventBody) and "n" in record.body.data:
            self.numbers.append(int(str(record.body.data["n"])))
            self._news.set()

    async def until(self, number: int) -> None:
        async with asyncio.timeout(20):
            while number not in self.numbers:
                self._news.clear()
                await self._news.wait()


async def test_events_pass_through_a_full_disk_and_back(small_disk: Path, tmp_path: Path) -> None:
    arrivals = Arrivals()
    async with await Journal.open(small_disk / "j.db", SystemClock(), LIMITS) as journal:
        link = LinkServer(journal, IDENTITY, LinkSettings(close_s=0.2))
        app = create_app(Facts(lambda: IDENTITY, dict, list), link)
        async with serving(app, "127.0.0.1", 0) as running:
            with Ledger(tmp_path / "hub.db") as ledger:
                hub = Hub(ledger, None, Watchers(event=arrivals.event), Backoff(0.01, 0.05))
                async with beside(hub.run([f"http://127.0.0.1:{running.port}/v1/link"], browse=False)):
                    n = await fill_up(journal, arrivals, small_disk)
                    (small_disk / "clip.mp4").unlink()
                    while not journal.head.durable:
                        n += 1
                        await happen(journal, n)
                    await happen(journal, n + 1)
                    await arrivals.until(n + 1)
            await link.close()
    assert sorted(arrivals.numbers) == list(range(n + 2))


async def happen(journal: Journal, n: int) -> None:
    assert await journal.append(Event("restricted", float(n), Severity.WARNING, {"n": n, "text": "x" * 300}))


async def fill_up(journal: Journal, arrivals: Arrivals, disk: Path) -> int:
    """Let events happen until the disk is full and one more has reached the hub; the last number."""
    await happen(journal, 0)
    await arrivals.until(0)
    (disk / "clip.mp4").write_bytes(bytes(700 * 1024))
    n = 0
    while journal.head.durable:
        n += 1
        await happen(journal, n)
    await happen(journal, n + 1)
    await arrivals.until(n + 1)
    return n + 1
