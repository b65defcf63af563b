"""RTSP and other network streams and V4L2 devices as cameras, through PyAV."""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Sequence

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hal.errors import CameraLost, CameraStalled, CameraUnavailable, HalError
from hal.packets import PacketTap
from hal.pictures import Converter, Picture, reason
from hal.planes import plane
from hal.ports import CameraInfo, Clock, Frame, HalSettings
from hal.sources import without_password
from hal.timeline import ArrivalTime

_OPEN_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 5.0
_CLOSE_GRACE_S = 0.5


class Backoff:
    """Waits between attempts: doubling up to a cap, each shortened at random by up to half."""

    def __init__(self, first_s: float = 0.5, cap_s: float = 30.0) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._attempt = 0

    def next_s(self) -> float:
        """The next wait."""
        wait_s = min(self._cap_s, self._first_s * 2.0**self._attempt)
        self._attempt = min(self._attempt + 1, 30)
        return wait_s * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """An attempt succeeded: begin small again."""
        self._attempt = 0


class StreamCamera:
    """An RTSP or other network stream, or a V4L2 device, as a camera.

    A thread of its own reads and decodes, so that a peer that falls silent never holds up `read`, and only the latest
    picture waits. When the source goes away `read` raises CameraLost once and the thread connects again, with
    back-off; `index` goes on rising and `open` may also be called anew.
    """

    def __init__(
        self, settings: HalSettings, clock: Clock, *, backoff: Backoff | None = None, tap: PacketTap | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._tap = tap
        self._backoff = backoff or Backoff()
        self._reader: _Reader | None = None
        self._index = 0

    def open(self) -> CameraInfo:
        """Connect. Raises CameraUnavailable when a person must act, CameraLost when trying again may help."""
        self.close()
        self._convert = Converter(self._settings.width, self._settings.height)
        self._reader = _Reader(self._settings, self._clock, self._backoff, self._index, self._tap)
        try:
            return self._reader.start()
        except HalError:
            self.close()
            raise

    def read(self, timeout_s: float) -> Frame | None:
        """The latest picture not yet delivered; waits for one. Never None: a stream has no end."""
        reader = self._reader
        if reader is None:
            raise CameraLost(f"{without_password(self._settings.source)} is closed")
        picture = reader.wait(timeout_s)
        self._index = picture.number + 1
        return self._convert.frame(picture)

    def close(self) -> None:
        """End the thread and any waiting read."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()


class _Reader:
    """The thread that connects, decodes and keeps the latest picture, from one `open` to its `close`."""

    def __init__(
        self, settings: HalSettings, clock: Clock, backoff: Backoff, index: int, tap: PacketTap | None
    ) -> None:
        self._settings = settings
        self._tap = tap
        self._clock = clock
        self._backoff = backoff
        self._index = index
        self._name = without_password(settings.source)
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._info: CameraInfo | None = None
        self._picture: Picture | None = None
        self._failure: HalError | None = None
        self._times = ArrivalTime()
        self._thread = threading.Thread(target=self._run, name="camera-stream", daemon=True)

    def start(self) -> CameraInfo:
        """Connect for the first time; the failure of that is raised."""
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._info or self._failure or self._stopped.is_set())
            if self._info is None:
                raise self._failure or CameraLost(f"{self._name} was closed")
            return self._info

    def wait(self, timeout_s: float) -> Picture:
        """Take the latest picture. Raises a failure once, then CameraStalled until pictures come again."""
        with self._changed:
            self._changed.wait_for(lambda: self._picture or self._failure or self._stopped.is_set(), timeout_s)
            picture, self._picture = self._picture, None
            if picture is not None:
                return picture
            failure, self._failure = self._failure, None
        if self._stopped.is_set():
            raise CameraLost(f"{self._name} was closed")
        raise failure or CameraStalled(f"{self._name}: no picture for {timeout_s:g} s")

    def stop(self) -> None:
        """Tell everybody to end; a thread that hangs in a driver is left to its own time limit."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(_CLOSE_GRACE_S)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._stream_once()
                failure: HalError = CameraLost(f"{self._name}: the stream ended")
            except (av.error.FFmpegError, OSError) as error:
                failure = _translate(error, self._name)
            except HalError as error:
                failure = error
            if not self._lose(failure):
                return
            self._stopped.wait(self._backoff.next_s())

    def _stream_once(self) -> None:
        with _connect(self._settings) as container:
            if not container.streams.video:
                raise CameraUnavailable(f"{self._name} holds no video", hint="choose a stream with a picture")
            stream = container.streams.video[0]
            fps = float(stream.average_rate or stream.guessed_rate or self._settings.fps)
            if self._tap is not None:
                self._tap.open(stream, fps)
            for packet in container.demux(stream):
                if self._stopped.is_set():
                    return
                if self._tap is not None:
                    self._tap.take(packet)
                for image in _decode_if_sound(packet):
                    self._post(image, fps)

    def _post(self, image: VideoFrame, fps: float) -> None:
        if _is_device(self._settings.source):
            image = owned(image)
        t_s = self._times.place(image.time, self._clock.monotonic())
        self._backoff.reset()
        if self._tap is not None:
            self._tap.place(image.time, t_s)
        with self._changed:
            self._picture = Picture(self._index, t_s, image)
            self._failure = None
            self._info = self._info or CameraInfo(self._name, image.width, image.height, fps, live=True)
            self._changed.notify_all()
        self._index += 1

    def _lose(self, failure: HalError) -> bool:
        """Report a failure; whether to try again. A source that was there before is expected to come back."""
        with self._changed:
            known = self._info is not None
            self._failure = CameraLost(str(failure), hint=failure.hint) if known else failure
            self._changed.notify_all()
        return known


def owned(image: VideoFrame) -> VideoFrame:
    """A copy in memory of our own: a V4L2 driver takes its buffers back when it is closed, whoever still reads them."""
    copy = VideoFrame(image.width, image.height, image.format.name)
    copy.pts, copy.time_base = image.pts, image.time_base
    copy.colorspace, copy.color_range = image.colorspace, image.color_range
    for target, source in zip(copy.planes, image.planes, strict=True):
        width = min(target.line_size, source.line_size)
        np.copyto(
            plane(target, width, target.height, target.line_size), plane(source, width, source.height, source.line_size)
        )
    return copy


def _is_device(source: str) -> bool:
    return source.startswith("/dev/")


def _connect(settings: HalSettings) -> InputContainer:
    timeout = (_OPEN_TIMEOUT_S, _READ_TIMEOUT_S)
    if not _is_device(settings.source):
        options = {"analyzeduration": "1000000"}
        if settings.source.startswith("rtsp"):
            options["rtsp_flags"] = "prefer_tcp"
        return av.open(settings.source, options=options, timeout=timeout)
    options = {"video_size": f"{settings.width}x{settings.height}", "framerate": f"{settings.fps:g}"}
    return av.open(settings.source, format="v4l2", options=options, timeout=timeout)


def _decode_if_sound(packet: Packet[VideoStream]) -> Sequence[VideoFrame]:
    """The pictures of a packet; none when the network damaged it."""
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        return []


def _translate(error: Exception, name: str) -> HalError:
    """What a failure to open or read a stream means to the caller."""
    message = f"{name}: {reason(error)}"
    if isinstance(error, (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)):
        return CameraUnavailable(message, hint="check the user name and password in the source's address")
    if isinstance(error, (av.error.HTTPNotFoundError, FileNotFoundError)):
        return CameraUnavailable(
            message, hint="check the address or the cable; `v4l2-ctl --list-devices` lists cameras"
        )
    if isinstance(error, PermissionError):
        return CameraUnavailable(message, hint="add this user to the group `video`")
    if isinstance(error, OSError) and error.errno == errno.EBUSY:
        return CameraUnavailable(message, hint="another program uses this camera: close it")
    if isinstance(error, (av.error.InvalidDataError, av.error.LookupError)):
        return CameraUnavailable(message, hint="the source sends no video that can be decoded")
    return CameraLost(message)
