"""One camera's link, kept by a hub: connect, serve, wait and connect again, wherever the camera is said to be."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agent.errors import LinkClosed, WireError
from agent.events.wire import Batch, Hello, Record
from agent.hub.backoff import Backoff
from agent.hub.client import LinkClient
from agent.hub.reach import Reach
from agent.hub.ways import Way

_SILENT_HEARTBEATS = 3.0
_STEADY_S = 5.0  # a link that breaks sooner counts as one more failure
_ATTEMPT_S = 3.0
"""An attempt that takes longer may have begun while the camera was away: what it sent is sent again after 1, 3, 7 s and
so on (RFC 6298), so a new one is sooner there."""


class LinkState(StrEnum):
    """CONNECTING -> LINKED -> WAITING -> CONNECTING and so on; WAITING ends early when the camera has moved."""

    CONNECTING = "connecting"
    LINKED = "linked"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told what the hub does; called on the event loop."""

    event: Callable[[str, Record], None] = lambda device, record: None
    state: Callable[[str, LinkState, str], None] = lambda camera, state, reason: None
    gap: Callable[[str, int, int], None] = lambda device, first, last: None


class Keeper(Protocol):
    """The hub whose link it is: what it knows, and where everything goes that a camera says."""

    hub_id: str
    watchers: Watchers
    backoff: Backoff
    reach: Reach

    async def store(self, batch: Batch) -> None:
        """Have a batch on the disk. Raises LinkClosed where that fails."""

    async def cursor(self, device: str, epoch: str) -> int:
        """The last number that is on the disk."""


class CameraLink:
    """Keeps one camera linked: a small state machine that never gives up.

    `attempt_s` is for how long an attempt goes on where the camera is said to be at that very place now.
    """

    def __init__(self, hub: Keeper, way: Way, name: str, urls: list[str], attempt_s: float = _ATTEMPT_S) -> None:
        self._hub = hub
        self._way = way
        self._name = name
        self._urls = urls
        self.url = ""
        self._failures = 0
        self._attempt_s = attempt_s
        self._begun_s = -math.inf
        self._moved = asyncio.Event()
        self.state = LinkState.WAITING

    def moved(self, urls: list[str], otherwise: Sequence[str] = ()) -> None:
        """The camera is at these addresses now: what stands or is tried elsewhere is given up at once.

        Should they fail, it is tried `otherwise`.
        """
        self._urls = [*urls, *otherwise]
        if urls and not self.is_at(urls):
            self._failures = 0
            self._moved.set()

    def is_at(self, urls: Collection[str]) -> bool:
        """Whether it is linked at one of these places, or about to be."""
        return self.url in urls and (self.state is LinkState.LINKED or self._is_about_to())

    def _is_about_to(self) -> bool:
        age_s = asyncio.get_running_loop().time() - self._begun_s
        return self.state is LinkState.CONNECTING and age_s < self._attempt_s

    async def run(self) -> None:
        while True:
            reason = await self._until_broken()
            self._enter(LinkState.WAITING, reason)
            await self._wait()

    async def _until_broken(self) -> str:
        """Connect and serve until the link breaks or the camera moves; the reason."""
        self._moved.clear()
        self._begun_s, self._linked_at_s = asyncio.get_running_loop().time(), math.inf
        self.url = self._urls[self._failures % len(self._urls)] if self._urls else ""
        self._enter(LinkState.CONNECTING, self.url)
        serving = asyncio.create_task(self._serve())
        moving = asyncio.create_task(self._moved.wait())
        try:
            await asyncio.wait((serving, moving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
            moving.cancel()
            results = await asyncio.gather(serving, moving, return_exceptions=True)
        return self._outcome(results[0])

    def _outcome(self, result: object) -> str:
        if isinstance(result, asyncio.CancelledError):
            return "the camera has moved"
        if isinstance(result, BaseException) and not isinstance(result, LinkClosed | WireError):
            raise result
        steady = asyncio.get_running_loop().time() - self._linked_at_s > _STEADY_S
        self._failures = 1 if steady else self._failures + 1
        return str(result)

    async def _serve(self) -> None:
        silence_s = 20.0
        async with await self._way.open(self.url, silence_s) as client:
            try:
                async for message in client:
                    self._way.check(message.device)
                    if isinstance(message, Hello):
                        await self._answer(client, message)
                    else:
                        await self._hub.store(message)
                        await client.acknowledge(message.epoch, message.through)
            finally:
                self._hub.reach.lost(client)

    async def _answer(self, client: LinkClient, hello: Hello) -> None:
        client.silence_s = max(1.0, hello.heartbeat_s * _SILENT_HEARTBEATS)
        await client.resume(self._hub.hub_id, hello.epoch, await self._hub.cursor(hello.device, hello.epoch))
        self._linked_at_s = asyncio.get_running_loop().time()
        self._hub.reach.linked(hello.device, client)
        self._enter(LinkState.LINKED, f"{hello.device} at {self.url}")

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._hub.backoff.pause_s(self._failures)):
                await self._moved.wait()
        except TimeoutError:
            pass

    def _enter(self, state: LinkState, reason: str) -> None:
        self.state = state
        self._hub.watchers.state(self._name, state, reason)
