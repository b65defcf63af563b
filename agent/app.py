"""The composition root: builds the parts from the configuration and owns the only task group.

This is the walk of a frame; `run_camera` sets it going:

    camera -> mailbox -> [gate, detector, tracker, rules, incidents, alarm outputs] -> desk -> journal -> hub link
              capture thread             one hop on the vision thread                          own thread   loop
"""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from agent.build import Detectors, hal_settings, make_parts
from agent.config import Config
from agent.desk import Desk
from agent.domain import Event, Json, Severity
from agent.errors import OperatorError
from agent.events.journal import Journal, JournalLimits
from agent.events.lines import event_fields
from agent.evidence.service import Evidence
from agent.health.desk import HealthDesk
from agent.health.watch import PictureWatch
from agent.hub.addresses import reachable_addresses
from agent.hub.announce import Announcer
from agent.hub.identity import Identity
from agent.hub.link import LinkServer
from agent.insight.desk import InsightDesk
from agent.memory import RuleMemory
from agent.respond.alarms import AlarmBank
from agent.respond.arming import Arming, kept_wish
from agent.respond.direct import DirectResponse
from agent.review.desk import Review
from agent.rules.schedule import is_on
from agent.sensors import Sensors
from agent.status import StatusDesk
from agent.tills import TillDesk
from agent.version import VERSION
from agent.vision.detector import Detector
from agent.vision.pipeline import Pipeline
from agent.vision.thermal import WarmBodies
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from agent.warmth import ThermalWatch
from agent.watch import Heartbeat, feed_watchdog
from agent.web.api import Facts, create_app, serving
from agent.web.evidence import EvidenceApi
from agent.web.feed import LiveFeed
from agent.web.health import HealthApi
from agent.web.insight import InsightApi
from agent.web.intake import add_intake
from agent.web.live import add_live
from agent.web.outputs import OutputsApi
from agent.web.review import ReviewApi
from hal import open_hal
from hal.ports import Clock, Frame, Hal
from hal.system import ServiceManager

log = logging.getLogger(__name__)

LIFE = "life"
SCENE = "scene"
SWITCH_S = 0.0005
"""How long one thread may keep the others waiting; at the usual 5 ms a busy one delays the alarm by as much."""


@dataclass(slots=True)
class Eyes:
    """The threads that see and act, and what they share."""

    alarms: AlarmBank
    sensors: Sensors
    direct: DirectResponse
    thermal: ThermalWatch | None
    capture: CaptureThread
    vision: VisionThread
    mailbox: Mailbox[Frame]
    counters: Counters
    desk: Desk
    memory: RuleMemory
    review: Review
    ended: asyncio.Event
    evidence: Evidence | None
    picture: PictureWatch | None
    health: HealthDesk

    def heartbeats(self) -> dict[str, Heartbeat]:
        """Signs of life for the watchdog."""
        return {
            "capture": lambda: self.capture.heartbeat_s,
            "inference": lambda: self.vision.busy_since_s,
            "outputs": lambda: self.alarms.heartbeat_s,
            "journal": self.desk.journal_busy_since_s,
        }


@dataclass(frozen=True, slots=True)
class Running:
    """A camera that answers, for those who started it."""

    config: Config
    status: StatusDesk
    desk: Desk
    url: str


async def run_camera(config: Config, stop: asyncio.Event, ready: Callable[[Running], None] | None = None) -> None:
    """Run a camera until `stop` is set or its source ends; `ready` is called once it sees and answers.

    Raises OperatorError or HalError when a person must act, an ExceptionGroup when a core part failed.
    """
    sys.setswitchinterval(SWITCH_S)
    data, manager = _data_dir(config), ServiceManager()
    with open_hal(hal_settings(config)) as hal:
        detectors = Detectors(config.model, hal.clock)
        detector = detectors.open()
        async with await Journal.open(data / "journal.db", hal.clock, _limits(config)) as journal:
            desk = Desk(journal)
            memory = await RuleMemory.load(journal, hal.clock)
            alarms = await _make_alarms(config, hal, journal, desk)
            review = await Review.open(config, journal, hal.clock, desk.report)
            insight = await InsightDesk.open(config, journal, hal.clock, desk.report)
            desk.watch_frames(insight.frame)
            evidence = await Evidence.open(config, hal, journal, desk.report)
            picture = await _make_picture(config, hal.clock, journal)
            eyes = _make_eyes(config, hal, desk, memory, detectors, detector, alarms, review, evidence, picture)
            async with _noted_life(config, hal.clock, journal, desk), asyncio.TaskGroup() as tasks:
                core = [
                    tasks.create_task(journal.watch()),
                    tasks.create_task(eyes.direct.run()),
                    tasks.create_task(review.run(lambda: eyes.capture.receiving)),
                    tasks.create_task(insight.run()),
                    tasks.create_task(feed_watchdog(manager, eyes.heartbeats(), hal.clock)),
                ]
                async with _seeing(eyes), _answering(config, hal, journal, eyes, detector, insight) as running:
                    _settle_memory()
                    manager.ready(f"watching as {config.camera.name}")
                    if ready:
                        ready(running)
                    await _first_of(stop, eyes.ended)
                    manager.stopping()
                for task in core:
                    task.cancel()
                await review.close()
                await insight.close()
                if eyes.vision.failure:
                    raise eyes.vision.failure


@asynccontextmanager
async def _noted_life(config: Config, clock: Clock, journal: Journal, desk: Desk) -> AsyncIterator[None]:
    """Journal the start, and how the run before it ended: `first`, `stopped`, `failed` or `killed` (or a power cut)."""
    before = await journal.kept(LIFE)
    last_end = {None: "first", b"running": "killed"}.get(before) or (before or b"").decode()
    severity = Severity.WARNING if last_end in ("killed", "failed") else Severity.INFO
    data: dict[str, Json] = {"version": VERSION, "model": config.model.name, "last_end": last_end}
    await journal.keep(LIFE, b"running")
    desk.report(Event("start", clock.monotonic(), severity, data))
    end = b"failed"
    try:
        yield
        end = b"stopped"
    finally:
        desk.report(Event("stop", clock.monotonic(), data={"end": end.decode()}))
        await journal.keep(LIFE, end)


async def _make_alarms(config: Config, hal: Hal, journal: Journal, desk: Desk) -> AlarmBank:
    """The outputs, armed or not as was said before the last restart."""
    minute, wish = _local_minute(config, hal.clock), await kept_wish(journal)
    arming = Arming(config.schedules, minute, lambda: hal.clock.wall().utc_s, wish)
    return AlarmBank(config.outputs, hal.outputs, hal.clock, desk.report, ladders=config.ladders, arming=arming)


async def _make_picture(config: Config, clock: Clock, journal: Journal) -> PictureWatch | None:
    """What looks after the picture, with the scene that the last run learned."""
    if not config.health.image:
        return None
    loop, minute = asyncio.get_running_loop(), _local_minute(config, clock)
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


def _make_eyes(
    config: Config,
    hal: Hal,
    desk: Desk,
    memory: RuleMemory,
    detectors: Detectors,
    detector: Detector,
    alarms: AlarmBank,
    review: Review,
    evidence: Evidence | None,
    picture: PictureWatch | None,
) -> Eyes:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    prefix = secrets.token_hex(4)
    direct = DirectResponse(config.rules, alarms, hal.clock, desk.report, prefix)
    sensors = Sensors(config.inputs, hal.inputs, direct.hear)
    thermal = _make_thermal(config, hal, desk)
    mailbox: Mailbox[Frame] = Mailbox()
    counters = Counters()

    def make_pipeline(aspect: float) -> Pipeline:
        bars, others = review.bars, [thermal] if thermal else []
        parts = make_parts(
            config, detectors, detector, aspect=aspect, prefix=prefix, alarms=alarms, bars=bars, others=others
        )
        parts.picture = picture
        memory.attach(parts.rules)
        return Pipeline(parts, hal.clock.monotonic, _local_minute(config, hal.clock), sensors.take)

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)

    offer = evidence.offer if evidence else None
    capture = CaptureThread(hal.camera, mailbox, hal.clock, counters, desk.report, offer)
    vision = VisionThread(make_pipeline, mailbox, hal.clock, counters, desk.deliver, end)
    sensors.start(hal.clock.monotonic())
    health = HealthDesk(hal.clock)
    desk.watch(health.take)
    desk.watch_frames(lambda outcome: memory.frame(outcome.frame.t_s))
    if evidence:
        desk.watch_frames(evidence.frame)
        desk.watch(evidence.item)
    return Eyes(
        alarms,
        sensors,
        direct,
        thermal,
        capture,
        vision,
        mailbox,
        counters,
        desk,
        memory,
        review,
        ended,
        evidence,
        picture,
        health,
    )


def _make_thermal(config: Config, hal: Hal, desk: Desk) -> ThermalWatch | None:
    if hal.thermal is None:
        return None
    bodies = WarmBodies(config.thermal.min_contrast_k)
    return ThermalWatch(hal.thermal, bodies, hal.clock, desk.report, config.thermal.fps)


@asynccontextmanager
async def _seeing(eyes: Eyes) -> AsyncIterator[None]:
    """The threads run; at the end everything open is closed, journaled and switched off."""
    eyes.alarms.start()
    if eyes.thermal:
        eyes.thermal.start()
    if eyes.evidence:
        eyes.evidence.start()
    eyes.vision.start()
    eyes.capture.start()
    try:
        yield
    finally:
        await asyncio.to_thread(_stop_seeing, eyes)


def _stop_seeing(eyes: Eyes) -> None:
    eyes.capture.stop()
    eyes.vision.stop()
    if eyes.thermal:
        eyes.thermal.stop()
    for incident in eyes.vision.finish():
        eyes.desk.report(incident)
    eyes.direct.finish()
    eyes.memory.finish()
    eyes.alarms.stop()
    if eyes.evidence:
        eyes.evidence.stop()


@asynccontextmanager
async def _answering(
    config: Config, hal: Hal, journal: Journal, eyes: Eyes, detector: Detector, insight: InsightDesk
) -> AsyncIterator[Running]:
    """The camera answers on its address and is announced."""
    if config.api.allow_insecure:
        log.warning("api.allow_insecure is set: strangers on this network may read and listen to this camera")
    identity = Identity(id=hal.board.serial, model=hal.board.model, fw=VERSION)
    link = LinkServer(journal, identity)
    live = LiveFeed(config, hal.clock, eyes.alarms.status)
    status = _status(config, hal, journal, eyes, detector, identity, link, live)
    eyes.desk.watch(lambda item: live.note(event_fields(item)))
    eyes.desk.watch_frames(live.offer)
    live.status_from(status.bar)
    api = create_app(Facts(lambda: identity, status.facts, status.metrics), link)
    add_live(api, live, seen=eyes.evidence.seen if eyes.evidence else None)
    tills = TillDesk(config.tills, journal, hal.clock, eyes.sensors.book, eyes.desk.safe)
    await tills.open()
    add_intake(api, eyes.sensors, tills, hal.clock, eyes.thermal)
    HealthApi(eyes.health, eyes.picture, hal.clock, eyes.desk.report).add_to(api)
    OutputsApi(eyes.alarms, journal, hal.clock, eyes.desk.report).add_to(api)
    ReviewApi(eyes.review).add_to(api)
    if eyes.evidence:
        camera: dict[str, Json] = {**identity.facts(), "name": config.camera.name, "model_name": config.model.name}
        EvidenceApi(eyes.evidence, eyes.review, journal, hal.clock, camera).add_to(api)
    InsightApi(insight, config.insight).add_to(api)
    async with _served(api, config) as port, _announced(config, identity, port):
        yield Running(config, status, eyes.desk, f"http://{config.api.host}:{port}")
        live.close()
        await link.close()


def _status(
    config: Config,
    hal: Hal,
    journal: Journal,
    eyes: Eyes,
    detector: Detector,
    identity: Identity,
    link: LinkServer,
    live: LiveFeed,
) -> StatusDesk:
    return StatusDesk(
        config=config,
        clock=hal.clock,
        identity=identity,
        journal=journal,
        alarms=eyes.alarms,
        capture=eyes.capture,
        mailbox=eyes.mailbox,
        counters=eyes.counters,
        live=live,
        link=link,
        accelerator=detector.accelerator_info,
        started_s=hal.clock.monotonic(),
        evidence=eyes.evidence.facts if eyes.evidence else dict,
        review=eyes.review.facts,
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


def _local_minute(config: Config, clock: Clock) -> Callable[[], int | None]:
    """The shop's local minute of the week; 0 is Monday 00:00."""
    zone = ZoneInfo(config.camera.time_zone)

    def minute_of_week() -> int:
        local = datetime.fromtimestamp(clock.wall().utc_s, UTC).astimezone(zone)
        return local.weekday() * 24 * 60 + local.hour * 60 + local.minute

    return minute_of_week


def _limits(config: Config) -> JournalLimits:
    return JournalLimits(max_events=config.storage.max_events, max_age_s=config.storage.max_age_days * 86_400)


def _settle_memory() -> None:
    """Leave what the start made out of every later garbage collection; going through it all stalls a frame by 30 ms."""
    gc.collect()
    gc.freeze()


def _data_dir(config: Config) -> Path:
    """The folder of what must survive, made where it is missing. Raises OperatorError."""
    path = Path(config.storage.data_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "set storage.data_dir to a folder that this user may write"
        raise OperatorError(f"cannot make {path}: {error.strerror}", hint=hint) from None
    return path


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
