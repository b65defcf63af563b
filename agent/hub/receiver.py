"""The reference hub: finds cameras, links to each, stores what they send, then acknowledges it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp

from agent.errors import LinkClosed, OperatorError
from agent.events.wire import Batch
from agent.hub import listed
from agent.hub.backoff import Backoff
from agent.hub.camera_link import CameraLink, LinkState, Watchers
from agent.hub.discover import Browser, Found
from agent.hub.dnssd import Domain
from agent.hub.keyring import Keyring
from agent.hub.ledger import Ledger
from agent.hub.reach import Reach
from agent.hub.switchboard import Switchboard
from agent.hub.ways import LINK, ClaimedWay, OpenWay, Way

__all__ = ["Hub", "LinkState", "Watchers"]

_CLAIMS_S = 2.0


class Hub:
    """`run` until cancelled. `hub_id` names this hub to the cameras; by default the ledger's own name.

    With a `keyring` it links to every camera that was claimed, over TLS. `cameras` has the ids to link to; None is all.
    `reach` orders them things and fetches what they have, into the folder `attachments`.
    """

    def __init__(
        self,
        ledger: Ledger,
        hub_id: str | None = None,
        watchers: Watchers | None = None,
        backoff: Backoff | None = None,
        *,
        cameras: Collection[str] | None = None,
        keyring: Keyring | None = None,
        attachments: Path = Path("attachments"),
    ) -> None:
        self.ledger = ledger
        self.hub_id = hub_id or ledger.hub_id
        self.watchers = watchers or Watchers()
        self.backoff = backoff or Backoff()
        self.reach = Reach(attachments)
        self._cameras = cameras
        self._keyring = keyring
        self._links: dict[str, CameraLink] = {}
        self._claimed: dict[str, Claimed] = {}
        self._storing: set[asyncio.Task[None]] = set()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="hub-disk")

    @property
    def links(self) -> dict[str, LinkState]:
        """The state of every camera's link by the camera's name or address."""
        return {name: link.state for name, link in self._links.items()}

    async def run(
        self,
        urls: Iterable[str] = (),
        *,
        browse: bool = True,
        interfaces: Sequence[str] | None = None,
        listen: tuple[str, int] | None = None,
        domain: Domain | None = None,
    ) -> None:
        """Link to the claimed cameras, to those at `urls` and, where `browse`, to all that announce themselves.

        Multicast is spoken on `interfaces`; `domain` may list cameras that it does not reach, and `listen` is where
        claimed ones may call that the hub cannot reach itself.
        """
        board = Switchboard(self._key_of, self._called)
        try:
            async with (
                board.listening(*listen) if listen else nullcontext(),
                aiohttp.ClientSession() as http,
                asyncio.TaskGroup() as tasks,
            ):
                for url in urls:
                    self._link(tasks, OpenWay(http, self._keyring), url, [url])
                if self._keyring is not None:
                    tasks.create_task(self._follow_claims(tasks, http, self._keyring, board))
                if browse:
                    tasks.create_task(self._follow(tasks, http, interfaces))
                if domain:
                    tasks.create_task(self._follow_domain(tasks, http, domain))
        finally:
            await asyncio.gather(*self._storing, return_exceptions=True)
            await asyncio.to_thread(self._disk.shutdown)

    async def store(self, batch: Batch) -> None:
        """Have a batch on the disk; then tell what was new in it. Raises LinkClosed when the disk refuses it.

        What is on the disk is told, even where the link has gone meanwhile: the camera does not send it again.
        """
        storing = asyncio.create_task(self._store(batch))
        self._storing.add(storing)
        storing.add_done_callback(self._storing.discard)
        await asyncio.shield(storing)

    async def _store(self, batch: Batch) -> None:
        try:
            new = await asyncio.get_running_loop().run_in_executor(self._disk, self.ledger.store, batch)
        except sqlite3.Error as error:
            raise LinkClosed(f"the hub cannot store: {error}") from error
        for gap in batch.gaps:
            self.watchers.gap(batch.device, gap.first, gap.last)
        for record in new:
            self.watchers.event(batch.device, record)

    async def cursor(self, device: str, epoch: str) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._disk, self.ledger.cursor, device, epoch)

    async def _follow(
        self, tasks: asyncio.TaskGroup, http: aiohttp.ClientSession, interfaces: Sequence[str] | None
    ) -> None:
        """A camera that says goodbye keeps its link's retries: multicast is a hint, not the truth."""
        async with Browser(interfaces) as browser, aclosing(browser.changes()) as changes:
            async for _, camera in changes:
                self._found(tasks, http, camera)

    async def _follow_domain(self, tasks: asyncio.TaskGroup, http: aiohttp.ClientSession, domain: Domain) -> None:
        def failed(error: OperatorError) -> None:
            self.watchers.state(domain.name, LinkState.WAITING, str(error))

        await listed.follow(domain, lambda camera: self._found(tasks, http, camera), failed)

    async def _follow_claims(
        self, tasks: asyncio.TaskGroup, http: aiohttp.ClientSession, keyring: Keyring, board: Switchboard
    ) -> None:
        """Link to what is claimed, and to nothing else: other programs claim cameras and let them go meanwhile."""
        while True:
            trust = keyring.trust()
            pins = {name: pin for name, pin in trust.cameras.items() if self._wanted(name)}
            for name in self._claimed.keys() - pins.keys():
                self._claimed.pop(name).end()
                del self._links[name]
            for name in pins.keys() - self._claimed.keys():
                way = ClaimedWay(http, keyring, name)
                link, task = self._link(tasks, way, name, [pins[name].url(LINK)])
                moving, telling = tasks.create_task(_move(link, way)), tasks.create_task(_tell(link, way))
                self._claimed[name] = Claimed(way, task, moving, telling)
            for name, pin in pins.items():
                if pin.told != trust.revision:
                    self._claimed[name].way.behind.set()
            for name, url in board.standing_by().items():
                if name in self._links and self._links[name].state is LinkState.WAITING:
                    self._called(name, url)
            await asyncio.sleep(_CLAIMS_S)

    def _found(self, tasks: asyncio.TaskGroup, http: aiohttp.ClientSession, camera: Found) -> None:
        if not self._wanted(camera.id):
            return
        if claimed := self._claimed.get(camera.id):
            claimed.way.hint(camera.urls())
        elif camera.tls:
            self.watchers.state(camera.name, LinkState.WAITING, "this hub has not claimed it")
        elif link := self._links.get(camera.name):
            link.moved(camera.urls())
        else:
            self._link(tasks, OpenWay(http, self._keyring), camera.name, camera.urls())

    def _key_of(self, camera: str) -> str:
        pin = self._keyring.pin(camera) if self._keyring else None
        return pin.fp if pin and camera in self._claimed else ""

    def _called(self, camera: str, url: str) -> None:
        """A camera calls: go that way unless its link stands, or goes there already in its own time."""
        claimed, link = self._claimed.get(camera), self._links.get(camera)
        if claimed and link and link.state is not LinkState.LINKED and link.url != url + LINK:
            claimed.way.called(url + LINK)

    def _wanted(self, camera: str) -> bool:
        return self._cameras is None or camera in self._cameras

    def _link(
        self, tasks: asyncio.TaskGroup, way: Way, name: str, urls: list[str]
    ) -> tuple[CameraLink, asyncio.Task[None]]:
        link = self._links[name] = CameraLink(self, way, name, urls)
        return link, tasks.create_task(link.run())


class Claimed(NamedTuple):
    """What runs for a camera that was claimed."""

    way: ClaimedWay
    linking: asyncio.Task[None]
    moving: asyncio.Task[None]
    telling: asyncio.Task[None]

    def end(self) -> None:
        for task in (self.linking, self.moving, self.telling):
            task.cancel()


async def _move(link: CameraLink, way: ClaimedWay) -> None:
    """Send the link wherever the camera proves to be; where it still answers is best, if it is said to be there at all.

    Only an answer tells: addresses that it had a moment ago live on in the caches of mDNS (RFC 6762, 10.2).
    """
    async for places in way.hinted():
        here = [link.url] if link.is_at(places) else []
        if found := await way.proven([*here, *(url for url in places if url not in here)]):
            link.moved([found], [url for url in places if url != found])


async def _tell(link: CameraLink, way: ClaimedWay) -> None:
    """Tell the camera what is revoked while it is linked; otherwise it hears of it when it links."""
    while True:
        await way.behind.wait()
        way.behind.clear()
        if link.state is LinkState.LINKED:
            with suppress(OperatorError, LinkClosed):
                await way.catch_up(link.url)
