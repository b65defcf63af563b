"""How the commands of `tools/hub.py` come to cameras: by mDNS, by a domain of the DNS, by the cameras' own calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from agent.errors import OperatorError
from agent.hub import discover, listed
from agent.hub.dnssd import Domain, LookupFailed, Place, domain_at
from agent.hub.keyring import Keyring
from agent.hub.remote import Look
from agent.hub.switchboard import Switchboard
from agent.schema import Bad
from agent.tables.hub import HubConfig, place_of

CALL_S = 65.0
"""So long a command waits for calls: the longest pause of a camera that calls in vain, and some more."""

Browse = Annotated[bool, typer.Option("--browse/--no-browse", help="Look for cameras by mDNS.")]
DomainName = Annotated[str | None, typer.Option("--domain", help="A DNS domain that lists cameras, as shop.example.")]
Dns = Annotated[str | None, typer.Option(help="ADDRESS[:PORT] of the DNS server to ask; the system's by default.")]
Listen = Annotated[str | None, typer.Option(help="HOST:PORT where cameras call that cannot be reached.")]


@dataclass(frozen=True, slots=True)
class Ways:
    """What of it is used."""

    browse: bool = True
    domain: Domain | None = None
    listen: Place | None = None

    @classmethod
    def of(cls, browse: bool, domain: str | None, dns: str | None, listen: str | None) -> Ways:
        """From the options of a command. Raises OperatorError."""
        try:
            at = HubConfig(place_of(listen)).place if listen is not None else None
        except Bad as error:
            raise OperatorError(f"--listen: {error}", hint=error.hint) from None
        return cls(browse, domain_at(domain, dns) if domain is not None else None, at)

    @asynccontextmanager
    async def looking(self, keyring: Keyring) -> AsyncIterator[Look]:
        """Cameras may call while this lasts; gives what looks for one. Raises OperatorError."""
        calls = _Calls(keyring)
        async with calls.board.listening(*self.listen) if self.listen else nullcontext():

            async def look(camera: str) -> Sequence[str]:
                return [*(await calls.of(camera) if self.listen else ()), *await self._hints(camera)]

            yield look

    async def _hints(self, camera: str) -> list[str]:
        """Where others say that it is."""
        found: list[str] = await discover.places(camera) if self.browse else []
        if self.domain is not None:
            with suppress(LookupFailed):
                found += await listed.places_in(self.domain, camera)
        return found


class _Calls:
    """The cameras that call, from now until all had the time to."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._until_s = asyncio.get_running_loop().time() + CALL_S
        self._news = asyncio.Event()
        self.board = Switchboard(self._key_of, lambda camera, url: self._news.set())

    async def of(self, camera: str) -> list[str]:
        """Where it is reached once it calls; nowhere when it had its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._until_s):
                while camera not in self.board.standing_by():
                    self._news.clear()
                    await self._news.wait()
        return [url for name, url in self.board.standing_by().items() if name == camera]

    def _key_of(self, camera: str) -> str:
        pin = self._keyring.pin(camera)
        return pin.fp if pin else ""
