"""Puts encoded packets into fragmented MP4, and says what such a file holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.packet import Packet

from hal.errors import MediaUnreadable
from hal.ports import EncodedPacket, VideoShape

_TICKS = 90_000
_BASE = Fraction(1, _TICKS)
_FLAGS = "delay_moov+default_base_moof+frag_keyframe+skip_trailer"


class Muxer:
    """Writes one clip; `sink` receives its bytes in order, a fragment (a key picture and what follows, or `fragment_s`
    of a longer group) at a time. Packets keep their content; times begin at 0 with the first one.

    Raises what `sink` raises.
    """

    def __init__(self, sink: Callable[[bytes], None], shape: VideoShape, fragment_s: float = 2.0) -> None:
        options = {"movflags": _FLAGS, "frag_duration": str(round(fragment_s * 1e6)), "flush_packets": "1"}
        self._container = av.open(_Sink(sink), "w", format="mp4", options=options)
        rate = Fraction(shape.fps).limit_denominator(1001)
        self._stream = self._container.add_mux_stream("h264", rate=rate, width=shape.width, height=shape.height)
        self._stream.time_base = _BASE
        self._first_s: float | None = None
        self._decoded = -1

    def write(self, packet: EncodedPacket) -> None:
        """Add a packet; the first must be a key picture."""
        if self._first_s is None:
            self._first_s = packet.decode_s
        out = Packet(packet.data)
        out.stream = self._stream
        out.time_base = _BASE
        out.dts = self._decoded = max(round((packet.decode_s - self._first_s) * _TICKS), self._decoded + 1)
        out.pts = max(round((packet.t_s - self._first_s) * _TICKS), out.dts)
        out.is_keyframe = packet.keyframe
        self._container.mux_one(out)

    def close(self) -> None:
        """Write the last fragment."""
        self._container.close()


class _Sink:
    """What PyAV writes to: a file that cannot be sought in."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def write(self, data: bytes) -> int:
        self._take(bytes(data))
        return len(data)


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video file truly holds: pictures that were decoded, and how long they last."""

    codec: str
    width: int
    height: int
    pictures: int
    duration_s: float


def examine(path: Path) -> VideoFacts:
    """Decode a whole file. Raises MediaUnreadable where any of it is damaged."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            times = [image.time for image in container.decode(stream) if image.time is not None]
            context = stream.codec_context
            step_s = 1 / float(stream.average_rate or stream.guessed_rate or 1)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise MediaUnreadable(f"{path.name}: {error}", hint="the file is damaged or no video") from error
    if not times:
        raise MediaUnreadable(f"{path.name}: no picture can be decoded", hint="the file is damaged or no video")
    return VideoFacts(context.name, context.width, context.height, len(times), max(times) - min(times) + step_s)
