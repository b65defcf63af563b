"""Finds cameras that announce themselves by mDNS, and notices when they move or go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, Self

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from agent.hostport import join
from agent.hub.addresses import lasting_addresses, on_each_link, preference
from agent.hub.announce import SERVICE_TYPE
from agent.hub.speaking import kinds_of, speaking_from

_RESOLVE_MS = 3000.0
_RESCAN_S = 2.0
# Addresses that an announcement replaces stay in caches for a second (RFC 6762, 10.2): look again after that.
_FLUSH_S = 1.5


@dataclass(frozen=True, slots=True)
class Found:
    """One announced camera. mDNS is a hint: nothing here is trusted before the link has proven it.

    `addresses` are fit to be called from here, the best first: those of one link have its name behind them.
    """

    name: str
    addresses: tuple[str, ...]
    port: int
    facts: dict[str, str] = field(hash=False)

    @property
    def id(self) -> str:
        return self.facts.get("id", "")

    @property
    def tls(self) -> bool:
        """Whether it says that it speaks TLS."""
        return self.facts.get("tls") == "1"

    def urls(self, path: str = "/v1/link") -> list[str]:
        """Where the camera may answer, one for each address."""
        scheme = "https" if self.tls else "http"
        return [f"{scheme}://{join(address, self.port)}{path}" for address in self.addresses]


class News(StrEnum):
    """What happened to an announcement."""

    FOUND = "found"
    CHANGED = "changed"
    GONE = "gone"


class Change(NamedTuple):
    """A camera came, changed its facts or addresses, or said goodbye."""

    news: News
    camera: Found


class Browser:
    """An asynchronous context manager; iterate over `changes()` to follow the cameras on the network."""

    def __init__(self, interfaces: Sequence[str] | None = None) -> None:
        self._given = None if interfaces is None else list(interfaces)
        self._names: asyncio.Queue[str] = asyncio.Queue()
        self._known: dict[str, Found] = {}
        self._zeroconf: AsyncZeroconf
        self._browser: AsyncServiceBrowser
        self._rescan: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        own = self._speaking()
        self._zeroconf = AsyncZeroconf(interfaces=own, ip_version=kinds_of(own))
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, SERVICE_TYPE, handlers=[self._heard])
        self._rescan = asyncio.create_task(self._follow_interfaces())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rescan.cancel()
        with suppress(asyncio.CancelledError):
            await self._rescan
        await self._browser.async_cancel()
        await self._zeroconf.async_close()

    async def changes(self) -> AsyncGenerator[Change, None]:
        """Every change from now on, the cameras that are there already first."""
        while True:
            name = await self._names.get()
            change = await self._look(name)
            if change is not None:
                yield change

    def _heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Removed:
            self._names.put_nowait(f"-{name}")
            return
        self._names.put_nowait(name)
        asyncio.get_running_loop().call_later(_FLUSH_S, self._names.put_nowait, name)

    async def _look(self, name: str) -> Change | None:
        if name.startswith("-"):
            gone = self._known.pop(name[1:], None)
            return None if gone is None else Change(News.GONE, gone)
        info = AsyncServiceInfo(SERVICE_TYPE, name)
        if not await info.async_request(self._zeroconf.zeroconf, _RESOLVE_MS):
            return None
        found, known = _found(info), self._known.get(name)
        if found == known:
            return None
        self._known[name] = found
        return Change(News.FOUND if known is None else News.CHANGED, found)

    async def _follow_interfaces(self) -> None:
        while True:
            await asyncio.sleep(_RESCAN_S)
            own = self._speaking()
            with suppress(OSError):
                await self._zeroconf.async_update_interfaces(own, kinds_of(own))

    def _speaking(self) -> list[str]:
        """Where, of all the addresses that there are now, unless it was said."""
        if self._given is not None:
            return self._given
        return speaking_from(own.address for own in lasting_addresses())


async def places(camera: str, seconds: float = 3.0, interfaces: Sequence[str] | None = None) -> list[str]:
    """Where the camera of this id says that it is, https://host:port: hints that its key has to prove."""
    return [url for found in await discover(seconds, interfaces) if found.id == camera for url in found.urls("")]


async def discover(
    seconds: float, interfaces: Sequence[str] | None = None, until: Callable[[Found], bool] | None = None
) -> list[Found]:
    """The cameras that answer within `seconds`, by name; none is waited for behind the one that `until` is about."""
    known: dict[str, Found] = {}
    async with Browser(interfaces) as browser, aclosing(browser.changes()) as changes:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for news, camera in changes:
                    if news is News.GONE:
                        known.pop(camera.name, None)
                        continue
                    known[camera.name] = camera
                    if until is not None and until(camera):
                        break
    return sorted(known.values(), key=lambda camera: camera.name)


def _found(info: AsyncServiceInfo) -> Found:
    facts = {key: value or "" for key, value in info.decoded_properties.items()}
    callable_at = {place for address in info.parsed_scoped_addresses(IPVersion.All) for place in _callable(address)}
    name, addresses = info.name.removesuffix(f".{SERVICE_TYPE}"), tuple(sorted(callable_at, key=preference))
    return Found(name, addresses, info.port or 0, facts)


def _callable(address: str) -> list[str]:
    """With the name of its link in place of the number by which it was heard: numbers change with every start."""
    bare, _, number = address.partition("%")
    if not number:
        return on_each_link(address)
    with suppress(OSError, ValueError):
        return [f"{bare}%{socket.if_indextoname(int(number))}"]
    return []  # the link is gone
