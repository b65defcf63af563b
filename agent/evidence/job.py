"""One clip in the making: packets in, whole fragments in RAM, and from there to the disk when the disk lets it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from agent.durable import sync_all, sync_folder
from agent.evidence.manifest import (
    MANIFEST,
    SIGNATURE,
    TYPE,
    VIDEO,
    Begun,
    Ended,
    FileFacts,
    IncidentFacts,
    Manifest,
    Segment,
    Video,
    sha256,
)
from agent.evidence.people import PEOPLE, Look, encode_people
from agent.evidence.plan import Want
from agent.evidence.ring import Numbered
from agent.evidence.seal import seal
from agent.evidence.segments import Segmenter, Span
from agent.evidence.vault import StoredClip, Vault
from agent.keys import DeviceKey
from hal.ports import EncodedPacket, VideoShape

BACKLOG = 32 << 20
"""Most bytes of one clip that wait in RAM for a disk that does not take them."""


class Muxing(Protocol):
    """What makes MP4 of packets (hal.mp4.Muxer)."""

    def write(self, packet: EncodedPacket) -> None: ...
    def close(self) -> None: ...


OpenMuxer = Callable[[Callable[[bytes], None], VideoShape], Muxing]


@dataclass(slots=True)
class Taken:
    """What a clip has of its video so far; times are exposures."""

    first_s: float = float("inf")
    last_s: float = float("-inf")
    pictures: int = 0
    lost: int = 0


class ClipJob:
    """Made when a clip begins; `begun` is what is known then. `save` is the only method that touches the disk."""

    def __init__(self, want: Want, begun: Begun, next_number: int, open_muxer: OpenMuxer) -> None:
        self.want = want
        self.taken = Taken()
        self.ended: Ended | None = None
        self._begun = begun
        self._next = next_number
        self._open_muxer = open_muxer
        self._muxer: Muxing | None = None
        self._shape: VideoShape | None = None
        self._awaits_key = True
        self._segmenter = Segmenter()
        self._segments: list[Segment] = []
        self._size = 0
        self._written = 0
        self._waiting: deque[bytes] = deque()
        self._stills: dict[str, bytes] = {}
        self._looks: list[Look] = []
        self._saved_stills: dict[str, FileFacts] = {}
        self._on_disk = False

    def know(self, begun: Begun) -> None:
        """What is known has changed: a crash from now on leaves a clip that says this."""
        if begun != self._begun:
            self._begun, self._on_disk = begun, False

    @property
    def begun(self) -> Begun:
        """What is known."""
        return self._begun

    @property
    def next_number(self) -> int:
        """The number of the packet it waits for."""
        return self._next

    @property
    def backlog(self) -> int:
        """Bytes that wait for the disk."""
        return sum(map(len, self._waiting)) + sum(map(len, self._stills.values()))

    def feed(self, packets: Iterable[Numbered]) -> None:
        """Take packets up to the clip's end; after one that was lost, go on with the next key picture.

        Pictures that are sent after a later one which they complete still belong to the clip.
        """
        if self.ended is not None:
            return
        for number, packet in packets:
            if packet.decode_s > self.want.end_s and packet.t_s > self.taken.last_s:
                return
            if number > self._next:
                self.taken.lost += number - self._next
                self._awaits_key = True
            self._next = number + 1
            self._take(packet)
        if self.backlog > BACKLOG:
            self.end(Ended.NO_ROOM)

    @property
    def seen_s(self) -> float:
        """Up to when it knows where people were."""
        return self._looks[-1].t_s if self._looks else self._begun.start_s

    def see(self, looks: Iterable[Look]) -> None:
        """Where people were since then."""
        if self.ended is None:
            self._looks += [look for look in looks if not self._looks or look.t_s > self.seen_s]

    def still(self, name: str, jpeg: bytes) -> None:
        """Add a picture."""
        self._stills[name] = jpeg

    def end(self, why: Ended) -> None:
        """No more video comes. What writes it knows this job: let go, so that the job's end frees both at once."""
        if self.ended is None:
            self.ended = why
            if self.taken.pictures:
                self._stills[PEOPLE] = encode_people(self._looks, self.taken.first_s)
            if self._muxer is not None:
                self._muxer.close()
                self._muxer = None

    def save(self, vault: Vault, key: DeviceKey, kept_s: float) -> StoredClip | None:
        """Write what waits; a clip that has ended is stored and returned. Raises OSError, and may then be tried again.

        A clip without a single whole fragment is dropped: `worthless` tells.
        """
        if not self._on_disk:
            vault.begin(self._begun)
            self._on_disk = True
        self._write_segments(vault)
        self._write_stills(vault)
        if self.ended is None:
            return None
        if self.worthless:
            vault.drop(self.want.id)
            return None
        self._sign(vault, key, kept_s)
        return vault.store(self.want.id)

    @property
    def worthless(self) -> bool:
        """It ended before there was any video."""
        return self.ended is not None and not self._segments

    def _take(self, packet: EncodedPacket) -> None:
        if self._shape is None:
            self._shape = packet.shape
        if packet.shape != self._shape or (self._awaits_key and not packet.keyframe):
            self.taken.lost += 1
            return
        self._awaits_key = False
        if self._muxer is None:
            self._muxer = self._open_muxer(self._cut, packet.shape)
        self._muxer.write(packet)
        self.taken.first_s = min(self.taken.first_s, packet.t_s)
        self.taken.last_s = max(self.taken.last_s, packet.t_s)
        self.taken.pictures += 1

    def _cut(self, data: bytes) -> None:
        for segment in self._segmenter.feed(data):
            self._segments.append(Segment(self._size, len(segment), sha256(segment)))
            self._size += len(segment)
            self._waiting.append(segment)

    def _write_segments(self, vault: Vault) -> None:
        """Append what waits; each fragment is on the disk before it is forgotten here."""
        if not self._waiting:
            return
        folder = vault.part(self.want.id)
        descriptor = os.open(folder / VIDEO, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            if not self._written:
                sync_folder(folder)  # the name of the file; its content follows with each fragment
            os.ftruncate(descriptor, self._written)
            while self._waiting:
                _write_at(descriptor, self._waiting[0], self._written)
                os.fdatasync(descriptor)
                self._written += len(self._waiting.popleft())
        finally:
            os.close(descriptor)

    def _write_stills(self, vault: Vault) -> None:
        folder = vault.part(self.want.id)
        while self._stills:
            name, jpeg = next(iter(self._stills.items()))
            (folder / name).write_bytes(jpeg)
            self._saved_stills[name] = FileFacts(name, len(jpeg), sha256(jpeg))
            del self._stills[name]

    def _sign(self, vault: Vault, key: DeviceKey, kept_s: float) -> None:
        content = self._manifest(kept_s).encode()
        folder = vault.part(self.want.id)
        if folder.is_dir():
            sync_all(folder)  # what is signed is on the disk first: a signature says that nothing is missing
            (folder / MANIFEST).write_bytes(content)
            (folder / SIGNATURE).write_bytes(seal(key, content))
            sync_folder(folder)

    def _manifest(self, kept_s: float) -> Manifest:
        assert self._shape is not None
        assert self.ended is not None
        taken, begun = self.taken, self._begun
        video = Video(
            start_s=taken.first_s,
            start_utc_s=begun.start_utc_s + taken.first_s - begun.start_s,
            clock_synchronised=begun.clock_synchronised,
            duration_s=round(taken.last_s - taken.first_s + 1 / self._shape.fps, 6),
            pictures=taken.pictures,
            width=self._shape.width,
            height=self._shape.height,
            method=begun.method,
            ended=self.ended,
            lost_packets=taken.lost,
        )
        incidents = tuple(IncidentFacts.of(incident) for incident in self.want.incidents.values())
        return Manifest(
            type=TYPE,
            id=self.want.id,
            severity=str(self.want.severity),
            reason=self.want.reason,
            made_by=begun.made_by,
            incidents=incidents,
            video=video,
            segments=tuple(self._segments),
            files=tuple(self._saved_stills.values()),
            kept_s=kept_s,
        )


def recovered_manifest(begun: Begun, video: Video, segments: dict[Span, str], files: tuple[FileFacts, ...]) -> Manifest:
    """The manifest of a clip that a crash cut short, from what was known when it began and what is on the disk."""
    return Manifest(
        type=TYPE,
        id=begun.id,
        severity=begun.severity,
        reason=begun.reason,
        made_by=begun.made_by,
        incidents=begun.incidents,
        video=video,
        segments=tuple(Segment(span.offset, span.length, digest) for span, digest in segments.items()),
        files=files,
        kept_s=begun.kept_s,
    )


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
