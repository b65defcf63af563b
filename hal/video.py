"""Video files as cameras, flat out or at their own pace, through PyAV; streams and devices are in hal.stream."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hal.errors import CameraLost, CameraStalled, MediaUnreadable
from hal.masks import masked
from hal.packets import PacketTap
from hal.pictures import Converter, Picture, reason
from hal.ports import Camera, CameraInfo, Clock, Frame, HalSettings
from hal.stream import StreamCamera
from hal.timeline import VideoTime

log = logging.getLogger(__name__)

_POLL_S = 0.05
_MISSING_SHARE = 0.02


def open_video(settings: HalSettings, clock: Clock, tap: PacketTap | None = None) -> Camera:
    """The camera for a source that is a file, a URL or a V4L2 device; nothing is opened yet.

    `tap` receives the source's own packets, which no privacy mask can change.
    """
    video = StreamCamera(settings, clock, tap=tap) if is_stream(settings.source) else VideoFile(settings, clock, tap)
    return masked(video, settings.privacy_masks)


def is_stream(source: str) -> bool:
    """Whether the source goes on by itself: a URL or a device."""
    return "://" in source or source.startswith("/dev/")


class VideoFile:
    """A video file as a camera.

    Flat out (`settings.paced` false) every picture is delivered, with the time within the video. Paced, the file runs
    like a camera from the first `read` on: pictures come when they are due, and those missed meanwhile are dropped.
    Damaged parts are skipped and stated in one warning at the end.
    """

    def __init__(self, settings: HalSettings, clock: Clock, tap: PacketTap | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._tap = tap
        self._path = Path(settings.source)
        self._reading = threading.Lock()
        self._closed = threading.Event()
        self._closed.set()
        self._container: InputContainer | None = None

    def open(self) -> CameraInfo:
        """Open the file from its start. Raises MediaUnreadable."""
        self.close()
        try:
            self._container = av.open(str(self._path))
            stream = self._container.streams.video[0]
        except IndexError:
            raise self._unreadable("holds no video") from None
        except (av.error.FFmpegError, OSError) as error:
            raise self._unreadable(reason(error)) from error
        fps = float(stream.average_rate or stream.guessed_rate or self._settings.fps)
        if self._tap is not None:
            self._tap.open(stream, fps)
        self._convert = Converter(self._settings.width, self._settings.height)
        self._pictures = self._decode(self._container, stream, fps)
        self._next = next(self._pictures, None)
        if self._next is None:
            raise self._unreadable("holds no picture that can be read")
        self._start_s: float | None = None
        self._closed.clear()
        size = self._next.image
        return CameraInfo(self._settings.source, size.width, size.height, fps, live=self._settings.paced)

    def read(self, timeout_s: float) -> Frame | None:
        """The next picture, or when paced the latest one due; None at the end."""
        with self._reading:
            self._refuse_if_closed()
            if self._next is None:
                return None
            picture = self._await_due(timeout_s) if self._settings.paced else self._take()
            if self._tap is not None:
                self._tap.place(picture.image.time, picture.t_s)
            return self._convert.frame(picture)

    def close(self) -> None:
        """End a waiting read, then release the file."""
        self._closed.set()
        with self._reading:
            if self._container is not None:
                self._container.close()
            self._container = None

    def _await_due(self, timeout_s: float) -> Picture:
        if self._start_s is None:
            self._start_s = self._clock.monotonic()
        self._wait_for_next(timeout_s)
        picture = self._take()
        while self._next is not None and self._due_s(self._next) <= self._clock.monotonic():
            picture = self._take()
        return picture._replace(t_s=self._due_s(picture))

    def _wait_for_next(self, timeout_s: float) -> None:
        assert self._next is not None
        due_s = self._due_s(self._next)
        deadline_s = self._clock.monotonic() + timeout_s
        while (now_s := self._clock.monotonic()) < due_s:
            if now_s >= deadline_s:
                raise CameraStalled(f"{self._path.name}: no picture is due within {timeout_s:g} s")
            self._clock.sleep(min(due_s - now_s, deadline_s - now_s, _POLL_S))
            self._refuse_if_closed()

    def _due_s(self, picture: Picture) -> float:
        return (self._start_s or 0.0) + picture.t_s

    def _take(self) -> Picture:
        picture, self._next = self._next, next(self._pictures, None)
        assert picture is not None
        return picture

    def _refuse_if_closed(self) -> None:
        if self._closed.is_set():
            raise CameraLost(f"{self._path.name} is closed")

    def _decode(self, container: InputContainer, stream: VideoStream, fps: float) -> Iterator[Picture]:
        times = VideoTime(1 / fps)
        damaged = _Damage()
        number, t_s = -1, 0.0
        for number, image in enumerate(_images(container, stream, damaged, self._tap)):
            t_s = times.place(image.time)
            yield Picture(number, t_s, image)
        missing = stream.frames - number - 1
        if damaged.packets or missing > _MISSING_SHARE * stream.frames:
            stated = f" of {stream.frames}" if stream.frames else ""
            log.warning(
                "%s is damaged or truncated: it ended at %.1f s after %d%s pictures, %d packets could not be decoded",
                self._path.name,
                t_s,
                number + 1,
                stated,
                damaged.packets,
            )

    def _unreadable(self, why: str) -> MediaUnreadable:
        self.close()
        return MediaUnreadable(f"{self._path}: {why}", hint="a complete video file (MP4, MKV, AVI, GIF) is expected")


@dataclass(slots=True)
class _Damage:
    """How many packets of a file could not be decoded."""

    packets: int = 0


def _images(
    container: InputContainer, stream: VideoStream, damage: _Damage, tap: PacketTap | None
) -> Iterator[VideoFrame]:
    """Every picture that can be decoded; what cannot is counted in `damage`. All packets pass the `tap`."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is not None and tap is not None:
                tap.take(packet)
            images = packet.decode() if packet is not None else ()
        except av.error.FFmpegError:
            damage.packets += 1
            continue
        if packet is None:
            return
        yield from images
