"""Announces the camera by mDNS and DNS-SD (RFC 6762, 6763), so that a hub finds it without being told."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence

from zeroconf import Error as ZeroconfError
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from agent.hub.identity import Identity

SERVICE_TYPE = "_aislewatch._tcp.local."
_GOODBYE_S = 2.0

_log = logging.getLogger(__name__)


class Announcer:
    """Keeps the announcement true: addresses are looked up every `poll_s`, the identity's facts may be replaced.

    Names come from the serial number and cannot clash, so they are announced without probing. Where multicast does not
    work the camera goes on without it: one warning, then a retry every `retry_s`.
    """

    def __init__(
        self,
        identity: Identity,
        port: int,
        addresses: Callable[[], Sequence[str]],
        *,
        poll_s: float = 1.0,
        retry_s: float = 10.0,
    ) -> None:
        self._identity = identity
        self._port = port
        self._addresses = addresses
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
                await self._announce()
            except (OSError, ZeroconfError, TimeoutError) as error:
                self._degraded(error)
            except Exception:  # noqa: BLE001 - a task boundary: an optional service never ends the camera
                _log.exception("the announcement failed; trying again in %g s", self._retry_s)
            await asyncio.sleep(self._retry_s)

    async def _announce(self) -> None:
        addresses = await self._some_addresses()
        zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
        try:
            await zeroconf.zeroconf.async_wait_for_start()
            info = self._info(addresses)
            await (await zeroconf.async_register_service(info, cooperating_responders=True))
            self._announced(addresses)
            await self._keep_true(zeroconf, info, addresses)
        finally:
            self.announced = ()
            await asyncio.shield(_goodbye(zeroconf))

    async def _keep_true(self, zeroconf: AsyncZeroconf, info: AsyncServiceInfo, addresses: tuple[str, ...]) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            now = tuple(self._addresses()) or addresses  # without a network there is nobody to tell
            changed = self._info(now)
            if now == addresses and changed.text == info.text:
                continue
            told = await zeroconf.async_update_service(changed)
            if now != addresses:  # after the facts: new interfaces are told at once, and must not hear the old address
                await zeroconf.async_update_interfaces(list(now))
            await told
            addresses, info = now, changed
            self._announced(addresses)

    async def _some_addresses(self) -> tuple[str, ...]:
        while not (addresses := tuple(self._addresses())):  # noqa: ASYNC110 - the system sends no event for it
            await asyncio.sleep(self._poll_s)
        return addresses

    def _info(self, addresses: Sequence[str]) -> AsyncServiceInfo:
        name = self._identity.name
        return AsyncServiceInfo(
            SERVICE_TYPE,
            f"{name}.{SERVICE_TYPE}",
            server=f"{name}.local.",
            port=self._port,
            addresses=[socket.inet_aton(address) for address in addresses],
            properties=self._identity.facts(),
        )

    def _announced(self, addresses: tuple[str, ...]) -> None:
        self.announced = addresses
        self._warned = False
        _log.info("announced %s at %s port %d", self._identity.name, ", ".join(addresses), self._port)

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
