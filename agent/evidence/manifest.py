"""The manifest of a clip: what it shows, when, how it was made, and the hash of every piece of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from agent.domain import Incident, Severity
from agent.errors import WireError
from agent.events.wire import plain
from hal.ports import EncodedPacket, WallTime

TYPE = "aislewatch-clip"
VIDEO, MANIFEST, SIGNATURE = "clip.mp4", "manifest.json", "manifest.json.sig"


class Ended(StrEnum):
    """Why a clip ends where it does."""

    COMPLETE = "complete"
    LIMIT = "limit"
    STOPPED = "stopped"
    CAMERA_LOST = "camera_lost"
    NO_ROOM = "no_room"
    CRASH = "crash"


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fragment of the video file."""

    offset: int
    bytes: int
    sha256: str


class FileFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file beside the manifest."""

    name: str
    bytes: int
    sha256: str


class IncidentFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An incident that the clip shows, as it was when the clip ended."""

    id: str
    kind: str
    rule: str
    severity: str
    state: str
    opened_s: float
    t_s: float
    zone: str | None = None
    line: str | None = None
    tracks: tuple[int, ...] = ()
    factors: dict[str, Any] = {}

    @classmethod
    def of(cls, incident: Incident) -> IncidentFacts:
        """The facts of an incident."""
        return cls(
            id=incident.id,
            kind=incident.kind,
            rule=incident.rule,
            severity=str(incident.severity),
            state=str(incident.state),
            opened_s=incident.opened_s,
            t_s=incident.t_s,
            zone=incident.zone,
            line=incident.line,
            tracks=incident.tracks,
            factors=dict(incident.factors),
        )


class Maker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which camera made it, with which program and model, and how many masks were burnt into every picture."""

    device: str
    name: str
    version: str
    model: str
    boot: str
    privacy_masks: int


class Video(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The video: its times on the camera's monotonic clock of this boot, and as the wall clock labelled them.

    `method` is `camera` where the source's own packets were kept, else `software`. `lost_packets` came and were not
    kept. `ended` says why it ends where it does.
    """

    start_s: float
    start_utc_s: float
    clock_synchronised: bool
    duration_s: float
    pictures: int
    width: int
    height: int
    method: str
    ended: Ended
    lost_packets: int = 0


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a clip states about itself; signed as a whole. `kept_s` is on the retention clock.

    A clip that was made of another one says who is `blurred` in it, and the hash of the other's manifest.
    """

    type: str
    id: str
    severity: str
    reason: str
    made_by: Maker
    incidents: tuple[IncidentFacts, ...]
    video: Video
    segments: tuple[Segment, ...]
    files: tuple[FileFacts, ...]
    kept_s: float
    blurred: str = ""
    original_sha256: str = ""

    def encode(self) -> bytes:
        """The manifest as it is written and signed."""
        return msgspec.json.format(msgspec.json.encode(self, enc_hook=plain), indent=1) + b"\n"

    @property
    def stills(self) -> list[str]:
        """The names of its pictures."""
        return [file.name for file in self.files if file.name.endswith(".jpg")]

    @property
    def level(self) -> Severity:
        """Its severity."""
        return Severity.parse(self.severity)


def decode_manifest(content: bytes) -> Manifest:
    """Raises WireError for what is no manifest."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
        Severity.parse(manifest.severity)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise WireError(f"no manifest of a clip: {error}") from None
    if manifest.type != TYPE:
        raise WireError(f"a manifest of type {manifest.type!r}")
    return manifest


class Begun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a clip when it begins; on disk until it is announced, so that a crash leaves it its name."""

    id: str
    severity: str
    reason: str
    made_by: Maker
    incidents: tuple[IncidentFacts, ...]
    start_s: float
    start_utc_s: float
    clock_synchronised: bool
    width: int
    height: int
    method: str
    kept_s: float


def sha256(content: bytes) -> str:
    """The hash of some bytes in hex."""
    return hashlib.sha256(content).hexdigest()


def utc_of(t_s: float, now_s: float, wall: WallTime) -> float:
    """The wall time of a monotonic moment, as the clocks relate now."""
    return wall.utc_s - (now_s - t_s)


def shown_s(packets: Sequence[EncodedPacket], step_s: float) -> float:
    """How long some packets last when they are played."""
    times = [packet.t_s for packet in packets]
    return max(times) - min(times) + step_s if times else 0.0
