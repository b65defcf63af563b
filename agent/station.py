"""One camera's station: every part made from the configuration and wired, started and stopped in order."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.build import Detectors, make_parts
from agent.care import Care, is_local, make_care
from agent.config import Config
from agent.desk import Desk
from agent.events.journal import Journal
from agent.evidence.service import Evidence
from agent.health.desk import HealthDesk
from agent.health.figures import WalkFigures
from agent.health.life import LifeBook
from agent.health.medic import Patient
from agent.health.watch import PictureWatch
from agent.insight.desk import InsightDesk
from agent.memory import RuleMemory
from agent.respond.alarms import AlarmBank
from agent.respond.arming import Arming, kept_wish
from agent.respond.direct import DirectResponse
from agent.review.desk import Review
from agent.rules.schedule import is_on
from agent.sensors import Sensors
from agent.status import Unavailable
from agent.update.report import report_updates
from agent.vision.detector import Detector
from agent.vision.pipeline import Pipeline
from agent.vision.thermal import WarmBodies
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from agent.warmth import ThermalWatch
from agent.watch import Heartbeat, stale
from hal.ports import AcceleratorInfo, Clock, Frame, Hal

SCENE = "scene"
FAULTS = "accelerator"
"""The file that a simulated accelerator reads its faults from, beside the journal."""
BLIND = AcceleratorInfo("none", "none", 0, "safe mode: nothing is seen")


@dataclass(frozen=True, slots=True)
class Station:
    """The parts, and what they share. Those that are not configured are None.

    In safe mode (`care.life.safe`) nothing is seen: no detector, and the threads of camera and walk do not run.
    """

    config: Config
    hal: Hal
    journal: Journal
    desk: Desk
    detector: Detector | None
    alarms: AlarmBank
    direct: DirectResponse
    sensors: Sensors
    thermal: ThermalWatch | None
    picture: PictureWatch | None
    health: HealthDesk
    unavailable: Unavailable
    memory: RuleMemory
    review: Review
    insight: InsightDesk
    evidence: Evidence | None
    mailbox: Mailbox[Frame]
    counters: Counters
    capture: CaptureThread
    vision: VisionThread
    care: Care
    ended: asyncio.Event

    @property
    def clock(self) -> Clock:
        return self.hal.clock

    def heartbeats(self) -> dict[str, Heartbeat]:
        """Signs of life for the watchdog."""
        sight: dict[str, Heartbeat] = {
            "capture": lambda: self.capture.heartbeat_s,
            "inference": lambda: self.vision.busy_since_s,
        }
        return {
            **({} if self.safe else sight),
            "outputs": lambda: self.alarms.heartbeat_s,
            "journal": self.desk.journal_busy_since_s,
        }

    @property
    def safe(self) -> bool:
        """Whether this is a safe life, which sees nothing."""
        return bool(self.care.life.safe)

    def accelerator(self) -> AcceleratorInfo:
        """Where the model runs now."""
        walk = self.vision.pipeline
        detector = walk.detector if walk else self.detector
        return detector.accelerator_info if detector else BLIND

    def trouble(self) -> str:
        """What keeps the camera from doing its work now; empty when nothing does."""
        if not self.capture.receiving:
            return "the camera delivers no pictures"
        silent = stale(self.heartbeats(), self.clock.monotonic())
        return f"no sign of life from {', '.join(silent)}" if silent else ""

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What runs on the loop as long as the camera does; if one ends, the camera does."""
        return [
            self.journal.watch(),
            self.direct.run(),
            self.review.run(lambda: self.capture.receiving),
            self.insight.run(),
            *self.care.chores(),
            report_updates(Path(self.config.storage.data_dir), self.clock, self.desk.report),
            *([self.evidence.watch()] if self.evidence else []),
        ]

    @asynccontextmanager
    async def seeing(self) -> AsyncIterator[None]:
        """The threads run; at the end everything open is closed, journaled and switched off."""
        self.alarms.start()
        if not self.safe:
            for part in (self.thermal, self.evidence, self.vision, self.capture):
                if part:
                    part.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._stop)

    async def close(self) -> None:
        """Write down what is still in memory, when all else has stopped."""
        await self.review.close()
        await self.insight.close()
        await self.care.foresight.close()

    def _stop(self) -> None:
        if not self.safe:
            self._stop_seeing()
        self.direct.finish()
        self.memory.finish()
        self.alarms.stop()
        if self.evidence:
            self.evidence.stop()

    def _stop_seeing(self) -> None:
        self.capture.stop()
        self.vision.stop()
        if self.thermal:
            self.thermal.stop()
        for incident in self.vision.finish():
            self.desk.report(incident)


async def make_station(config: Config, hal: Hal, journal: Journal, life: LifeBook | None = None) -> Station:
    """Make and wire everything; nothing runs yet. Without a `life` none is counted.

    Raises OperatorError, ModelError or HalError.
    """
    clock, desk, life = hal.clock, Desk(journal), life or LifeBook.uncounted(journal)
    detectors = None if life.safe else Detectors(config.model, clock, faults=f"{config.storage.data_dir}/{FAULTS}")
    detector = detectors.open() if detectors else None
    memory = await RuleMemory.load(journal, clock)
    alarms = await _make_alarms(config, hal, journal, desk)
    review = await Review.open(config, journal, clock, desk.report)
    insight = await InsightDesk.open(config, journal, clock, desk.report)
    evidence = None if life.safe else await Evidence.open(config, hal, journal, desk)
    picture = None if life.safe else await _make_picture(config, clock, journal)
    thermal = None if life.safe else _make_thermal(config, hal, desk)
    prefix = secrets.token_hex(4)
    direct = DirectResponse(config.rules, alarms, clock, desk.report, prefix)
    sensors = Sensors(config.inputs, hal.inputs, direct.hear)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def make_pipeline(aspect: float) -> Pipeline:
        assert detectors is not None, "a safe life walks nothing"
        assert detector is not None
        parts = make_parts(
            config,
            detectors,
            detector,
            aspect=aspect,
            prefix=prefix,
            alarms=alarms,
            bars=review.bars,
            others=[thermal] if thermal else [],
            picture=picture,
        )
        memory.attach(parts.rules)
        return Pipeline(parts, clock.monotonic, local_minute(config, clock), sensors.take)

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)

    mailbox, counters, health = Mailbox[Frame](), Counters(), HealthDesk(clock)
    capture = CaptureThread(hal.camera, mailbox, clock, counters, desk.report, evidence.offer if evidence else None)
    vision = VisionThread(make_pipeline, mailbox, clock, counters, desk.deliver, end)
    figures = WalkFigures(clock, capture, vision, mailbox, counters, journal, alarms, lambda: life.starts)
    opener = detectors.open if detectors else None
    patient = Patient(capture, vision, opener, ended.set, hal.powers, is_local(config.camera.source))
    station = Station(
        config=config,
        hal=hal,
        journal=journal,
        desk=desk,
        detector=detector,
        alarms=alarms,
        direct=direct,
        sensors=sensors,
        thermal=thermal,
        picture=picture,
        health=health,
        unavailable=Unavailable(),
        memory=memory,
        review=review,
        insight=insight,
        evidence=evidence,
        mailbox=mailbox,
        counters=counters,
        capture=capture,
        vision=vision,
        care=await make_care(config, hal, journal, desk, health, life, figures, patient),
        ended=ended,
    )
    _show_all(station)
    if station.care.medic and (why := station.accelerator().degraded):
        station.care.medic.start_degraded(why)
    if not life.safe:
        sensors.start(clock.monotonic())
    return station


def _show_all(station: Station) -> None:
    """Who watches what goes by."""
    desk = station.desk
    station.review.keeper.said = desk.show
    desk.watch(station.health.take)
    desk.watch(station.unavailable.take)
    if station.picture:
        station.picture.sinks.append(station.care.foresight.take)
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
