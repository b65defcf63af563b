"""Opens the doors that are configured, announces the one for hubs, and keeps both true when the trust changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from agent.domain import Event, Json, Severity
from agent.errors import OperatorError
from agent.hostport import join
from agent.hub.addresses import reachable_addresses
from agent.hub.announce import Announcer
from agent.hub.callhome import CallHome
from agent.hub.claims import Claims
from agent.hub.directory import Directory
from agent.hub.dnssd import Domain
from agent.reset import FactoryReset
from agent.standing import Keyed, Standing
from agent.station import Station
from agent.tables.hub import HubConfig
from agent.tables.service import ApiConfig
from agent.web.api import KEEPER
from agent.web.commission import SessionsApi, Whereabouts, add_page, admission
from agent.web.doors import Doors, PlainDoor, SocketDoor, TlsDoor, opened
from agent.web.guard import Doorkeeper
from agent.web.pairing import NoPairingApi, PairingApi, Place
from agent.web.resetting import ResetApi
from agent.web.sessions import Life, Sessions

RECHECK_S = 5.0
"""How long a technician's pass may outlive its end on a connection that is in use."""


@dataclass(slots=True)
class Ports:
    """Where the camera listens; None where it does not."""

    plain: int | None = None
    tls: int | None = None

    def url(self, config: ApiConfig) -> str:
        """An address for who is on this computer; "" where there is only the socket."""
        if self.plain is not None:
            return f"http://{join(config.host, self.plain)}"
        return f"https://{join(config.tls_host, self.tls)}" if self.tls is not None else ""


def add_pairing(
    api: web.Application,
    station: Station,
    standing: Standing,
    reset: FactoryReset,
    ports: Ports,
    sessions: Sessions,
) -> None:
    """The routes of pairing and of the page's sessions, where there is a TLS door, and of a reset."""
    report, clock, host = station.desk.report, station.clock, station.config.api.tls_host
    fp = standing.keyed.device.fp if standing.keyed else ""
    ResetApi(standing.id, fp, reset, report).add_to(api)
    add_page(api)
    if standing.keyed is None:
        NoPairingApi().add_to(api)
        return
    trust = standing.keyed.trust

    sessions.begin(Life(fp, clock.monotonic, report, admission(trust)))
    place = Place(standing.id, fp, lambda: ports.tls or 0, lambda: reachable_addresses(host))
    claims = Claims(clock.monotonic)
    PairingApi(place, trust, claims, api[KEEPER], clock, report).add_to(api)
    SessionsApi(sessions, claims, Whereabouts(place.port, place.addresses)).add_to(api)
    trust.watch(sessions.sweep)


def make_calls(config: HubConfig, standing: Standing) -> CallHome | None:
    """How the camera calls its hub; None where that is not configured, or there is no TLS door to lead it to."""
    if standing.keyed is None or not (config.place or config.domain):
        return None
    trust, domain = standing.keyed.trust, Domain(config.domain) if config.domain else None
    directory = Directory(config.place, domain, lambda: trust.pins.hub)
    return CallHome(standing.id, standing.keyed.device.key, directory, lambda: trust.claimed)


@asynccontextmanager
async def entrance(
    api: web.Application, station: Station, standing: Standing, ports: Ports, calls: CallHome | None
) -> AsyncIterator[None]:
    """The doors are open and announced while this lasts. Raises OperatorError when an address is not to be had."""
    keeper, config = api[KEEPER], station.config
    async with opened(api, keeper) as doors:
        tls = TlsDoor(standing.keyed.device, standing.keyed.trust) if standing.keyed else None
        await _open(doors, config.api, tls, ports)
        async with (
            _announced(station, standing, ports),
            _kept_true(standing.keyed, keeper),
            _calling(calls, doors, tls),
        ):
            yield


async def _open(doors: Doors, config: ApiConfig, tls: TlsDoor | None, ports: Ports) -> None:
    if config.plain:
        with _explained(f"{config.host} port {config.port}", "api.host or api.port"):
            ports.plain = await doors.listen(PlainDoor(), config.host, config.port)
    if tls is not None:
        with _explained(f"{config.tls_host} port {config.tls_port}", "api.tls_host or api.tls_port"):
            ports.tls = await doors.listen(tls, config.tls_host, config.tls_port)
    if config.socket is not None:
        with _explained(config.socket, "api.socket"):
            await doors.listen_at(SocketDoor(), Path(config.socket))


@contextmanager
def _explained(where: str, keys: str) -> Iterator[None]:
    """Raises OperatorError in place of an OSError."""
    try:
        yield
    except OSError as error:
        hint = f"another program uses it, or it is not this computer's; change {keys}"
        raise OperatorError(f"cannot listen on {where}: {error.strerror or error}", hint=hint) from None


@asynccontextmanager
async def _announced(station: Station, standing: Standing, ports: Ports) -> AsyncIterator[None]:
    """Announce by mDNS while this lasts: an optional service that warns, tries again, and never ends the app."""
    config = station.config.api
    port, host = (ports.plain, config.host) if ports.tls is None else (ports.tls, config.tls_host)
    if not config.announce or port is None:
        yield
        return

    def conflict(words: str) -> None:
        data: dict[str, Json] = {"name": standing.identity().name, "other": words}
        station.desk.report(Event("name_conflict", station.clock.monotonic(), Severity.WARNING, data))

    announcer = Announcer(standing.identity(), port, lambda: reachable_addresses(host), conflict)
    if standing.keyed:
        standing.keyed.trust.watch(lambda: announcer.update(standing.identity()))
    async with _running(announcer.run(), "announce"):
        yield


@asynccontextmanager
async def _calling(calls: CallHome | None, doors: Doors, tls: TlsDoor | None) -> AsyncIterator[None]:
    """Call the hub while this lasts, where it is configured; what it says then counts as at the TLS door."""
    if calls is None or tls is None:
        yield
        return
    async with _running(calls.run(lambda connection: doors.take(tls, connection)), "call-home"):
        yield


@asynccontextmanager
async def _kept_true(keyed: Keyed | None, keeper: Doorkeeper) -> AsyncIterator[None]:
    """Whoever loses by a change of the trust is cut off at once, and at its end a technician, too."""
    if keyed is None:
        yield
        return
    keyed.trust.watch(keeper.recheck)
    async with _running(_every(RECHECK_S, keeper.recheck), "recheck"):
        yield


async def _every(seconds: float, chore: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        chore()


@asynccontextmanager
async def _running(chore: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(chore, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
