"""A station answers: the API with everything behind it, at its doors (agent.doorway, agent.entrance)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from agent.brokering import make_mqtt, telling
from agent.commanding import make_services
from agent.doctor.checking import CheckDesk
from agent.doctor.desk import DoctorDesk
from agent.domain import Event, Json
from agent.doorway import Doorway
from agent.entrance import add_pairing, entrance, make_calls
from agent.events.lines import event_fields
from agent.evidence.desk import EvidenceDesk
from agent.fitting.configuration import ConfigDesk
from agent.fitting.desk import About, AimDesk, WalkDesk
from agent.health.watch import never
from agent.home import Home
from agent.hub.callhome import CallHome
from agent.hub.identity import Identity
from agent.hub.link import LinkServer
from agent.hub.mqtt.service import MqttService
from agent.logbook import LogBook
from agent.model_desk import ModelDesk
from agent.reset import FactoryReset
from agent.respond.desk import OutputsDesk
from agent.running import Running
from agent.shining import shining
from agent.station import Station
from agent.status import StatusDesk
from agent.tills import TillDesk
from agent.web.api import KEEPER, Facts, create_app
from agent.web.checks import ChecksApi
from agent.web.doctor import DoctorApi
from agent.web.evidence import EvidenceApi
from agent.web.feed import LiveFeed
from agent.web.fitting import FittingApi
from agent.web.foresight import ForesightApi
from agent.web.health import HealthApi
from agent.web.insight import InsightApi
from agent.web.intake import add_intake
from agent.web.live import add_live
from agent.web.models import ModelsApi
from agent.web.outputs import OutputsApi
from agent.web.picture import PictureStream
from agent.web.review import ReviewApi

PASSING = ("state", "tls")
"""Public facts that may be others by the time a report is read."""


@asynccontextmanager
async def answering(station: Station, door: Doorway, reset: FactoryReset, home: Home) -> AsyncIterator[Running]:
    """The camera answers while this lasts."""
    config, standing = station.config, door.standing
    door.bulletin.hand_to(station.desk.report)
    live = LiveFeed(config, station.clock, station.alarms.status)
    services = await make_services(station, PictureStream(live), home)
    link = LinkServer(station.journal, standing.identity(), services=services)
    mqtt = make_mqtt(station, standing.identity(), services.commands)
    calls = make_calls(config.hub, standing)
    status = _status(station, standing.identity, link, live, mqtt, calls)
    station.desk.watch(lambda item: live.note(event_fields(item)))
    station.desk.watch_frames(live.offer)
    live.status_from(status.bar)
    facts = Facts(standing.identity, status.facts, status.metrics)
    api = create_app(facts, link, sessions=home.sessions, keeper=door.doors.keeper)
    api[KEEPER].interlude.follow(station.vision.is_walking)
    add_live(api, live, seen=station.evidence.seen if station.evidence else None)
    await _add_services(api, station, standing.identity())
    aim = AimDesk(config, station.clock, live.next_frame)
    book = _add_fitting(api, station, standing.identity, home, aim)
    _add_doctor(api, station, status, aim)
    add_pairing(api, station, door, reset, home.sessions)
    async with entrance(api, door, calls), shining(station, standing):
        with book.kept():
            async with telling(mqtt):
                yield Running(config, status, station.desk, api, door.ports, door.ports.url(config.api))
        live.close()
        await link.close()


async def _add_services(api: web.Application, station: Station, identity: Identity) -> None:
    """The routes of the parts."""
    config, clock, report = station.config, station.clock, station.desk.report
    tills = TillDesk(config.tills, station.journal, clock, station.sensors.book, station.desk.safe)
    await tills.open()
    add_intake(api, station.sensors, tills, clock, station.thermal)
    HealthApi(station.health, station.picture, clock, report, station.care.resume).add_to(api)
    ForesightApi(station.care.foresight).add_to(api)
    OutputsApi(OutputsDesk(station.alarms, station.journal, clock, report)).add_to(api)
    ReviewApi(station.review).add_to(api)
    InsightApi(station.insight, config.insight).add_to(api)
    if station.evidence:
        facts = {key: fact for key, fact in identity.facts().items() if key not in PASSING}
        camera: dict[str, Json] = {**facts, "name": config.camera.name, "model_name": config.model.name}
        desk = EvidenceDesk(station.evidence, clock)
        EvidenceApi(desk, station.review, station.journal, camera).add_to(api)


def _add_fitting(
    api: web.Application, station: Station, identity: Callable[[], Identity], home: Home, aim: AimDesk
) -> LogBook:
    """The routes for whoever fits the camera; the book is filled while `kept`."""
    config, clock, desk, evidence = ConfigDesk(home), station.clock, station.desk, station.evidence
    about = About(
        station.config,
        lambda: identity().facts(),
        config.digest,
        station.health,
        evidence.key if evidence else None,
        lambda: station.capture.info,
    )
    walk, book = WalkDesk(about, clock, aim, desk.report), LogBook(clock)
    desk.watch(walk.item)
    desk.watch_frames(walk.frame)

    def note(kind: str, data: dict[str, Json]) -> None:
        desk.report(Event(kind, clock.monotonic(), data=data))

    FittingApi(aim, walk, config, book, note).add_to(api)
    return book


def _add_doctor(api: web.Application, station: Station, status: StatusDesk, aim: AimDesk) -> None:
    """The routes for whoever wants to know what is wrong."""
    config, keeper, evidence = station.config, api[KEEPER], station.evidence
    desk = DoctorDesk(
        config=config,
        clock=station.clock,
        status=status.facts,
        health=station.health.facts,
        aim=aim.facts,
        dark=station.picture.dark_expected if station.picture else never,
        foreign=lambda: keeper.counts.foreign,
        announced=config.api.announce,
        safe=station.safe,
        key=evidence.key if evidence else None,
    )
    DoctorApi(desk).add_to(api)
    ChecksApi(CheckDesk(station.clock, Path(config.storage.data_dir))).add_to(api)
    models = ModelDesk.of(config, station.clock)
    ModelsApi(models.listed, models.bench).add_to(api)


def _status(
    station: Station,
    identity: Callable[[], Identity],
    link: LinkServer,
    live: LiveFeed,
    mqtt: MqttService | None,
    calls: CallHome | None,
) -> StatusDesk:
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
        accelerator=station.accelerator,
        blind=station.blind,
        health=station.health,
        started_s=station.clock.monotonic(),
        unavailable=station.unavailable.rules,
        evidence=station.evidence.facts if station.evidence else dict,
        review=station.review.facts,
        review_metrics=station.review.metrics,
        mqtt=mqtt,
        calls=calls,
    )
