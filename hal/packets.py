"""Taps a source's own H.264 packets, so that clips hold what the source sent, not a copy encoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.video.stream import VideoStream

from hal.ports import EncodedPacket, PacketSink, VideoShape

_START_CODES = (b"\0\0\0\1", b"\0\0\1")
_SPS, _TYPE_MASK = 7, 0x1F


class PacketTap:
    """Between a source that demuxes packets and whoever keeps them. Used from the source's thread.

    The packets of a source that is no H.264 are not passed on: `open` answers false. Times of packets follow those
    that the source gave to its pictures: `place` says how the two relate, and lets go what waited for that.
    """

    def __init__(self) -> None:
        self._deliver: PacketSink | None = None
        self._convert: Callable[[Any], Iterator[bytes]] = iter
        self._shape = VideoShape(0, 0, 0.0)
        self._parameter_sets = b""
        self._held: list[tuple[bytes, bool, float, float]] = []
        self._begun = False
        self.passing = False

    def send_to(self, deliver: PacketSink | None) -> None:
        """Pass packets on to `deliver` from now on; None is nobody."""
        self._deliver = deliver

    def open(self, stream: VideoStream, fps: float) -> bool:
        """A source begins; whether its packets will be passed on."""
        codec = stream.codec_context
        self._held.clear()
        self._begun = False
        self._shape = VideoShape(codec.width, codec.height, fps)
        self.passing = codec.name == "h264"
        if self.passing:
            self._convert = _to_annex_b(stream)
            extradata = codec.extradata or b""
            self._parameter_sets = extradata if extradata.startswith(_START_CODES) else b""
        return self.passing

    def take(self, packet: Packet[VideoStream]) -> None:
        """A packet was read; one without times or content, or before the first key picture, is not passed on."""
        if not self.passing or self._deliver is None or not packet.size or packet.pts is None:
            return
        self._begun = self._begun or packet.is_keyframe
        if not self._begun:
            return
        time_base = float(packet.time_base or 0)
        t_s = packet.pts * time_base
        decode_s = t_s if packet.dts is None else packet.dts * time_base
        data = b"".join(self._convert(packet))
        if packet.is_keyframe and not begins_with_parameters(data):
            data = self._parameter_sets + data
        self._held.append((data, packet.is_keyframe, t_s, decode_s))

    def place(self, stamp_s: float | None, t_s: float) -> None:
        """The picture stamped `stamp_s` by the source was exposed at `t_s`: stamp and pass on what waits."""
        if self._deliver is None or stamp_s is None:
            return
        shift_s = t_s - stamp_s
        held, self._held = self._held, []
        for data, keyframe, shown_s, decode_s in held:
            self._deliver(EncodedPacket(data, keyframe, shown_s + shift_s, decode_s + shift_s, self._shape))


def begins_with_parameters(data: bytes) -> bool:
    """Whether an access unit (Annex B) brings a sequence parameter set before its first slice."""
    at = 0
    while (at := data.find(b"\0\0\1", at)) >= 0 and at + 3 < len(data):
        kind = data[at + 3] & _TYPE_MASK
        if kind == _SPS:
            return True
        if kind in (1, 5):
            return False
        at += 3
    return False


def _to_annex_b(stream: VideoStream) -> Callable[[Packet[VideoStream]], Iterator[bytes]]:
    """How a packet of this stream becomes Annex B: files hold lengths instead of start codes."""
    if (stream.codec_context.extradata or b"")[:1] != b"\1":
        return lambda packet: iter((bytes(packet),))
    filtering = BitStreamFilterContext("h264_mp4toannexb", stream)
    # The filter empties the packet that it is given: the decoder still needs this one.
    return lambda packet: (bytes(part) for part in filtering.filter(Packet(bytes(packet))))
