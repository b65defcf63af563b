"""Makes people in a clip unrecognisable, for whoever gets it: a new clip, signed, that names the one it was made of.

Whole people are covered by coarse squares, wider than their boxes: a face cannot be brought back from their mean. Who
the detector did not see is not covered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import cv2
import msgspec
import numpy as np

from agent.domain import Box
from agent.errors import OperatorError
from agent.evidence.manifest import (
    MANIFEST,
    SIGNATURE,
    VIDEO,
    FileFacts,
    Manifest,
    Segment,
    decode_manifest,
    sha256,
)
from agent.evidence.people import PEOPLE, Look, decode_people, people_at
from agent.evidence.seal import seal
from agent.evidence.segments import Segmenter
from agent.evidence.stills import ONSET, Sighting, still_name
from agent.keys import DeviceKey
from hal.ports import U8, Frame, HalSettings, RecordingSettings, Yuv420
from hal.system import SystemClock

MARGIN = 0.15
SQUARES = 6
"""How many squares cover the shorter side of a person."""


class Blur(StrEnum):
    """Who is made unrecognisable: everybody but the incident's own people, or everybody."""

    OTHERS = "others"
    EVERYONE = "everyone"


def blur_clip(folder: Path, out: Path, blur: Blur, subjects: Collection[int], key: DeviceKey) -> Path:
    """A copy of the clip in `folder` below `out`, without those who are to be unrecognisable; its folder.

    `subjects` are the tracks that stay. Raises OperatorError where it is not known who is where, OSError.
    """
    original = (folder / MANIFEST).read_bytes()
    manifest = decode_manifest(original)
    if not (folder / PEOPLE).exists():
        hint = "a crash cut it short; export it without blurring, or not at all"
        raise OperatorError(f"clip {manifest.id}: nobody knows where its people are", hint=hint)
    looks = decode_people((folder / PEOPLE).read_bytes())
    target = out / f"{manifest.id}-{blur}"
    target.mkdir()
    made = _Made(target, manifest, blur, subjects, looks)
    made.run(folder / VIDEO)
    content = made.manifest(sha256(original)).encode()
    (target / MANIFEST).write_bytes(content)
    (target / SIGNATURE).write_bytes(seal(key, content))
    return target


class _Made:
    """A clip in the making from another one."""

    def __init__(
        self, target: Path, manifest: Manifest, blur: Blur, subjects: Collection[int], looks: Sequence[Look]
    ) -> None:
        self._target = target
        self._original = manifest
        self._blur = blur
        self._keep = frozenset(subjects) if blur == Blur.OTHERS else frozenset()
        self._looks = looks
        self._segmenter = Segmenter()
        self._segments: list[Segment] = []
        self._files: list[FileFacts] = []
        self._size = 0

    def run(self, video: Path) -> None:
        """Decode, cover, encode."""
        from hal.mp4 import Muxer
        from hal.recorder import SoftwareRecorder
        from hal.video import VideoFile

        facts = self._original.video
        source = VideoFile(HalSettings(str(video), facts.width, facts.height, paced=False), SystemClock())
        fps = source.open().fps
        recorder, muxer = SoftwareRecorder(RecordingSettings(), fps), None
        with (self._target / VIDEO).open("wb") as file:
            while (frame := source.read(10.0)) is not None:
                covered = self._covered(frame)
                self._take_still(covered, fps)
                for packet in recorder.encode(covered):
                    muxer = muxer or Muxer(lambda data: self._write(file, data), packet.shape)
                    muxer.write(packet)
            for packet in recorder.finish():
                muxer = muxer or Muxer(lambda data: self._write(file, data), packet.shape)
                muxer.write(packet)
            if muxer is not None:
                muxer.close()
        source.close()

    def manifest(self, original_sha256: str) -> Manifest:
        """What the new clip states: all that the old one did, and what it was made of."""
        return msgspec.structs.replace(
            self._original,
            id=self._target.name,
            video=msgspec.structs.replace(self._original.video, method="software"),
            segments=tuple(self._segments),
            files=tuple(self._files),
            blurred=str(self._blur),
            original_sha256=original_sha256,
        )

    def _covered(self, frame: Frame) -> Frame:
        boxes = [person.box for person in people_at(self._looks, frame.t_s) if person.track not in self._keep]
        picture = cover(frame.main, boxes)
        return Frame(frame.index, frame.t_s, picture, picture)

    def _take_still(self, frame: Frame, fps: float) -> None:
        """The picture of each incident's opening."""
        for incident in self._original.incidents:
            since_s = incident.opened_s - self._original.video.start_s
            if abs(frame.t_s - since_s) <= 0.5 / fps and not any(f.name.startswith(incident.id) for f in self._files):
                jpeg = Sighting(incident.id, ONSET, frame.main, ()).jpeg()
                name = still_name(incident.id, ONSET)
                (self._target / name).write_bytes(jpeg)
                self._files.append(FileFacts(name, len(jpeg), sha256(jpeg)))

    def _write(self, file: BinaryIO, data: bytes) -> None:
        for segment in self._segmenter.feed(data):
            self._segments.append(Segment(self._size, len(segment), sha256(segment)))
            self._size += len(segment)
            file.write(segment)


def cover(picture: Yuv420, boxes: Sequence[Box]) -> Yuv420:
    """A copy in which every box, and some more, is squares of one colour."""
    copy = Yuv420(picture.y.copy(), picture.u.copy(), picture.v.copy())
    for box in boxes:
        for plane in (copy.y, copy.u, copy.v):
            _mosaic(plane, box)
    return copy


def _mosaic(plane: U8, box: Box) -> None:
    height, width = plane.shape
    aside, above = MARGIN * box.width, MARGIN * box.height
    left, right = (min(max(round(x * width), 0), width) for x in (box.x1 - aside, box.x2 + aside))
    top, bottom = (min(max(round(y * height), 0), height) for y in (box.y1 - above, box.y2 + above))
    if right - left < 1 or bottom - top < 1:
        return
    part = plane[top:bottom, left:right]
    side = max(1, min(part.shape) // SQUARES)
    small = cv2.resize(part, (-(-part.shape[1] // side), -(-part.shape[0] // side)), interpolation=cv2.INTER_AREA)
    large = np.repeat(np.repeat(small, side, axis=0), side, axis=1)
    np.copyto(part, large[: part.shape[0], : part.shape[1]])
