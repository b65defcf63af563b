"""How the hub's links reach cameras and make sure of them: claimed ones by their pinned key, others in the open.

Where a camera is, anybody can say by mDNS. So for a claimed camera an announcement only adds a place to look at: it has
to show the camera's key before the link goes there, and no claimed camera is ever believed without TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import aiohttp
from yarl import URL

from agent.errors import LinkClosed, OperatorError
from agent.hub.client import LinkClient
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.pinning import pinned_context
from agent.hub.remote import own_context, why_closed
from agent.hub.upkeep import at_place, bring_up_to_date, note_place

LINK = "/v1/link"
Places = tuple[str, ...]
"""The addresses of one camera, https://host:port/path, the best first."""
_MOST_HINTS = _MOST_PLACES = 8
_LEAD_S = 0.25
_PROOF_S = 5.0


class Way(Protocol):
    """How one camera is reached."""

    async def open(self, url: str, silence_s: float) -> LinkClient:
        """Connect. Raises LinkClosed."""

    def check(self, device: str) -> None:
        """Whether whoever is linked may speak for this device. Raises LinkClosed."""


class OpenWay:
    """Without TLS: for cameras of demonstrations and development, which nobody has claimed."""

    def __init__(self, http: aiohttp.ClientSession, keyring: Keyring | None) -> None:
        self._http = http
        self._keyring = keyring

    async def open(self, url: str, silence_s: float) -> LinkClient:
        return await LinkClient.connect(self._http, url, silence_s=silence_s)

    def check(self, device: str) -> None:
        """A claimed camera speaks through TLS only."""
        if self._keyring is not None and self._keyring.pin(device) is not None:
            raise LinkClosed(f"{device} is claimed, and this is not its key: nothing from here is believed")


class ClaimedWay:
    """Over TLS with the camera's key pinned and the hub's certificate; what is revoked it is told before anything.

    `behind` is set when it has to be told more.
    """

    def __init__(self, http: aiohttp.ClientSession, keyring: Keyring, camera: str) -> None:
        self._http = http
        self._keyring = keyring
        self._camera = camera
        self._hints: dict[Places, None] = {}
        self._hinted = asyncio.Event()
        self._called = ""
        self.behind = asyncio.Event()

    async def catch_up(self, url: str) -> None:
        """Have the camera know what is revoked. Raises OperatorError, LinkClosed."""
        await bring_up_to_date(self._keyring, at_place(self._pin(), url))

    async def open(self, url: str, silence_s: float) -> LinkClient:
        try:
            pin = self._pin()
            here = at_place(pin, url)
            await bring_up_to_date(self._keyring, here)
            context = own_context(self._keyring, pin)
        except OperatorError as error:
            raise LinkClosed(f"{url}: {error}") from None
        try:
            client = await LinkClient.connect(self._http, url, silence_s=silence_s, context=context)
        except LinkClosed as error:
            if isinstance(error.__cause__, Exception):
                raise await why_closed(url, error.__cause__, context) from None
            raise
        if here != pin and url != self._called:
            note_place(self._keyring, here)
        return client

    def check(self, device: str) -> None:
        if device != self._camera:
            raise LinkClosed(f"{self._camera} gives itself out as {device}")

    def called(self, url: str) -> None:
        """The camera calls: it is reached by this address on this computer for as long as the hub runs."""
        self._called = url
        self.hint([url])

    def hint(self, urls: Sequence[str]) -> None:
        """Somebody says that the camera is at these places at once; of many such words the newest are looked into."""
        places = tuple(url for url in urls if url.startswith("https:"))[:_MOST_PLACES]
        self._hints.pop(places, None)
        self._hints[places] = None
        while len(self._hints) > _MOST_HINTS:
            del self._hints[next(iter(self._hints))]
        self._hinted.set()

    async def hinted(self) -> AsyncIterator[Places]:
        """What was hinted at, the newest word first."""
        while True:
            await self._hinted.wait()
            self._hinted.clear()
            while self._hints:
                places, _ = self._hints.popitem()
                yield places

    async def proven(self, places: Sequence[str]) -> str:
        """The place where the camera's key was found, "" where it was found at none."""
        pin = self._keyring.pin(self._camera)
        return "" if pin is None else await first_there(pin, places)

    def _pin(self) -> CameraPin:
        pin = self._keyring.pin(self._camera)
        if pin is None:
            raise LinkClosed(f"{self._camera} was let go")
        return pin


async def first_there(pin: CameraPin, places: Sequence[str]) -> str:
    """Where the camera's key is found first, "" where nowhere; each place has a lead on the next one (RFC 8305)."""

    async def look(number: int, url: str) -> str:
        await asyncio.sleep(number * _LEAD_S)
        return url if await is_there(pin, url) else ""

    looks = [asyncio.create_task(look(number, url)) for number, url in enumerate(places)]
    try:
        for looked in asyncio.as_completed(looks):
            if found := await looked:
                return found
        return ""
    finally:
        for task in looks:
            task.cancel()


async def is_there(pin: CameraPin, url: str) -> bool:
    """Whether the camera's key is found at this address; nothing is told there, not even who asks."""
    address = URL(url)
    try:
        async with asyncio.timeout(_PROOF_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=pinned_context(pin.fp))
    except OSError:
        return False
    writer.transport.abort()
    return True
