"""A station answers: the API with everything behind it, on its address, announced by mDNS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from agent.config import Config
from agent.desk import Desk
from agent.domain import Json
from agent.errors import OperatorError
from agent.events.lines import event_fields
from agent.evidence.desk import EvidenceDesk
from agent.hub.addresses import reachable_addresses
from agent.hub.announce import Announcer
from agent.hub.identity import Identity
from agent.hub.link import LinkServer
from agent.respond.desk import OutputsDesk
from agent.station import Station
from agent.status import StatusDesk
from agent.tills import TillDesk
from agent.version import VERSION
from agent.web.api import Facts, create_app, serving
from agent.web.evidence import EvidenceApi
from agent.web.feed import LiveFeed
from agent.web.health import HealthApi
from agent.web.insight import InsightApi
from agent.web.intake import add_intake
from agent.web.live import add_live
from agent.web.outputs import OutputsApi
from agent.web.review import ReviewApi

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A camera that answers, for those who started it."""

    config: Config
    status: StatusDesk
    desk: Desk
    url: str


@asynccontextmanager
async def answering(station: Station) -> AsyncIterator[Running]:
    """The camera answers while this lasts. Raises OperatorError when its address is not to be had."""
    config, board = station.config, station.hal.board
    if config.api.allow_insecure:
        log.warning("api.allow_insecure is set: strangers on this network may read and listen to this camera")
    identity = Identity(id=board.serial, model=board.model, fw=VERSION)
    link = LinkServer(station.journal, identity)
    live = LiveFeed(config, station.clock, station.alarms.status)
    status = _status(station, identity, link, live)
    station.desk.watch(lambda item: live.note(event_fields(item)))
    station.desk.watch_frames(live.offer)
    live.status_from(status.bar)
    api = create_app(Facts(lambda: identity, status.facts, status.metrics), link)
    add_live(api, live, seen=station.evidence.seen if station.evidence else None)
    await _add_services(api, station, identity)
    async with _served(api, config) as port, _announced(config, identity, port):
        yield Running(config, status, station.desk, f"http://{config.api.host}:{port}")
        live.close()
        await link.close()


async def _add_services(api: web.Application, station: Station, identity: Identity) -> None:
    """The routes of the parts."""
    config, clock, report = station.config, station.clock, station.desk.report
    tills = TillDesk(config.tills, station.journal, clock, station.sensors.book, station.desk.safe)
    await tills.open()
    add_intake(api, station.sensors, tills, clock, station.thermal)
    HealthApi(station.health, station.picture, clock, report).add_to(api)
    OutputsApi(OutputsDesk(station.alarms, station.journal, clock, report)).add_to(api)
    ReviewApi(station.review).add_to(api)
    InsightApi(station.insight, config.insight).add_to(api)
    if station.evidence:
        camera: dict[str, Json] = {**identity.facts(), "name": config.camera.name, "model_name": config.model.name}
        desk = EvidenceDesk(station.evidence, clock)
        EvidenceApi(desk, station.review, station.journal, camera).add_to(api)


def _status(station: Station, identity: Identity, link: LinkServer, live: LiveFeed) -> StatusDesk:
    return StatusDesk(
        config=station.config,
        clock=station.clock,
        identity=identity,
        journal=station.journal,
        alarms=station.alarms,
        capture=station.capture,
        mailbox=station.mailbox,
        counters=station.counters,
        live=live,
        link=link,
        accelerator=station.detector.accelerator_info,
        started_s=station.clock.monotonic(),
        unavailable=station.unavailable.rules,
        evidence=station.evidence.facts if station.evidence else dict,
        review=station.review.facts,
        review_metrics=station.review.metrics,
    )


@asynccontextmanager
async def _served(api: web.Application, config: Config) -> AsyncIterator[int]:
    """Serve the API. Raises OperatorError when its address is not to be had."""
    host, port = config.api.host, config.api.port
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(serving(api, host, port))
        except OSError as error:
            hint = "another program uses it, or the address is not this computer's; change api.host or api.port"
            raise OperatorError(f"cannot listen on {host} port {port}: {error.strerror}", hint=hint) from None
        yield server.port


@asynccontextmanager
async def _announced(config: Config, identity: Identity, port: int) -> AsyncIterator[None]:
    """Announce by mDNS while this lasts: an optional service that warns, tries again, and never ends the app."""
    if not config.api.announce:
        yield
        return
    announcer = Announcer(identity, port, lambda: reachable_addresses(config.api.host))
    task = asyncio.create_task(announcer.run(), name="announce")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
