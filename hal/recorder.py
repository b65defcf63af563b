"""Recorders: the packets of a source that brings H.264 by itself, else frames encoded here by libx264."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import av
import av.error
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hal.packets import PacketTap
from hal.planes import chroma_size, plane
from hal.ports import U8, EncodedPacket, Frame, PacketSink, RecordingSettings, VideoShape, Yuv420

log = logging.getLogger(__name__)

_TICKS = 90_000
_WAITING = 8
DELAY = 4
"""Pictures that libx264 may have in hand. It works on threads of its own: a call would else keep Python's lock for as
long as a picture takes, and with it the alarm."""
_X264 = "sliced-threads=0:sync-lookahead=2:rc-lookahead=0:bframes=0:repeat-headers=1:scenecut=0"


class SoftwareRecorder:
    """Encodes offered frames on a thread of its own; where encoding falls behind, frames are left out and counted."""

    method = "software"

    def __init__(self, settings: RecordingSettings, fps: float) -> None:
        self._settings = settings
        self._fps = fps
        self._waiting: deque[Frame] = deque(maxlen=_WAITING)
        self._changed = threading.Condition()
        self._stopping = False
        self._deliver: PacketSink | None = None
        self._encoder: _Encoder | None = None
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
        self.left_out = 0

    def start(self, deliver: PacketSink) -> None:
        self._deliver = deliver
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        with self._changed:
            self.left_out += len(self._waiting) == _WAITING
            self._waiting.append(frame)
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def encode(self, frame: Frame) -> list[EncodedPacket]:
        """Take one frame; the packets that are ready, at most `DELAY` frames late. A change of size begins anew."""
        picture = frame.lores if self._settings.stream == "lores" else frame.main
        last = [] if self._encoder is None or self._encoder.fits(picture) else self.finish()
        if self._encoder is None:
            self._encoder = _Encoder(picture, self._settings, self._fps)
        return last + self._encoder.encode(picture, frame.t_s)

    def finish(self) -> list[EncodedPacket]:
        """The packets of all frames that were taken and are not ready yet; the next frame begins anew."""
        encoder, self._encoder = self._encoder, None
        return encoder.finish() if encoder else []

    def _run(self) -> None:
        assert self._deliver is not None
        while (frame := self._next()) is not None:
            for packet in self.encode(frame):
                self._deliver(packet)
        for packet in self.finish():
            self._deliver(packet)

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            return self._waiting.popleft() if self._waiting else None


class SourceRecorder:
    """Passes on what the source sends where it is H.264, and encodes its frames where it is not."""

    def __init__(self, tap: PacketTap, fallback: SoftwareRecorder) -> None:
        self._tap = tap
        self._fallback = fallback

    @property
    def method(self) -> str:
        return "camera" if self._tap.passing else self._fallback.method

    def start(self, deliver: PacketSink) -> None:
        self._tap.send_to(deliver)
        self._fallback.start(deliver)

    def offer(self, frame: Frame) -> None:
        if not self._tap.passing:
            self._fallback.offer(frame)

    def stop(self) -> None:
        self._tap.send_to(None)
        self._fallback.stop()


class PacketCamera(Protocol):
    """A camera with an encoder of its own (hal.picamera)."""

    def record_to(self, deliver: PacketSink | None) -> None: ...


class CameraRecorder:
    """The camera's own encoder."""

    method = "camera"

    def __init__(self, camera: PacketCamera) -> None:
        self._camera = camera

    def start(self, deliver: PacketSink) -> None:
        self._camera.record_to(deliver)

    def offer(self, frame: Frame) -> None:
        """Nothing to do: the encoder sees every picture by itself."""

    def stop(self) -> None:
        self._camera.record_to(None)


class _Encoder:
    """libx264 for pictures of one size: no reordering, parameter sets with every key picture."""

    def __init__(self, picture: Yuv420, settings: RecordingSettings, fps: float) -> None:
        self._source = (picture.width, picture.height)
        width, height = picture.width & ~1, picture.height & ~1
        self._shape = VideoShape(width, height, fps)
        self._image = VideoFrame(width, height, "yuv420p")
        self._first_s: float | None = None
        self._last_tick = -1
        self._times: dict[int, float] = {}
        codec = av.CodecContext.create("libx264", "w")
        assert isinstance(codec, VideoCodecContext)
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.time_base = Fraction(1, _TICKS)
        codec.framerate = Fraction(fps).limit_denominator(1001)
        codec.thread_count = 2
        codec.gop_size = max(1, round(fps * settings.key_s))
        codec.options = {
            "preset": "ultrafast",
            "crf": "23",
            "maxrate": str(settings.bitrate_bps),
            "bufsize": str(settings.bitrate_bps),
            "x264-params": _X264,
        }
        self._codec = codec

    def fits(self, picture: Yuv420) -> bool:
        return (picture.width, picture.height) == self._source

    def encode(self, picture: Yuv420, t_s: float) -> list[EncodedPacket]:
        if self._first_s is None:
            self._first_s = t_s
        tick = max(round((t_s - self._first_s) * _TICKS), self._last_tick + 1)
        self._last_tick = tick
        self._times[tick] = t_s
        self._fill(picture)
        self._image.pts, self._image.time_base = tick, Fraction(1, _TICKS)
        return [self._stamped(packet) for packet in self._encode(self._image)]

    def finish(self) -> list[EncodedPacket]:
        return [self._stamped(packet) for packet in self._encode(None)]

    def _stamped(self, packet: Packet[VideoStream]) -> EncodedPacket:
        t_s = self._times.pop(packet.pts or 0)
        return EncodedPacket(bytes(packet), packet.is_keyframe, t_s, t_s, self._shape)

    def _encode(self, image: VideoFrame | None) -> Sequence[Packet[VideoStream]]:
        try:
            return self._codec.encode(image)
        except av.error.FFmpegError as error:
            log.error("a picture could not be encoded: %s", error)
            return []

    def _fill(self, picture: Yuv420) -> None:
        width, height = self._shape.width, self._shape.height
        sizes = ((width, height), *[chroma_size(width, height)] * 2)
        for part, source, size in zip(self._image.planes, (picture.y, picture.u, picture.v), sizes, strict=True):
            target: U8 = plane(part, *size, part.line_size)
            np.copyto(target, source[: size[1], : size[0]])
