"""What a running camera says about itself: one set of facts for `/v1/status`, `aislewatch status` and the live page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from agent.config import Config
from agent.domain import Event, Json
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.health.desk import HealthDesk
from agent.hub.callhome import CallHome
from agent.hub.identity import Identity
from agent.hub.link import LinkServer
from agent.hub.mqtt.service import MqttService
from agent.metrics import Metric, counter, gauge
from agent.respond.alarms import AlarmBank
from agent.vision.threads import CaptureThread, Counters, Mailbox
from agent.web.feed import LiveFeed
from hal.ports import AcceleratorInfo, Clock, Frame
from hal.system import peak_rss_mb


class Unavailable:
    """The rules that are configured but cannot work, each with what it needs; by the events that tell of them."""

    def __init__(self) -> None:
        self.rules: dict[str, Json] = {}

    def take(self, item: Item) -> None:
        """See an item go by."""
        if isinstance(item, Event) and item.kind == "rule_unavailable":
            self.rules[str(item.data["rule"])] = item.data["needs"]


@dataclass(frozen=True, slots=True)
class StatusDesk:
    """The parts that are asked."""

    config: Config
    clock: Clock
    identity: Callable[[], Identity]
    journal: Journal
    alarms: AlarmBank
    capture: CaptureThread
    mailbox: Mailbox[Frame]
    counters: Counters
    live: LiveFeed
    link: LinkServer
    accelerator: Callable[[], AcceleratorInfo]
    blind: Callable[[], str]
    health: HealthDesk
    started_s: float
    unavailable: Mapping[str, Json] = field(default_factory=dict)
    evidence: Callable[[], dict[str, Json]] = dict
    review: Callable[[], dict[str, Json]] = dict
    review_metrics: Callable[[], Iterable[Metric]] = tuple
    mqtt: MqttService | None = None
    calls: CallHome | None = None

    def facts(self) -> dict[str, Json]:
        """Everything, as JSON."""
        wall, rates, identity = self.clock.wall(), self.live.rates(), self.identity()
        return {
            **identity.facts(),
            "name": self.config.camera.name,
            "board": identity.model,
            "uptime_s": round(self.clock.monotonic() - self.started_s, 1),
            "clock": {"utc_s": round(wall.utc_s, 3), "synchronised": wall.synchronised},
            "camera": self._camera(),
            "model": {"name": self.config.model.name, **asdict(self.accelerator()), "blind": self.blind()},
            "fps": rates.fps,
            "stages_ms": {**rates.stages_ms},
            "rules_unavailable": {**self.unavailable},
            "outputs": [asdict(output) for output in self.alarms.status()],
            "journal": asdict(self.journal.stats()),
            "evidence": self.evidence(),
            "review": self.review(),
            "hubs": [asdict(link) for link in self.link.links()],
            "call_home": self.calls.facts() if self.calls else None,
            "mqtt": self.mqtt.facts() if self.mqtt else None,
            "peak_rss_mb": round(peak_rss_mb(), 1),
        }

    def _camera(self) -> dict[str, Json]:
        info = self.capture.info
        facts: dict[str, Json] = {"source": info.source if info else None, "open": self.capture.receiving}
        if info:
            facts |= {"width": info.width, "height": info.height, "fps": info.fps, "view_deg": info.view_deg}
        return facts | {**asdict(self.counters), "dropped": self.mailbox.dropped}

    def bar(self) -> dict[str, Json]:
        """The few facts that the live page shows beside the picture."""
        hubs, journal = self.link.links(), self.journal.stats()
        hub: Json = {"text": f"{len(hubs)} linked", "state": "ok"} if hubs else {"text": "none", "state": "unknown"}
        safe: Json = {"text": f"{journal.last_seq} events safe", "state": "ok"}
        wrong = self.health.standing()
        state = str(self.health.state())
        health: Json = {"text": ", ".join(wrong[:3]) or ("well" if state == "ok" else state), "state": state}
        return {
            "health": health,
            "hub": hub,
            "journal": safe if journal.durable else {"text": "in memory only", "state": "fault"},
        }

    def metrics(self) -> Iterable[Metric]:
        """The same for Prometheus."""
        rates, journal = self.live.rates(), self.journal.stats()
        yield gauge("aislewatch_up_seconds", self.clock.monotonic() - self.started_s, "Time since the start")
        yield gauge("aislewatch_camera_open", float(self.capture.receiving), "1 while the camera delivers")
        yield gauge("aislewatch_frames_per_second", rates.fps, "Frames walked a second")
        for name, value in asdict(self.counters).items():
            yield counter(f"aislewatch_frames_{name}_total", value, f"Frames or openings {name} since the start")
        yield counter("aislewatch_frames_dropped_total", self.mailbox.dropped, "Frames replaced by a newer one")
        for stage, ms in rates.stages_ms.items():
            yield gauge("aislewatch_stage_seconds", ms / 1e3, "Median time of a stage", stage=stage)
        for output in self.alarms.status():
            yield gauge("aislewatch_output_on", float(output.on), "1 while the line is on", output=output.name)
            yield gauge("aislewatch_output_faulted", float(output.faulted), "1 while it fails", output=output.name)
        yield gauge("aislewatch_journal_durable", float(journal.durable), "1 while events reach the disk")
        yield counter("aislewatch_journal_events_total", journal.last_seq, "The last event's number")
        yield counter("aislewatch_journal_dropped_total", journal.dropped, "Events dropped for want of room")
        yield counter(
            "aislewatch_links_rejected_total", self.link.counts.rejected, "Links cut for breaking the protocol"
        )
        yield counter("aislewatch_link_slowed_total", self.link.pacing.slowed, "Messages of hubs that came too fast")
        yield from self.review_metrics()
        yield from self.health.metrics()
        if self.mqtt:
            yield from self.mqtt.metrics()
        yield gauge("aislewatch_hubs", len(self.link.links()), "Hubs connected")
        yield gauge("aislewatch_clock_synchronised", float(self.clock.wall().synchronised), "1 while NTP vouches")
        yield gauge("aislewatch_tasks", len(asyncio.all_tasks()), "Tasks on the event loop")
        yield gauge("aislewatch_peak_rss_bytes", peak_rss_mb() * 2**20, "Most memory held at once")
