"""A link over 64 kbit/s with 600 ms there and back and loss: it holds, keeps the order, and alarms need not wait."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from yarl import URL

from agent.beside import beside
from agent.domain import Event, Severity
from agent.errors import OperatorError
from agent.events.wire import EventBody, Record
from agent.hub.attachments import Attachments, StoredFile
from agent.hub.backoff import Backoff
from agent.hub.ledger import Ledger
from agent.hub.link import LinkSettings
from agent.hub.receiver import Hub, LinkState, Watchers
from tests.hub.linking import Camera, camera_with
from tests.hub.slow_line import SlowLine, slow_line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DEVICE = "cam0001"
CLIP = "clip/20261118T091500Z-1a2b3c4d/clip.mp4"
VIDEO = random.Random(7).randbytes(120_000)
BACKLOG, TEXT = 250, "x" * 600
"""Together as much as this line carries in 20 s."""


@dataclass
class Told:
    """What the hub was told, in order."""

    numbers: list[int] = field(default_factory=list)
    links: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, device: str, record: Record) -> None:
        if isinstance(record.body, EventBody) and "n" in record.body.data:
            self.numbers.append(int(str(record.body.data["n"])))
        self.news.set()

    def state(self, name: str, state: LinkState, reason: str) -> None:
        self.links += state is LinkState.LINKED

    async def until(self, number: int) -> None:
        async with asyncio.timeout(300):
            while number not in self.numbers:
                self.news.clear()
                await self.news.wait()


@dataclass
class Far:
    """A camera, the line to it, and its hub."""

    camera: Camera
    line: SlowLine
    hub: Hub
    told: Told


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[Camera]:
    video = tmp_path / "clip.mp4"
    video.write_bytes(VIDEO)

    async def opened(clip_id: str, name: str, who: str) -> StoredFile:
        if name != video.name:
            raise OperatorError(f"clip {clip_id} has no such file")
        return StoredFile(video, len(VIDEO), "video/mp4")

    attachments = Attachments(opened)
    async with camera_with(tmp_path / "j.db", {}, attachments=attachments, settings=LinkSettings()) as made:
        yield made


@asynccontextmanager
async def far(camera: Camera, folder: Path) -> AsyncIterator[Far]:
    """The camera's hub at the other end of a slow line, as it always is: its own deadlines, its own patience."""
    url, told = URL(camera.url), Told()
    assert url.host is not None
    assert url.port is not None
    async with slow_line((url.host, url.port)) as line:
        with Ledger(folder / "hub.db") as ledger:
            watchers = Watchers(told.event, told.state)
            hub = Hub(ledger, "hub-a", watchers, Backoff(0.05, 0.2), attachments=folder / "attachments")
            async with beside(hub.run([f"ws://127.0.0.1:{line.port}/v1/link"], browse=False)):
                yield Far(camera, line, hub, told)


async def happen(camera: Camera, numbers: range, severity: Severity = Severity.INFO) -> None:
    for n in numbers:
        camera.journal.append_nowait(Event("seen", 0.0, severity, {"n": n, "text": TEXT}))
    await camera.happen()


async def test_a_backlog_comes_in_order_over_one_link_and_heartbeats_get_through(
    camera: Camera, tmp_path: Path
) -> None:
    """128 records at once would take 12 s, and a link is given up after 8 s of silence."""
    await happen(camera, range(BACKLOG))
    async with far(camera, tmp_path) as shop:
        await shop.told.until(BACKLOG - 1)
        await camera.happen(BACKLOG)
        await shop.told.until(BACKLOG)
        assert shop.told.numbers == list(range(BACKLOG + 1))
        assert shop.told.links == shop.line.connections == 1
        assert shop.line.to_hub < 3 * BACKLOG * len(TEXT), "nothing is sent twice"


async def test_alarms_overtake_a_clip(camera: Camera, tmp_path: Path) -> None:
    async with far(camera, tmp_path) as shop:
        await camera.happen(0)
        await shop.told.until(0)
        fetching = asyncio.create_task(shop.hub.reach.fetch(DEVICE, CLIP))
        between = []
        for number in range(1, 6):
            if not await carried(shop.line, len(VIDEO) // 10, fetching):
                break  # a computer that is busy elsewhere brings some alarms late, and the line goes on meanwhile
            before = shop.line.to_hub
            await camera.happen(number)
            await shop.told.until(number)
            between.append(shop.line.to_hub - before)
        path = await fetching
        assert path.read_bytes() == VIDEO
        assert shop.told.links == 1
        assert len(between) >= 3, "the clip came first"
        assert sorted(between)[len(between) // 2] < len(VIDEO) / 8, between


async def test_a_clip_goes_on_where_the_line_was_cut(camera: Camera, tmp_path: Path) -> None:
    """The line is cut again and again after a third of the clip: begun anew it would never come to its end."""
    async with far(camera, tmp_path) as shop:
        await camera.happen(0)
        await shop.told.until(0)
        fetching = asyncio.create_task(shop.hub.reach.fetch(DEVICE, CLIP))
        cuts = 0
        while await carried(shop.line, len(VIDEO) // 3, fetching):
            shop.line.cut()
            cuts += 1
            assert cuts < 20, "it does not get on"
        path = await fetching
        await camera.happen(1)
        await shop.told.until(1)
    assert path.read_bytes() == VIDEO
    assert shop.told.numbers == [0, 1]
    assert shop.told.links > cuts >= 2


async def carried(line: SlowLine, length: int, until: asyncio.Task[Path]) -> bool:
    """Wait until so much more has come over it; false where that was done before."""
    through = line.to_hub + length
    async with asyncio.timeout(120):
        while line.to_hub < through and not until.done():  # noqa: ASYNC110 - a line rings no bell
            await asyncio.sleep(0.05)
    return not until.done()
