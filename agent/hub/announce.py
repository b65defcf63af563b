"""Announces the camera by mDNS and DNS-SD (RFC 6762, 6763), so that a hub finds it without being told."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Sequence

from zeroconf import Error as ZeroconfError
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from agent.hub.clash import Clash
from agent.hub.identity import Identity
from agent.hub.netwatch import NetWatch, joined_links
from agent.hub.speaking import kinds_of, speaking_from

SERVICE_TYPE = "_aislewatch._tcp.local."
HOST = ".local."
_GOODBYE_S = 2.0
_ASK_S = 60.0
"""How often it is asked who else goes by the name: nobody says so unasked when two networks become one."""

_log = logging.getLogger(__name__)


class Announcer:
    """Keeps the announcement true: as the kernel tells of another address, and every `poll_s` in any case.

    Whoever is behind a cable that is put in is told as well (RFC 6762, section 8).

    Names come from the serial number and do not clash, so they are announced without probing. Should another machine go
    by the same name all the same, now or years later, `conflict` hears of it (where it was heard), and this camera goes
    on under its name with the beginning of its key's fingerprint; hubs know cameras by their id and key. Where
    multicast does not work the camera goes on without it: one warning, then a retry every `retry_s`.
    """

    def __init__(
        self,
        identity: Identity,
        port: int,
        addresses: Callable[[], Sequence[str]],
        conflict: Callable[[str], None] = lambda other: None,
        *,
        poll_s: float = 1.0,
        retry_s: float = 10.0,
    ) -> None:
        self._identity = identity
        self._port = port
        self._addresses = addresses
        self._conflict = conflict
        self._suffix = ""
        self._poll_s = poll_s
        self._retry_s = retry_s
        self._warned = False
        self.announced: tuple[str, ...] = ()

    def update(self, identity: Identity) -> None:
        """Tell new facts (the id stays) at the next poll."""
        self._identity = identity

    async def run(self) -> None:
        """Announce until cancelled; then say goodbye."""
        while True:
            try:
                with NetWatch() as net:
                    await self._announce(net)
                continue
            except (OSError, ZeroconfError, TimeoutError) as error:
                self._degraded(error)
            except Exception:  # noqa: BLE001 - a task boundary: an optional service never ends the camera
                _log.exception("the announcement failed; trying again in %g s", self._retry_s)
            await asyncio.sleep(self._retry_s)

    @property
    def name(self) -> str:
        """Under which it is announced."""
        return self._identity.name + self._suffix

    async def _announce(self, net: NetWatch) -> None:
        """Until another machine goes by the same name; then this one has taken another."""
        addresses = await self._some_addresses(net)
        zeroconf = AsyncZeroconf(interfaces=(own := speaking_from(addresses)), ip_version=kinds_of(own))
        try:
            await zeroconf.zeroconf.async_wait_for_start()
            info = self._info(addresses)
            clash = Clash(info.name, self.name + HOST, self._port)
            zeroconf.zeroconf.async_add_listener(clash, None)
            await (await zeroconf.async_register_service(info, cooperating_responders=True))
            self._announced(addresses)
            await self._keep_true(zeroconf, info, addresses, clash, net)
            self._rename(clash)
        finally:
            self.announced = ()
            await asyncio.shield(_goodbye(zeroconf))

    async def _keep_true(
        self,
        zeroconf: AsyncZeroconf,
        info: AsyncServiceInfo,
        addresses: tuple[str, ...],
        clash: Clash,
        net: NetWatch,
    ) -> None:
        clash.mine.update(addresses)
        asked_s, links = -math.inf, joined_links()
        while not clash.other:
            if (now_s := asyncio.get_running_loop().time()) - asked_s >= _ASK_S:
                asked_s = now_s
                clash.ask(zeroconf.zeroconf)
            await net.changed(self._poll_s)
            before, links = links, joined_links()
            if links - before:
                asked_s = -math.inf  # a cable was put in: others are there
            now = tuple(self._addresses()) or addresses  # without a network there is nobody to tell
            clash.mine.update(now)
            changed = self._info(now)
            if now == addresses and changed.text == info.text and not links - before:
                continue
            told = await zeroconf.async_update_service(changed)
            if now != addresses:  # after the facts: new interfaces are told at once, and must not hear the old address
                await zeroconf.async_update_interfaces(own := speaking_from(now), kinds_of(own))
            await told
            addresses, info = now, changed
            self._announced(addresses)

    def _rename(self, clash: Clash) -> None:
        _log.warning("another machine (%s) goes by the name %s", clash.other, self.name)
        self._conflict(clash.other)
        self._suffix = f"-{self._identity.fp[:8] or secrets.token_hex(4)}"

    async def _some_addresses(self, net: NetWatch) -> tuple[str, ...]:
        while not (addresses := tuple(self._addresses())):
            await net.changed(self._poll_s)
        return addresses

    def _info(self, addresses: Sequence[str]) -> AsyncServiceInfo:
        name = self.name
        return AsyncServiceInfo(
            SERVICE_TYPE,
            f"{name}.{SERVICE_TYPE}",
            server=f"{name}{HOST}",
            port=self._port,
            parsed_addresses=list(addresses),
            properties=self._identity.facts(),
        )

    def _announced(self, addresses: tuple[str, ...]) -> None:
        self.announced = addresses
        self._warned = False
        _log.info("announced %s at %s port %d", self.name, ", ".join(addresses), self._port)

    def _degraded(self, error: Exception) -> None:
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        _log.log(
            level, "mDNS does not work (%s); hubs need the camera's address by hand", error or type(error).__name__
        )


async def _goodbye(zeroconf: AsyncZeroconf) -> None:
    """Withdraw the service and close; a network that is gone cannot hold this up."""
    try:
        async with asyncio.timeout(_GOODBYE_S):
            await zeroconf.async_unregister_all_services()
    except (OSError, ZeroconfError, TimeoutError):
        _log.debug("the goodbye could not be sent", exc_info=True)
    finally:
        await zeroconf.async_close()
