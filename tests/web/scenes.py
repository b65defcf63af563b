"""Hand-made frames and outcomes, and a camera's web server on loopback that shows them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import numpy as np
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from agent.config import Config, parse_config
from agent.domain import Box, Track
from agent.respond.alarms import OutputStatus
from agent.vision.pipeline import Outcome, StageMs
from agent.web.live import LiveFeed, LiveLimits, LiveRoutes, add_live
from hal.planes import split_yuv420
from hal.ports import Frame, Yuv420
from hal.system import SystemClock

CONFIG = parse_config(
    """
    [camera]
    name = "aisle-3"
    width = 320
    height = 180
    [[zone]]
    name = "stock"
    kind = "restricted"
    polygon = [[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 1.0]]
    [[line]]
    name = "entrance"
    points = [[0.1, 0.0], [0.1, 1.0]]
    [[output]]
    name = "siren"
    pin = 17
    pattern = "blink"
    hz = 2.0
    """
)
TIMES = StageMs(gate=0.1, input=0.2, invoke=8.0, decode=0.3, track=0.05, rules=0.02, frame=8.7)


def picture(luma: int = 126, width: int = 320, height: int = 180, *, padding: int = 64) -> Yuv420:
    """A grey picture whose rows are padded, as a driver's are."""
    stride = width + padding
    planes = split_yuv420(np.full(stride * height * 2, 128, np.uint8), width, height, stride)
    planes.y[:] = luma
    return planes


def noise(width: int = 640, height: int = 360) -> Yuv420:
    """A picture that JPEG cannot make small."""
    shown = picture(width=width, height=height)
    shown.y[:] = np.random.default_rng(1).integers(16, 236, shown.y.shape, np.uint8)
    return shown


def track(number: int, box: Box, *, confirmed: bool = True) -> Track:
    return Track(number, 1.0, box, 0.9, confirmed, True, True, box.height, 0.0, 1.0)


def outcome(index: int, tracks: Sequence[Track] = (), shown: Yuv420 | None = None) -> Outcome:
    shown = shown or picture()
    return Outcome(Frame(index, index / 15, shown, shown), True, (), tracks, (), (), TIMES)


@dataclass(frozen=True, slots=True)
class Camera:
    """A running server, its feed, and a client of it."""

    feed: LiveFeed
    routes: LiveRoutes
    client: ClientSession
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    async def watched(self, by: int) -> None:
        """Wait until so many watch."""
        while self.feed.watchers != by:  # noqa: ASYNC110  # seats have no event, and need none but here
            await asyncio.sleep(0.002)

    def show(self, *indices: int) -> None:
        for index in indices:
            self.feed.offer(outcome(index))


@asynccontextmanager
async def showing(shop: Camera, shown: Yuv420 | None = None, tracks: Sequence[Track] = ()) -> AsyncIterator[None]:
    """A camera at work: meanwhile, a thread offers frames."""
    done = threading.Event()

    def work() -> None:
        for index in count():
            if done.wait(0.01):
                return
            shop.feed.offer(outcome(index, tracks, shown))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        await asyncio.to_thread(thread.join)


@asynccontextmanager
async def camera(
    config: Config = CONFIG, *, on: bool = False, limits: LiveLimits | None = None, port: int | None = None
) -> AsyncIterator[Camera]:
    """Serve a live page on loopback; `on` says whether the siren is."""

    def outputs() -> list[OutputStatus]:
        return [OutputStatus("siren", "active" if on else "idle", on, False, None)]

    feed, app = LiveFeed(config, SystemClock(), outputs), web.Application()
    routes = add_live(app, feed, limits)
    async with TestServer(app, port=port) as server, ClientSession() as client:
        yield Camera(feed, routes, client, str(server.host), server.port or 0)
