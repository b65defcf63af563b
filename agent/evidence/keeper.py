"""Keeps evidence: begins and ends clips, brings them to the disk, and lets go what is too old or has no room.

One turn after another on one thread (`agent.evidence.thread`); nothing here is waited for by an alarm. While the disk
fails, clips go on in RAM and the fault is reported; what waits is written when the disk is back.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from agent.domain import Event, HealthSample, HealthState, Incident, Json, Severity
from agent.durable import write_durably
from agent.evidence.audit import AuditLog
from agent.evidence.job import ClipJob, OpenMuxer
from agent.evidence.manifest import MANIFEST, Begun, Ended, IncidentFacts, Maker, sha256, utc_of
from agent.evidence.plan import ClipPlan, Terms, Want
from agent.evidence.recovery import Examine, recover
from agent.evidence.retention import RetentionClock, RetentionState, evicted, expired
from agent.evidence.ring import Ring
from agent.evidence.stills import Sighting
from agent.evidence.vault import StoredClip, Vault
from agent.keys import DeviceKey
from agent.tables.evidence import EvidenceConfig
from hal.ports import Clock

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
TIDY_EVERY_S = 60.0
CLOCK_EVERY_S = 1800.0
RETRY_S = 2.0
SILENCE_S = 5.0
REORDER_S = 1.0
"""For how long pictures may come that are shown before others which came already."""
CLOCK_STEP_S = 2.0
MEGABYTE = 1 << 20
LEAST_MB = 0.25
WHAT = "evidence_storage"


@dataclass(frozen=True, slots=True)
class Tools:
    """What a keeper works with. `announce` journals an event and answers once it is durable; `report` only hands in."""

    config: EvidenceConfig
    folder: Path
    clock: Clock
    key: DeviceKey
    audit: AuditLog
    maker: Maker
    method: Callable[[], str]
    open_muxer: OpenMuxer
    examine: Examine
    announce: Callable[[Event], Future[Any]]
    report: Callable[[HealthSample], None]


@dataclass(slots=True)
class _Due:
    """When which chore is done again, monotonic."""

    look_s: float = 0.0
    tidy_s: float = 0.0
    clock_s: float = 0.0
    retry_s: float = 0.0


@dataclass(slots=True)
class KeeperCounts:
    """Since the start."""

    stored: int = 0
    recovered: int = 0
    erased: int = 0
    empty: int = 0
    disk_failures: int = 0


class Keeper:
    """Used from one thread but for `ring`, which the recorder fills from its own."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._config = tools.config
        self._clock = tools.clock
        self.ring = Ring(max(tools.config.ring_s, tools.config.pre_s + 2), round(tools.config.ring_mb * MEGABYTE))
        self.vault = Vault(tools.folder / "clips")
        terms = Terms(tools.config.pre_s, tools.config.post_s, tools.config.max_clip_s, severity=tools.config.severity)
        self._plan = ClipPlan(terms, self._make_id)
        self._waiting: list[Want] = []
        self._early: list[Sighting] = []
        self._jobs: list[ClipJob] = []
        self._told: list[tuple[str, Future[Any]]] = []
        self._due = _Due()
        self._age = RetentionClock(None, self._clock.monotonic())
        self._failing_since_s: float | None = None
        self._wall_offset_s = self._offset_s()
        self._opened = False
        self.counts = KeeperCounts()

    @property
    def failing(self) -> bool:
        """Whether the disk does not take what it is given."""
        return self._failing_since_s is not None

    @property
    def recording(self) -> int:
        """How many clips are in the making."""
        return len(self._jobs)

    def incident(self, incident: Incident) -> None:
        """An incident opened, changed or closed; telling the same twice changes nothing."""
        if want := self._plan.take(incident):
            self._waiting.append(want)
        for job in self._jobs:
            if incident.id in job.want.incidents and job.ended is None:
                job.know(_updated(job.begun, job.want))

    def sighting(self, sighting: Sighting) -> None:
        """A picture for an incident; it waits for a clip that has no video yet, and is let go where there is none."""
        if any(sighting.incident in want.incidents for want in self._waiting):
            self._early.append(sighting)
            return
        for job in self._jobs:
            if sighting.incident in job.want.incidents and job.ended is None:
                job.still(sighting.name, sighting.jpeg())

    def request(self, start_s: float, end_s: float, reason: str) -> Want:
        """A person wants this stretch (monotonic); it becomes a clip as far as there is video."""
        want = self._plan.request(start_s, end_s, reason)
        self._waiting.append(want)
        return want

    def turn(self) -> None:
        """Do what is due."""
        now_s = self._clock.monotonic()
        if not self._opened and now_s >= self._due.retry_s:
            self._trying(self._open)
        self._begin_waiting()
        for job in self._jobs:
            job.feed(self.ring.since(job.next_number))
        self._end_over(now_s)
        if self._opened and now_s >= self._due.retry_s:
            self._trying(self._save)
        if now_s >= self._due.look_s:
            self._due.look_s = now_s + LOOK_EVERY_S
            self._trying(self._look_at_disk)
            self._watch_clock()
        if now_s >= self._due.tidy_s and self._opened and not self.failing:
            self._due.tidy_s = now_s + TIDY_EVERY_S
            self._trying(self._tidy)

    def finish(self) -> None:
        """The agent ends: close every clip where it is and store it."""
        for job in self._jobs:
            job.end(Ended.STOPPED)
        self._due.retry_s = 0.0
        if self._opened:
            self._trying(self._save)
            self._trying(self._keep_clock)
            self._trying(lambda: self._forget_told(5.0))

    def erase(self, clip_id: str, why: str, **more: Json) -> None:
        """Remove a clip and prove it in the audit log. Raises OSError; KeyError for an unknown clip."""
        clip = self.vault.clip(clip_id)
        if clip is None:
            raise KeyError(clip_id)
        digest = sha256((self.vault.path(clip_id) / MANIFEST).read_bytes())
        self.vault.erase(clip_id)
        self.counts.erased += 1
        self._tools.audit.record("erase", clip=clip_id, why=why, manifest_sha256=digest, **more)

    def forget(self, start_s: float, end_s: float) -> None:
        """Let go all video of that stretch (monotonic) that is in memory or in the making. Raises OSError."""
        span = self.ring.span()
        if span and span[0] < end_s and start_s < span[1]:
            self.ring.clear()
        for job in [job for job in self._jobs if job.want.start_s < end_s and start_s < self._clock.monotonic()]:
            self._jobs.remove(job)
            self._plan.wants = [want for want in self._plan.wants if want is not job.want]
            self.vault.drop(job.want.id)

    @property
    def most_s(self) -> float:
        """The longest clip."""
        return self._config.max_clip_s

    def open_wants(self) -> list[Want]:
        """The clips wanted now."""
        return list(self._plan.wants)

    def _open(self) -> None:
        """Take over what the last run left; done anew until the disk allows it."""
        self.vault.load()
        self._age = RetentionClock(self._kept_age(), self._clock.monotonic())
        self._age.hear(self._clock.monotonic(), self._clock.wall())
        for clip in recover(self.vault, self._tools.key, self._tools.examine):
            self.counts.recovered += clip.manifest.video.ended == Ended.CRASH
            self._announce(clip, recovered=True)
        self._keep_clock()
        self._opened = True

    def _begin_waiting(self) -> None:
        span = self.ring.span()
        for want in list(self._waiting):
            if span is None and self._clock.monotonic() < want.end_s:
                continue
            self._waiting.remove(want)
            number = self.ring.begin_at(want.start_s)
            first = next(iter(self.ring.since(number)), None)
            if first is None or first.packet.t_s > want.end_s:
                self._nothing(want)
                continue
            begun = self._begun(want, first.packet.t_s, first.packet.shape.width, first.packet.shape.height)
            self._jobs.append(ClipJob(want, begun, first.number, self._tools.open_muxer))
            early, self._early = self._early, []
            for sighting in early:
                self.sighting(sighting)

    def _nothing(self, want: Want) -> None:
        """A clip that was wanted while no video came."""
        self.counts.empty += 1
        self._plan.wants = [one for one in self._plan.wants if one is not want]
        data: dict[str, Json] = {"clip": None, "incidents": [*want.incidents], "state": "no_recording"}
        self._tools.announce(Event("clip", self._clock.monotonic(), Severity.WARNING, data))

    def _begun(self, want: Want, start_s: float, width: int, height: int) -> Begun:
        now_s, wall = self._clock.monotonic(), self._clock.wall()
        return Begun(
            id=want.id,
            severity=str(want.severity),
            reason=want.reason,
            made_by=self._tools.maker,
            incidents=_facts(want),
            start_s=start_s,
            start_utc_s=utc_of(start_s, now_s, wall),
            clock_synchronised=wall.synchronised,
            width=width,
            height=height,
            method=self._tools.method(),
            kept_s=self._age.now_s(now_s),
        )

    def _end_over(self, now_s: float) -> None:
        """End what is over by the time of its video, or, where no video comes any more, by the clock."""
        for want in self._plan.take_over(self.ring.last_s - REORDER_S):
            self._end(want, Ended.LIMIT if want.open else Ended.COMPLETE)
        if now_s - self.ring.last_s > SILENCE_S:
            for want in self._plan.take_over(now_s - SILENCE_S):
                self._end(want, Ended.CAMERA_LOST)

    def _end(self, want: Want, why: Ended) -> None:
        for job in self._jobs:
            if job.want is want:
                job.end(why)

    def _save(self) -> None:
        for job in list(self._jobs):
            clip = job.save(self.vault, self._tools.key, self._age.now_s(self._clock.monotonic()))
            if clip is not None:
                self._jobs.remove(job)
                self.counts.stored += 1
                self._announce(clip, recovered=False)
            elif job.worthless:
                self._jobs.remove(job)
                self._nothing(job.want)
        self._tools.audit.flush()
        self._forget_told(0.0)
        self._recovered()

    def _announce(self, clip: StoredClip, *, recovered: bool) -> None:
        """Tell of a clip; what names it as not announced goes once the journal has it."""
        manifest = clip.manifest
        data: dict[str, Json] = {
            "clip": clip.id,
            "state": "recovered" if recovered else "stored",
            "incidents": [incident.id for incident in manifest.incidents],
            "reason": manifest.reason,
            "start_s": round(manifest.video.start_s, 3),
            "duration_s": round(manifest.video.duration_s, 3),
            "ended": str(manifest.video.ended),
            "bytes": clip.bytes,
            "stills": [file.name for file in manifest.files],
            "manifest_sha256": sha256((self.vault.path(clip.id) / MANIFEST).read_bytes()),
        }
        done = self._tools.announce(Event("clip", self._clock.monotonic(), manifest.level, data))
        self._told.append((clip.id, done))

    def _forget_told(self, wait_s: float) -> None:
        """Take note of the announcements that the journal holds now; one it refused is made again at the next start."""
        told, self._told = self._told, []
        for clip_id, done in told:
            if wait_s:
                wait([done], wait_s)
            if not done.done():
                self._told.append((clip_id, done))
            elif not done.cancelled() and done.exception() is None and done.result() is not None:
                self.vault.announced(clip_id)

    def _look_at_disk(self) -> None:
        """Notice a disk that is full or cannot be written even while nothing is written. Raises OSError then."""
        excess = self._config.min_free_mb - self.vault.space().free_mb
        if excess > 0 and self._opened:
            self._evict(round(excess * MEGABYTE), "no_room")
        self._refuse_dead_disk()

    def _refuse_dead_disk(self) -> None:
        space = self.vault.space()
        if space.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        if space.free_mb < LEAST_MB:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _tidy(self) -> None:
        now_s = self._clock.monotonic()
        self._age.hear(now_s, self._clock.wall())
        for clip in expired(self.vault.clips, self._age.now_s(now_s), self._config.keep_s):
            self.erase(clip.id, "expired")
        self._evict(self.vault.bytes - round(self._config.quota_mb * MEGABYTE), "quota")
        if now_s >= self._due.clock_s:
            self._due.clock_s = now_s + CLOCK_EVERY_S
            self._keep_clock()

    def _evict(self, excess: int, why: str) -> None:
        for clip in evicted(self.vault.clips, excess):
            log.warning("clip %s is erased to make room (%s)", clip.id, why)
            self.erase(clip.id, why)

    def _watch_clock(self) -> None:
        """Note when the wall clock was set."""
        offset_s = self._offset_s()
        step_s, self._wall_offset_s = offset_s - self._wall_offset_s, offset_s
        if abs(step_s) > CLOCK_STEP_S:
            synchronised = self._clock.wall().synchronised
            self._tools.audit.record("clock_step", step_s=round(step_s, 3), synchronised=synchronised)

    def _trying(self, work: Callable[[], None]) -> None:
        """Do what needs the disk; a failure is reported once and tried again later."""
        try:
            work()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        now_s = self._clock.monotonic()
        self._due.retry_s = now_s + RETRY_S
        if self._failing_since_s is None:
            self._failing_since_s = now_s
            self.counts.disk_failures += 1
            log.error("evidence cannot be written, it goes on in memory: %s", error)
            detail = f"evidence in RAM: {error.strerror or error}"
            self._tools.report(HealthSample(WHAT, HealthState.FAULT, now_s, now_s, 1.0, detail))

    def _recovered(self) -> None:
        if self._failing_since_s is not None:
            self._refuse_dead_disk()
            now_s, since_s = self._clock.monotonic(), self._failing_since_s
            self._failing_since_s = None
            log.warning("evidence is written again after %.1f s", now_s - since_s)
            self._tools.report(HealthSample(WHAT, HealthState.OK, now_s, since_s, 1.0, "evidence on disk again"))

    def _kept_age(self) -> RetentionState | None:
        try:
            return msgspec.json.decode(self._age_file.read_bytes(), type=RetentionState)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _keep_clock(self) -> None:
        state = self._age.state(self._clock.monotonic(), self._clock.wall())
        write_durably(self._age_file, msgspec.json.encode(state))

    @property
    def _age_file(self) -> Path:
        return self._tools.folder / "retention.json"

    def _offset_s(self) -> float:
        return self._clock.wall().utc_s - self._clock.monotonic()

    def _make_id(self) -> str:
        stamp = datetime.fromtimestamp(self._clock.wall().utc_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{stamp}-{secrets.token_hex(4)}"


def _facts(want: Want) -> tuple[IncidentFacts, ...]:
    """The incidents of a clip, as they were told last."""
    return tuple(IncidentFacts.of(incident) for incident in want.incidents.values())


def _updated(begun: Begun, want: Want) -> Begun:
    """What is known of a clip, with its incidents as they are now."""
    return msgspec.structs.replace(begun, severity=str(want.severity), incidents=_facts(want))
