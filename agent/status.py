"""What a running camera says about itself: one set of facts for `/v1/status`, `aislewatch status` and the live page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median

from agent.config import Config
from agent.desk import Desk
from agent.domain import Json
from agent.events.journal import Journal
from agent.hub.identity import Identity
from agent.hub.link import LinkServer
from agent.respond.alarms import AlarmBank
from agent.vision.threads import CaptureThread, Counters, Mailbox
from hal.ports import AcceleratorInfo, Clock, Frame
from hal.system import peak_rss_mb

STAGES = ("gate", "input", "invoke", "decode", "track", "rules", "alarm", "frame")


@dataclass(frozen=True, slots=True)
class StatusDesk:
    """The parts that are asked."""

    config: Config
    clock: Clock
    identity: Identity
    journal: Journal
    alarms: AlarmBank
    capture: CaptureThread
    mailbox: Mailbox[Frame]
    counters: Counters
    desk: Desk
    link: LinkServer
    accelerator: AcceleratorInfo
    started_s: float

    def facts(self) -> dict[str, Json]:
        """Everything, as JSON."""
        wall = self.clock.wall()
        return {
            **self.identity.facts(),
            "name": self.config.camera.name,
            "uptime_s": round(self.clock.monotonic() - self.started_s, 1),
            "clock": {"utc_s": round(wall.utc_s, 3), "synchronised": wall.synchronised},
            "camera": self._camera(),
            "model": {"name": self.config.model.name, **asdict(self.accelerator)},
            "stages_ms": self._stages(),
            "outputs": [asdict(output) for output in self.alarms.status()],
            "journal": asdict(self.journal.stats()),
            "hubs": [asdict(link) for link in self.link.links()],
            "peak_rss_mb": round(peak_rss_mb(), 1),
        }

    def _camera(self) -> dict[str, Json]:
        info = self.capture.info
        facts: dict[str, Json] = {"source": self.config.camera.source, "open": self.capture.receiving}
        if info:
            facts |= {"width": info.width, "height": info.height, "fps": info.fps}
        return facts | {**asdict(self.counters), "dropped": self.mailbox.dropped}

    def _stages(self) -> dict[str, Json]:
        values = {stage: self.desk.stages.values(stage) for stage in STAGES}
        return {stage: round(median(times), 3) for stage, times in values.items() if times}
