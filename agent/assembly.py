"""Makes one camera's station: every part from the configuration, wired to the others; nothing runs yet."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent.build import Detectors, make_parts
from agent.care import Care, is_local, make_care
from agent.config import Config
from agent.desk import Desk
from agent.events.journal import Journal
from agent.evidence.service import Evidence
from agent.fitting.view import with_lens
from agent.health.desk import HealthDesk
from agent.health.figures import WalkFigures
from agent.health.life import LifeBook
from agent.health.medic import Patient
from agent.health.watch import KEY as SCENE
from agent.health.watch import PictureWatch
from agent.insight.desk import InsightDesk
from agent.memory import RuleMemory
from agent.models import Catalogue, store_of
from agent.respond.alarms import AlarmBank
from agent.respond.arming import Arming, kept_wish
from agent.respond.direct import DirectResponse
from agent.review.desk import Review
from agent.rules.schedule import is_on
from agent.sensors import Sensors
from agent.station import Station
from agent.status import Unavailable
from agent.vision.detector import Detector
from agent.vision.pipeline import Pipeline
from agent.vision.thermal import WarmBodies
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from agent.warmth import ThermalWatch
from hal.ports import Clock, Frame, Hal

FAULTS = "accelerator"
"""The file that a simulated accelerator reads its faults from, beside the journal."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every part stands on; `prefix` makes the ids of this life's incidents unique."""

    config: Config
    hal: Hal
    journal: Journal
    desk: Desk
    life: LifeBook
    prefix: str
    ended: asyncio.Event


@dataclass(frozen=True, slots=True)
class _Senses:
    """What looks, and what keeps what was seen; a safe life has none."""

    detectors: Detectors
    detector: Detector
    evidence: Evidence | None
    picture: PictureWatch | None
    thermal: ThermalWatch | None


@dataclass(frozen=True, slots=True)
class _Response:
    """What judges and answers what is seen and heard."""

    memory: RuleMemory
    alarms: AlarmBank
    review: Review
    direct: DirectResponse
    sensors: Sensors


@dataclass(frozen=True, slots=True)
class _Walk:
    """The two threads of the walk, and what lies between them."""

    mailbox: Mailbox[Frame]
    counters: Counters
    capture: CaptureThread
    vision: VisionThread


async def make_station(config: Config, hal: Hal, journal: Journal, life: LifeBook | None = None) -> Station:
    """Make and wire everything; nothing runs yet. Without a `life` none is counted.

    Raises OperatorError, ModelError or HalError.
    """
    life, prefix = life or LifeBook.uncounted(journal), secrets.token_hex(4)
    ground = _Ground(config, hal, journal, Desk(journal), life, prefix, asyncio.Event())
    senses = None if life.safe else await _open_senses(ground)
    response = await _make_response(ground)
    walk = _make_walk(ground, senses, response)
    station = await _join(ground, senses, response, walk)
    _show_all(station)
    if station.care.medic and (why := station.accelerator().degraded):
        station.care.medic.start_degraded(why)
    if not life.safe:
        response.sensors.start(hal.clock.monotonic())
    return station


async def _open_senses(ground: _Ground) -> _Senses:
    config, hal = ground.config, ground.hal
    catalogue = Catalogue.load(store=store_of(config.storage.data_dir))
    detectors = Detectors(config.model, hal.clock, catalogue, faults=f"{config.storage.data_dir}/{FAULTS}")
    return _Senses(
        detectors,
        detectors.open(),
        evidence=await Evidence.open(config, hal, ground.journal, ground.desk),
        picture=await _make_picture(config, hal.clock, ground.journal),
        thermal=_make_thermal(config, hal, ground.desk),
    )


async def _make_response(ground: _Ground) -> _Response:
    config, hal, journal, report = ground.config, ground.hal, ground.journal, ground.desk.report
    alarms = await _make_alarms(config, hal, journal, ground.desk)
    direct = DirectResponse(config.rules, alarms, hal.clock, report, ground.prefix)
    return _Response(
        await RuleMemory.load(journal, hal.clock),
        alarms,
        await Review.open(config, journal, hal.clock, report),
        direct,
        Sensors(config.inputs, hal.inputs, direct.hear),
    )


def _make_walk(ground: _Ground, senses: _Senses | None, response: _Response) -> _Walk:
    """The threads from camera to alarm; when the source ends, so does the camera."""
    clock, desk, loop = ground.hal.clock, ground.desk, asyncio.get_running_loop()
    mailbox, counters = Mailbox[Frame](), Counters()
    offer = senses.evidence.offer if senses and senses.evidence else None

    def make_pipeline(aspect: float) -> Pipeline:
        assert senses is not None, "a safe life walks nothing"
        return _make_pipeline(ground, senses, response, aspect, capture.info.view_deg if capture.info else None)

    def end() -> None:
        loop.call_soon_threadsafe(ground.ended.set)

    capture = CaptureThread(ground.hal.camera, mailbox, clock, counters, desk.report, offer)
    vision = VisionThread(make_pipeline, mailbox, clock, counters, desk.deliver, end)
    return _Walk(mailbox, counters, capture, vision)


def _make_pipeline(
    ground: _Ground, senses: _Senses, response: _Response, aspect: float, lens_deg: float | None
) -> Pipeline:
    """One hop of the walk, for pictures of this aspect (width / height) through a lens that sees so much of them."""
    config, clock = with_lens(ground.config, lens_deg), ground.hal.clock
    parts = make_parts(
        config,
        senses.detectors,
        senses.detector,
        aspect=aspect,
        prefix=ground.prefix,
        alarms=response.alarms,
        bars=response.review.bars,
        others=[senses.thermal] if senses.thermal else [],
        picture=senses.picture,
    )
    response.memory.attach(parts.rules)
    return Pipeline(parts, clock.monotonic, local_minute(config, clock), response.sensors.take)


async def _join(ground: _Ground, senses: _Senses | None, response: _Response, walk: _Walk) -> Station:
    """The station of all these, with what looks after them."""
    config, hal, journal, health = ground.config, ground.hal, ground.journal, HealthDesk(ground.hal.clock)
    return Station(
        config=config,
        hal=hal,
        journal=journal,
        desk=ground.desk,
        detector=senses.detector if senses else None,
        alarms=response.alarms,
        direct=response.direct,
        sensors=response.sensors,
        thermal=senses.thermal if senses else None,
        picture=senses.picture if senses else None,
        health=health,
        unavailable=Unavailable(),
        memory=response.memory,
        review=response.review,
        insight=await InsightDesk.open(config, journal, hal.clock, ground.desk.report),
        evidence=senses.evidence if senses else None,
        mailbox=walk.mailbox,
        counters=walk.counters,
        capture=walk.capture,
        vision=walk.vision,
        care=await _make_care(ground, senses, response, walk, health),
        ended=ground.ended,
    )


async def _make_care(
    ground: _Ground, senses: _Senses | None, response: _Response, walk: _Walk, health: HealthDesk
) -> Care:
    """What looks after the board, the walk and the days of the camera."""
    config, hal, journal, life = ground.config, ground.hal, ground.journal, ground.life
    capture, vision = walk.capture, walk.vision
    opener = senses.detectors.open if senses else None
    figures = WalkFigures(
        hal.clock,
        capture,
        vision,
        walk.mailbox,
        walk.counters,
        journal,
        response.alarms,
        starts=lambda: life.starts,
        room_c=senses.thermal.room_c if senses and senses.thermal else lambda: None,
    )
    patient = Patient(capture, vision, opener, ground.ended.set, hal.powers, is_local(config.camera.source))
    return await make_care(config, hal, journal, ground.desk, health, life, figures, patient)


def _show_all(station: Station) -> None:
    """Who watches what goes by."""
    desk = station.desk
    station.review.keeper.said = desk.show
    desk.watch(station.health.take)
    desk.watch(station.unavailable.take)
    if station.picture:
        station.picture.sinks.append(station.care.foresight.take)
        station.care.foresight.beside.append(station.picture.unkept)
    desk.watch_frames(station.insight.frame)
    desk.watch_frames(lambda outcome: station.memory.frame(outcome.frame.t_s))
    if station.evidence:
        desk.watch_frames(station.evidence.frame)
        desk.watch(station.evidence.item)


async def _make_alarms(config: Config, hal: Hal, journal: Journal, desk: Desk) -> AlarmBank:
    """The outputs, armed or not as was said before the last restart."""
    minute, wish = local_minute(config, hal.clock), await kept_wish(journal)
    arming = Arming(config.schedules, minute, lambda: hal.clock.wall().utc_s, wish)
    return AlarmBank(config.alarm_outputs, hal.outputs, hal.clock, desk.report, ladders=config.ladders, arming=arming)


async def _make_picture(config: Config, clock: Clock, journal: Journal) -> PictureWatch | None:
    """What looks after the picture, with the scene that the last run learned."""
    if not config.health.image:
        return None
    loop, minute = asyncio.get_running_loop(), local_minute(config, clock)
    closed = next((one for one in config.schedules if one.name == config.health.dark_schedule), None)

    def dark_expected() -> bool:
        now = minute()
        return closed is not None and now is not None and is_on(closed, now)

    def keep(scene: bytes) -> None:
        asyncio.run_coroutine_threadsafe(journal.keep(SCENE, scene), loop)

    picture = PictureWatch(config.health.learn_s, dark_expected, keep)
    if kept := await journal.kept(SCENE):
        picture.restore(kept, clock.monotonic())
    return picture


def _make_thermal(config: Config, hal: Hal, desk: Desk) -> ThermalWatch | None:
    if hal.thermal is None:
        return None
    bodies = WarmBodies(config.thermal.min_contrast_k)
    return ThermalWatch(hal.thermal, bodies, hal.clock, desk.report, config.thermal.fps)


def local_minute(config: Config, clock: Clock) -> Callable[[], int | None]:
    """The shop's local minute of the week; 0 is Monday 00:00."""
    zone = ZoneInfo(config.camera.time_zone)

    def minute_of_week() -> int:
        local = datetime.fromtimestamp(clock.wall().utc_s, UTC).astimezone(zone)
        return local.weekday() * 24 * 60 + local.hour * 60 + local.minute

    return minute_of_week
