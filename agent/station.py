"""One camera's station: its parts, started and stopped in order; `agent.assembly` makes and wires them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.care import Care
from agent.config import Config
from agent.desk import Desk
from agent.events.journal import Journal
from agent.evidence.service import Evidence
from agent.health.desk import HealthDesk
from agent.health.watch import PictureWatch
from agent.insight.desk import InsightDesk
from agent.memory import RuleMemory
from agent.models.bundles.manifest import base_of
from agent.respond.alarms import AlarmBank
from agent.respond.direct import DirectResponse
from agent.review.desk import Review
from agent.sensors import Sensors
from agent.status import Unavailable
from agent.update.report import report_updates
from agent.vision.detector import Detector
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from agent.warmth import ThermalWatch
from agent.watch import Heartbeat, stale
from hal.ports import AcceleratorInfo, Clock, Frame, Hal

SAFE = AcceleratorInfo("none", "none", 0, "safe mode: nothing is seen")


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
        detector = self._detector_now
        return detector.accelerator_info if detector else SAFE

    def blind(self) -> str:
        """What the model gets wrong on its reference picture; "" while it sees, or nothing looks."""
        detector = self._detector_now
        return detector.blind if detector else ""

    @property
    def _detector_now(self) -> Detector | None:
        walk = self.vision.pipeline
        return walk.detector if walk else self.detector

    def trouble(self) -> str:
        """What keeps the camera from doing its work now; empty when nothing does."""
        if not self.capture.receiving:
            return "the camera delivers no pictures"
        name = self.config.model.name
        if self.detector and name != base_of(name) == self.detector.spec.name:
            return f"model {name} cannot be used"
        if blind := self.blind():
            return f"model {name} does not see: {blind}"
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
        self.memory.keep()
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
