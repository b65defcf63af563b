"""What stands behind the camera's doors once all of it is there: pairing, the page, calls to the hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from agent.beside import beside
from agent.doorway import Doorway
from agent.hub.addresses import reachable_addresses
from agent.hub.callhome import CallHome
from agent.hub.claims import Claims
from agent.hub.directory import Directory
from agent.hub.dnssd import Domain
from agent.reset import FactoryReset
from agent.standing import Keyed, Standing
from agent.station import Station
from agent.tables.hub import HubConfig
from agent.web.api import KEEPER
from agent.web.commission import SessionsApi, Whereabouts, add_page, admission
from agent.web.guard import Doorkeeper
from agent.web.pairing import NoPairingApi, PairingApi, Place
from agent.web.resetting import ResetApi
from agent.web.serving import answered
from agent.web.sessions import Life, Sessions

RECHECK_S = 5.0
"""How long a technician's pass may outlive its end on a connection that is in use."""


def add_pairing(api: web.Application, station: Station, door: Doorway, reset: FactoryReset, sessions: Sessions) -> None:
    """The routes of pairing and of the page's sessions, where there is a TLS door, and of a reset."""
    report, clock, host, standing = station.desk.report, station.clock, station.config.api.tls_host, door.standing
    fp = standing.keyed.device.fp if standing.keyed else ""
    ResetApi(standing.id, fp, reset, report).add_to(api)
    add_page(api)
    if standing.keyed is None:
        NoPairingApi().add_to(api)
        return
    trust = standing.keyed.trust

    sessions.begin(Life(fp, clock.monotonic, report, admission(trust)))
    place = Place(standing.id, fp, lambda: door.ports.tls or 0, lambda: reachable_addresses(host))
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
async def entrance(api: web.Application, door: Doorway, calls: CallHome | None) -> AsyncIterator[None]:
    """Whoever comes is answered while this lasts."""
    async with answered(api, door.doors):
        try:
            async with _kept_true(door.standing.keyed, api[KEEPER]), _calling(calls, door):
                door.begin()
                yield
        finally:
            await door.leave()


@asynccontextmanager
async def _calling(calls: CallHome | None, door: Doorway) -> AsyncIterator[None]:
    """Call the hub while this lasts, where it is configured; what it says then counts as at the TLS door."""
    if calls is None or (tls := door.tls) is None:
        yield
        return
    async with beside(calls.run(lambda connection: door.doors.take(tls, connection)), "call-home"):
        yield


@asynccontextmanager
async def _kept_true(keyed: Keyed | None, keeper: Doorkeeper) -> AsyncIterator[None]:
    """Whoever loses by a change of the trust is cut off at once, and at its end a technician, too."""
    if keyed is None:
        yield
        return
    keyed.trust.watch(keeper.recheck)
    async with beside(_every(RECHECK_S, keeper.recheck), "recheck"):
        yield


async def _every(seconds: float, chore: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        chore()
