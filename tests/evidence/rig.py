"""A keeper with a clock by hand, a journal that only remembers, and video made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

from agent.domain import Event, HealthSample, Incident, IncidentState, Severity
from agent.evidence.audit import AuditLog
from agent.evidence.finding import Finding
from agent.evidence.keeper import Keeper
from agent.evidence.manifest import Maker
from agent.evidence.tools import Tools
from agent.evidence.verify import FolderSource, verify_clip
from agent.keys import DeviceKey
from agent.tables.evidence import EvidenceConfig
from hal.mp4 import Muxer, examine
from hal.ports import EncodedPacket
from hal.simulated.clock import ManualClock
from tests.hal.h264 import packets_of

MAKER = Maker("cam1", "aisle-3", "0.1.0", "person-m", "boot1", 0)
KEY = DeviceKey.generate()
FPS = 10


@cache
def _video() -> list[EncodedPacket]:
    return packets_of(1200, fps=FPS)


@dataclass
class Rig:
    """`run` lets time pass while video comes; `events` and `health` are what the keeper told.

    `heard` is called with an event before the journal has it; with `durable` false the journal never gets it.
    """

    folder: Path
    config: EvidenceConfig = field(default_factory=lambda: EvidenceConfig(min_free_mb=0.0))
    clock: ManualClock = field(default_factory=lambda: ManualClock(100.0))
    events: list[Event] = field(default_factory=list)
    health: list[HealthSample] = field(default_factory=list)
    durable: bool = True
    heard: Callable[[Event], None] | None = None
    key: DeviceKey = KEY

    def __post_init__(self) -> None:
        self.audit = AuditLog(self.folder, self.key, self.clock, "boot1")
        self.keeper = Keeper(
            Tools(
                config=self.config,
                folder=self.folder,
                clock=self.clock,
                key=self.key,
                audit=self.audit,
                maker=MAKER,
                method=lambda: "software",
                open_muxer=Muxer,
                examine=examine,
                announce=self._announce,
                report=self.health.append,
            )
        )
        self._video = cycle(_video())
        self.keeper.turn()

    def run(self, seconds: float, *, video: bool = True) -> None:
        """Let time pass, a turn every tenth of a second."""
        for _ in range(round(seconds * FPS)):
            if video:
                self.keeper.ring.add(self.packet())
            self.clock.sleep(1 / FPS)
            self.keeper.turn()

    def packet(self) -> EncodedPacket:
        """The next packet, exposed now; after two minutes the video begins anew."""
        now_s = self.clock.monotonic()
        return next(self._video)._replace(t_s=now_s, decode_s=now_s)

    def open(self, name: str = "i-1", severity: Severity = Severity.WARNING) -> Incident:
        """An incident opens now."""
        now_s = self.clock.monotonic()
        incident = Incident(name, "loitering", "loitering-a", IncidentState.OPEN, severity, now_s, now_s, (1,))
        self.keeper.incident(incident)
        return incident

    def close(self, incident: Incident) -> None:
        """It closes now."""
        self.keeper.incident(replace(incident, state=IncidentState.CLOSED, t_s=self.clock.monotonic()))

    def happen(self, name: str = "i-1", severity: Severity = Severity.WARNING, seconds: float = 2.0) -> str:
        """A whole incident with its clip; the clip's id."""
        incident = self.open(name, severity)
        self.run(seconds)
        self.close(incident)
        self.run(self.config.post_s + 1.5)
        return str(self.told("clip")[-1]["clip"])

    def told(self, kind: str) -> Sequence[dict[str, Any]]:
        """The data of every event of a kind."""
        return [dict(event.data) for event in self.events if event.kind == kind]

    @property
    def ring_end_s(self) -> float:
        """How far the video went."""
        return self.keeper.ring.last_s

    def path(self, clip_id: str) -> Path:
        return self.folder / "clips" / clip_id

    def verified(self, clip_id: str) -> Finding:
        return verify_clip(FolderSource(self.path(clip_id)), clip_id, self.key.public)

    def again(self) -> Rig:
        """The next run of the agent on the same disk."""
        self.audit.flush()
        clock = ManualClock(5.0, utc_s=self.clock.wall().utc_s)
        return Rig(self.folder, self.config, clock)

    def _announce(self, event: Event) -> Future[Any]:
        done: Future[Any] = Future()
        self.events.append(event)
        if self.heard:
            self.heard(event)
        if self.durable:
            done.set_result(len(self.events))
        return done
