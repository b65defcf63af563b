"""Keeps evidence: begins and ends clips, brings them to the disk, and lets go what is too old or has no room.

One turn after another on one thread (`agent.evidence.thread`); nothing here is waited for by an alarm. While the disk
fails, clips go on in RAM and the fault is reported; what waits is written when the disk is back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from agent.domain import Incident, Json, Severity
from agent.evidence.announcing import Announcer
from agent.evidence.disk import DiskWatch
from agent.evidence.job import ClipJob
from agent.evidence.manifest import MANIFEST, Begun, Ended, IncidentFacts, sha256, utc_of
from agent.evidence.people import LookRing
from agent.evidence.plan import ClipPlan, Terms, Want
from agent.evidence.recovery import recover
from agent.evidence.ring import Numbered, Ring
from agent.evidence.stills import Sighting
from agent.evidence.tools import MEGABYTE, KeeperCounts, Tools
from agent.evidence.upkeep import Upkeep
from agent.evidence.vault import Vault

LOOK_EVERY_S = 2.0
TIDY_EVERY_S = 60.0
SILENCE_S = 5.0
REORDER_S = 1.0
"""For how long pictures may come that are shown before others which came already."""
SPARE_S = 2.0
"""What the ring holds beyond the time before an incident: a group of pictures, at least."""


@dataclass(slots=True)
class _Due:
    """When which chore is done again, monotonic."""

    look_s: float = 0.0
    tidy_s: float = 0.0


class Keeper:
    """Used from one thread but for `ring` and `looks`, which the recorder and the vision thread fill."""

    def __init__(self, tools: Tools) -> None:
        config = tools.config
        self._tools = tools
        self._clock = tools.clock
        self.ring = Ring(max(config.ring_s, config.pre_s + SPARE_S), round(config.ring_mb * MEGABYTE))
        self.looks = LookRing(max(config.ring_s, config.pre_s + SPARE_S))
        self.vault = Vault(tools.folder / "clips")
        self.counts = KeeperCounts()
        self._disk = DiskWatch(self.vault, self._clock, tools.report)
        self._announcer = Announcer(tools, self.vault)
        self._upkeep = Upkeep(tools, self.vault, self.erase)
        self._plan = ClipPlan(Terms(config.pre_s, config.post_s, config.max_clip_s, config.severity), self._make_id)
        self._waiting: list[Want] = []
        self._early: list[Sighting] = []
        self._pictures: list[tuple[Want, str, bytes]] = []
        self._jobs: list[ClipJob] = []
        self._due = _Due()
        self._opened = False

    @property
    def failing(self) -> bool:
        """Whether the disk does not take what it is given."""
        return self._disk.failing

    @property
    def recording(self) -> int:
        """How many clips are in the making."""
        return len(self._jobs)

    @property
    def most_s(self) -> float:
        """The longest clip."""
        return self._tools.config.max_clip_s

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

    def tampered(self, start_s: float, end_s: float, reason: str) -> Want:
        """Somebody was at the camera: keep this stretch (monotonic), as far as there is video."""
        want = self._plan.request(start_s, end_s, reason, Severity.WARNING)
        self._waiting.append(want)
        return want

    def picture(self, want: Want, name: str, jpeg: bytes) -> None:
        """A picture for a clip; let go where there is no video for it."""
        if want in self._waiting:
            self._pictures.append((want, name, jpeg))
        for job in self._jobs:
            if job.want is want and job.ended is None:
                job.still(name, jpeg)

    def open_wants(self) -> list[Want]:
        """The clips wanted now."""
        return list(self._plan.wants)

    def turn(self) -> None:
        """Do what is due."""
        now_s = self._clock.monotonic()
        if not self._opened and self._disk.worth_a_try:
            self._disk.trying(self._open)
        self._begin_waiting()
        for job in self._jobs:
            job.feed(self.ring.since(job.next_number))
            job.see(self.looks.since(job.seen_s))
        self._end_over(now_s)
        if self._opened and self._disk.worth_a_try:
            self._disk.trying(self._save)
        if now_s >= self._due.look_s:
            self._due.look_s = now_s + LOOK_EVERY_S
            self._disk.trying(self._look_at_disk)
            self._upkeep.watch_clock()
        if now_s >= self._due.tidy_s and self._opened and not self._disk.failing:
            self._due.tidy_s = now_s + TIDY_EVERY_S
            self._disk.trying(self._upkeep.tidy)
        self.counts.disk_failures = self._disk.failures

    def finish(self) -> None:
        """The agent ends: close every clip where it is and store it."""
        for job in self._jobs:
            job.end(Ended.STOPPED)
        if self._opened:
            self._disk.trying(self._save)
            self._disk.trying(self._upkeep.keep_clock)
            self._disk.trying(lambda: self._announcer.settle(wait_s=5.0))

    def erase(self, clip_id: str, why: str, **more: Json) -> None:
        """Remove a clip and prove it in the audit log. Raises OSError; KeyError for an unknown clip."""
        if self.vault.clip(clip_id) is None:
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
            job.end(Ended.STOPPED)
            self._plan.wants = [want for want in self._plan.wants if want is not job.want]
            self.vault.drop(job.want.id)

    def _open(self) -> None:
        """Take over what the last run left; done anew until the disk allows it. Raises OSError."""
        self.vault.load()
        self._upkeep.open()
        for clip in recover(self.vault, self._tools.key, self._tools.examine):
            self.counts.recovered += clip.manifest.video.ended == Ended.CRASH
            self._announcer.stored(clip, recovered=True)
        self._opened = True

    def _begin_waiting(self) -> None:
        """Begin the clips that are wanted, as soon as there is video for them."""
        for want in list(self._waiting):
            first = next(iter(self.ring.since(self.ring.begin_at(want.start_s))), None)
            if first is None and self._clock.monotonic() < want.end_s:
                continue
            self._waiting.remove(want)
            if first is None or first.packet.t_s > want.end_s:
                self._nothing(want)
            else:
                self._begin(want, first)

    def _begin(self, want: Want, first: Numbered) -> None:
        self._jobs.append(ClipJob(want, self._begun(want, first), first.number, self._tools.open_muxer))
        early, self._early = self._early, []
        for sighting in early:
            self.sighting(sighting)
        pictures, self._pictures = self._pictures, []
        for other, name, jpeg in pictures:
            self.picture(other, name, jpeg)

    def _begun(self, want: Want, first: Numbered) -> Begun:
        now_s, wall, packet = self._clock.monotonic(), self._clock.wall(), first.packet
        return Begun(
            id=want.id,
            severity=str(want.severity),
            reason=want.reason,
            made_by=self._tools.maker,
            incidents=_facts(want),
            start_s=packet.t_s,
            start_utc_s=utc_of(packet.t_s, now_s, wall),
            clock_synchronised=wall.synchronised,
            width=packet.shape.width,
            height=packet.shape.height,
            method=self._tools.method(),
            kept_s=self._upkeep.age_s,
        )

    def _nothing(self, want: Want) -> None:
        """A clip was wanted while no video came."""
        self.counts.empty += 1
        self._plan.wants = [one for one in self._plan.wants if one is not want]
        self._announcer.nothing(want)

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
        """Bring to the disk what waits for it. Raises OSError."""
        for job in list(self._jobs):
            clip = job.save(self.vault, self._tools.key, self._upkeep.age_s)
            if clip is not None:
                self._jobs.remove(job)
                self.counts.stored += 1
                self._announcer.stored(clip, recovered=False)
            elif job.worthless:
                self._jobs.remove(job)
                self._nothing(job.want)
        self._tools.audit.flush()
        self._announcer.settle()
        self._disk.worked()

    def _look_at_disk(self) -> None:
        """Notice a disk that is full or cannot be written even while nothing is written. Raises OSError then."""
        if self._opened:
            self._upkeep.make_room()
        self._disk.refuse_dead()

    def _make_id(self) -> str:
        stamp = datetime.fromtimestamp(self._clock.wall().utc_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{stamp}-{secrets.token_hex(4)}"


def _facts(want: Want) -> tuple[IncidentFacts, ...]:
    """The incidents of a clip, as they were told last."""
    return tuple(IncidentFacts.of(incident) for incident in want.incidents.values())


def _updated(begun: Begun, want: Want) -> Begun:
    """What is known of a clip, with its incidents as they are now."""
    return msgspec.structs.replace(begun, severity=str(want.severity), incidents=_facts(want))
