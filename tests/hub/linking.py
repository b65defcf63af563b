"""A camera's link over a real WebSocket on loopback, and a hub that follows it, for tests of what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.domain import Event, Severity
from agent.events.journal import Journal
from agent.events.orders import Order
from agent.events.wire import Batch, Capabilities, Hello
from agent.hub.attachments import Attachments
from agent.hub.callers import Caller, Role
from agent.hub.client import LinkClient
from agent.hub.commands import CommandDesk, Handler
from agent.hub.identity import Identity
from agent.hub.link import LinkServer, LinkSettings
from agent.hub.results import ResultBook
from agent.hub.services import LinkServices
from hal.ports import Clock
from hal.system import SystemClock

IDENTITY = Identity(id="cam0001", model="test", fw="0.1.0")
HUB = Caller(Role.HUB)
CALM = LinkSettings(close_s=0.2)


class Camera:
    """A journal, its link with commands and attachments, and a server, as the agent composes them."""

    def __init__(self, journal: Journal, services: LinkServices, link: LinkServer, url: str) -> None:
        self.journal = journal
        self.services = services
        self.link = link
        self.url = url

    async def happen(self, *numbers: int) -> None:
        for n in numbers:
            await self.journal.append(Event("restricted", float(n), Severity.WARNING, {"n": n}))


@asynccontextmanager
async def camera_with(
    path: Path,
    handlers: Mapping[type[Order], Handler],
    *,
    attachments: Attachments | None = None,
    caller: Caller = HUB,
    clock: Clock | None = None,
    events: list[Event] | None = None,
    settings: LinkSettings = CALM,
) -> AsyncIterator[Camera]:
    """A camera that takes these orders from this caller; what it reports goes to `events`."""
    clock, noted = clock or SystemClock(), events if events is not None else []
    async with await Journal.open(path, clock) as journal:
        book = await ResultBook.open(journal)
        desk = CommandDesk(handlers, book, clock.monotonic, noted.append)
        services = LinkServices(desk, attachments or Attachments(), lambda: Capabilities(commands=desk.versions()))
        link = LinkServer(journal, IDENTITY, settings, services)

        async def handle(request: web.Request) -> web.StreamResponse:
            return await link.handle(request, caller)

        app = web.Application()
        app.router.add_get("/v1/link", handle)
        async with TestServer(app) as server:
            yield Camera(journal, services, link, str(server.make_url("/v1/link")))
            await link.close()


class Follower:
    """A hub that takes what comes; `numbers` are those of the events, `said` what the camera said in order."""

    def __init__(self, client: LinkClient, name: str) -> None:
        self.client = client
        self._name = name
        self.numbers: list[int] = []
        self.hello: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Event()

    async def follow(self) -> None:
        async for message in self.client:
            if isinstance(message, Hello):
                await self.client.resume(self._name, message.epoch, 0)
                if not self.hello.done():
                    self.hello.set_result(message)
            else:
                await self._take(message)

    async def until(self, number: int) -> None:
        """Wait for the event of that number."""
        async with asyncio.timeout(10):
            while number not in self.numbers:
                self._news.clear()
                await self._news.wait()

    async def _take(self, batch: Batch) -> None:
        for record in batch.records:
            data: Mapping[str, Any] = getattr(record.body, "data", {})
            if "n" in data:
                self.numbers.append(int(data["n"]))
        await self.client.acknowledge(batch.epoch, batch.through)
        self._news.set()


@asynccontextmanager
async def following(camera: Camera, name: str = "hub-a") -> AsyncIterator[Follower]:
    """A hub linked to the camera while this lasts."""
    async with aiohttp.ClientSession() as http, await LinkClient.connect(http, camera.url) as client:
        follower = Follower(client, name)
        task = asyncio.create_task(follower.follow())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await follower.hello
        try:
            yield follower
        finally:
            task.cancel()
