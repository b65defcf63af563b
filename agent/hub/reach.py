"""How a hub's own programs reach its cameras: orders and attachments over whichever link there is, and the next one."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import msgspec

from agent.errors import LinkClosed, OperatorError
from agent.events.orders import MOST_LIFE_S, Order, Result
from agent.events.pieces import Fetch
from agent.hub.client import LinkClient
from agent.hub.fetching import Damaged, FetchRefused, Shelf

ATTEMPTS = 3
"""How often an attachment is begun anew whose bytes are not what the camera has."""


class Reach:
    """The links that stand, by the camera's id. Attachments are kept below `folder`, as CAMERA/WHAT."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._links: dict[str, LinkClient] = {}
        self._changed = asyncio.Event()

    def linked(self, camera: str, client: LinkClient) -> None:
        """A link stands."""
        self._links[camera] = client
        self._ring()

    def lost(self, client: LinkClient) -> None:
        """A link is over."""
        self._links = {camera: other for camera, other in self._links.items() if other is not client}
        self._ring()

    async def command(self, camera: str, order: Order, *, by: str = "", within_s: float = 30.0) -> Result:
        """Order something, and say what became of it. Where a link breaks it is asked again, and done once even so.

        Raises LinkClosed where no answer came in that time: then it may have been done.
        """
        command, client = secrets.token_hex(16), None
        try:
            async with asyncio.timeout(within_s):
                while True:
                    client = await self._link(camera, client)
                    try:
                        return await client.command(order, by=by, within_s=min(within_s, MOST_LIFE_S), id=command)
                    except LinkClosed:
                        continue
        except TimeoutError:
            raise LinkClosed(f"{camera} has not answered within {within_s:g} s") from None

    async def fetch(self, camera: str, what: str, *, within_s: float = 600.0) -> Path:
        """Have an attachment on the disk, whole and verified; where a link breaks it goes on where it was.

        Raises FetchRefused, Damaged, LinkClosed where that was not done in time, OperatorError for a name that is none.
        """
        shelf = Shelf(self._place(camera, what))
        try:
            async with asyncio.timeout(within_s):
                for _ in range(ATTEMPTS - 1):
                    try:
                        return await self._fetch_on(camera, what, shelf)
                    except Damaged:
                        continue
                    except FetchRefused:
                        if not shelf.have:
                            raise
                        shelf.forget()  # what was here may be of another file
                return await self._fetch_on(camera, what, shelf)
        except TimeoutError:
            raise LinkClosed(f"{camera} has not sent {what} within {within_s:g} s") from None

    async def _fetch_on(self, camera: str, what: str, shelf: Shelf) -> Path:
        """Fetch it over as many links as it takes."""
        client = None
        while True:
            client = await self._link(camera, client)
            try:
                await client.fetch(what, shelf)
            except LinkClosed:
                continue
            return shelf.path

    async def _link(self, camera: str, broken: LinkClient | None) -> LinkClient:
        """The camera's link, once there is one that is not known to be broken."""
        while (client := self._links.get(camera)) is None or client is broken:
            await self._changed.wait()
        return client

    def _ring(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _place(self, camera: str, what: str) -> Path:
        """Where it is kept. Raises OperatorError for names that would lead elsewhere."""
        try:
            msgspec.convert({"type": "fetch", "n": 0, "what": what}, Fetch)
        except msgspec.ValidationError:
            raise OperatorError(f"{what[:80]!r} is no attachment", hint="such as clip/ID/clip.mp4") from None
        if "/" in camera or not camera.strip("."):
            raise OperatorError(f"{camera[:80]!r} is no camera")
        return self._folder / camera / what
