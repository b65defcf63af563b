"""Evidence as the camera's app holds it: made from the configuration, fed by the recorder, the desk and the frames."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import suppress
from pathlib import Path

from agent.config import Config
from agent.desk import Desk
from agent.domain import Event, HealthSample, HealthState, Incident, Json
from agent.errors import OperatorError
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.evidence.audit import AuditLog, Entry
from agent.evidence.disk import WHAT
from agent.evidence.keeper import Keeper
from agent.evidence.manifest import Maker
from agent.evidence.tamper import TamperWatch
from agent.evidence.thread import EvidenceThread
from agent.evidence.tools import Tools
from agent.keys import DeviceKey
from agent.tables.evidence import EvidenceConfig
from agent.version import VERSION
from agent.vision.pipeline import Outcome
from hal.ports import Clock, Frame, Hal

log = logging.getLogger(__name__)

FOLDER = "evidence"
CONFIG_KEY = "config_sha256"
SEEN_FOR_S = 60.0
AUDITED = frozenset(
    (
        *("start", "arming", "silence", "output_test", "decision", "rebase", "pairing", "factory_reset"),
        *("command", "config_trial", "healing", "safe_mode", "resume", "service", "update", "walk_test", "restart"),
        *("session",),
    )
)
"""The kinds of events that are lines of the audit log, too."""


class Evidence:
    """Belongs to the event loop; `frame` to the vision thread, `offer` to the capture thread."""

    def __init__(
        self, hal: Hal, keeper: Keeper, audit: AuditLog, key: DeviceKey, clock: Clock, config: EvidenceConfig
    ) -> None:
        self.audit = audit
        self.key = key
        self.keeper = keeper
        self.thread = EvidenceThread(keeper, clock.monotonic)
        self.tamper = TamperWatch(self.thread, config.pre_s, config.post_s)
        self._recorder = hal.recorder
        self._clock = clock
        self._seen: dict[tuple[str, str], float] = {}

    @classmethod
    async def open(cls, config: Config, hal: Hal, journal: Journal, desk: Desk) -> Evidence | None:
        """Make it ready; None where the device can have no key, which is reported: alarms do without evidence."""
        data_dir = Path(config.storage.data_dir)
        try:
            key = DeviceKey.open(data_dir)
        except OperatorError as error:
            log.error("no evidence is kept: %s (%s)", error, error.hint)
            now_s = hal.clock.monotonic()
            desk.report(HealthSample(WHAT, HealthState.FAULT, now_s, now_s, 1.0, f"no evidence is kept: {error}"))
            return None

        def told(entry: Entry, digest: str) -> None:
            data: dict[str, Json] = {"n": entry.n, "what": entry.kind, "sha256": digest}
            journal.append_nowait(Event("audit", entry.mono_s, data=data))

        audit = AuditLog(data_dir, key, hal.clock, journal.boot, told)
        keeper = Keeper(_tools(config, hal, journal, key, audit, desk))
        await _note_config(config, journal, audit)
        return cls(hal, keeper, audit, key, hal.clock, config.evidence)

    def start(self) -> None:
        """Record from now on; before the camera is opened."""
        self.thread.start()
        if self._recorder is not None:
            self._recorder.start(self.thread.packet)

    def stop(self) -> None:
        """Store what is in the making; before the journal is closed."""
        if self._recorder is not None:
            self._recorder.stop()
        self.audit.record("stop")
        self.thread.stop()

    async def watch(self) -> None:
        """Return when its thread has ended in order; raises what ended it otherwise. For the app's task group."""
        await asyncio.shield(asyncio.wrap_future(self.thread.ended))

    def offer(self, frame: Frame) -> None:
        """A frame was captured."""
        if self._recorder is not None:
            self._recorder.offer(frame)

    def frame(self, outcome: Outcome) -> None:
        """A frame was walked."""
        self.thread.frame(outcome)
        self.tamper.frame(outcome)

    def item(self, item: Item) -> None:
        """Something happened: an incident that no frame brought, or what the audit log wants to know."""
        if isinstance(item, Incident):
            self.thread.incident(item)
        elif isinstance(item, Event) and item.kind in AUDITED:
            self.audit.record(item.kind, **item.data)
        elif isinstance(item, HealthSample):
            self.tamper.finding(item)

    async def flush(self) -> None:
        """Have the audit log on the disk; where that fails it is written later."""
        with suppress(OSError):
            await asyncio.wrap_future(self.thread.call(lambda _: self.audit.flush()))

    def seen(self, what: str, who: str) -> None:
        """Somebody looks at live pictures: noted once for as long as they go on, a minute at a time."""
        now_s = self._clock.monotonic()
        self._seen = {key: since_s for key, since_s in self._seen.items() if now_s - since_s < SEEN_FOR_S}
        if (what, who) not in self._seen:
            self._seen[what, who] = now_s
            self.audit.record("video_access", what=what, who=who)

    def facts(self) -> dict[str, Json]:
        """How it is, for the status."""
        keeper, span = self.keeper, self.keeper.ring.span()
        return {
            "method": self._recorder.method if self._recorder else "off",
            "ring_s": round(span[1] - span[0], 1) if span else 0.0,
            "ring_bytes": keeper.ring.payload,
            "recording": keeper.recording,
            "clips": len(keeper.vault.clips),
            "clips_mb": round(keeper.vault.bytes / (1 << 20), 1),
            "failing": keeper.failing,
            "stored": keeper.counts.stored,
            "recovered": keeper.counts.recovered,
            "erased": keeper.counts.erased,
        }


def _tools(config: Config, hal: Hal, journal: Journal, key: DeviceKey, audit: AuditLog, desk: Desk) -> Tools:
    from hal.mp4 import Muxer, examine  # the video library is loaded only where video is kept

    recorder = hal.recorder
    return Tools(
        config=config.evidence,
        folder=Path(config.storage.data_dir) / FOLDER,
        clock=hal.clock,
        key=key,
        audit=audit,
        maker=Maker(
            device=hal.board.serial,
            name=config.camera.name,
            version=VERSION,
            model=config.model.name,
            boot=journal.boot,
            privacy_masks=len(config.privacy_masks),
        ),
        method=lambda: recorder.method if recorder else "off",
        open_muxer=Muxer,
        examine=examine,
        announce=desk.announce,
        report=desk.report,
    )


async def _note_config(config: Config, journal: Journal, audit: AuditLog) -> None:
    """Note in the audit log when the configuration is another than that of the last run."""
    digest = hashlib.sha256(repr(config).encode()).hexdigest()
    before = await journal.kept(CONFIG_KEY)
    if before != digest.encode():
        audit.record("config", sha256=digest, before=before.decode() if before else None)
        await journal.keep(CONFIG_KEY, digest.encode())
