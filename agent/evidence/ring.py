"""The last seconds of encoded video in RAM, bounded in time and in bytes, at hardly more than its own size."""

from __future__ import annotations

import sys
import threading
from array import array
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from hal.ports import EncodedPacket, VideoShape


class Numbered(NamedTuple):
    """A packet and its place in the row of all that ever came."""

    number: int
    packet: EncodedPacket


class Ring:
    """Whole groups of packets, each beginning with a key picture; the oldest group goes when it is no longer needed.

    A group that is complete is packed into one piece. `add` belongs to the recorder's thread, everything else may be
    called from any.
    """

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._groups: deque[_Group] = deque()
        self._open: list[EncodedPacket] = []
        self._open_bytes = 0
        self._packed_bytes = 0
        self._next = 1
        self._last_s = float("-inf")

    def add(self, packet: EncodedPacket) -> None:
        """Take the next packet; those before the first key picture are of no use and let go."""
        with self._lock:
            if packet.keyframe:
                self._pack()
            elif not self._open:
                return
            self._open.append(packet)
            self._open_bytes += len(packet.data)
            self._next += 1
            self._last_s = max(self._last_s, packet.t_s)
            self._evict()

    @property
    def last_s(self) -> float:
        """The latest exposure time that came."""
        return self._last_s

    @property
    def payload(self) -> int:
        """Bytes of encoded video held."""
        with self._lock:
            return self._open_bytes + self._packed_bytes

    @property
    def footprint(self) -> int:
        """Bytes of memory taken for that."""
        with self._lock:
            packets = sum(sys.getsizeof(p) + sys.getsizeof(p.data) + 2 * sys.getsizeof(p.t_s) for p in self._open)
            return sum(group.footprint for group in self._groups) + packets + sys.getsizeof(self._open)

    def span(self) -> tuple[float, float] | None:
        """The first and last exposure time held; None while there is nothing."""
        with self._lock:
            start_s = self._start_s()
            return None if start_s is None else (start_s, self._last_s)

    def begin_at(self, t_s: float) -> int:
        """The number of the key picture to begin with for video from `t_s` on: the latest before it, or the first."""
        with self._lock:
            number = self._next - len(self._open)
            for group in reversed(self._groups):
                if self._open and self._open[0].t_s <= t_s:
                    break
                number = group.first
                if group.start_s <= t_s:
                    break
            return number

    def since(self, number: int) -> list[Numbered]:
        """Every packet held from `number` on, in order; less than that when some are gone already."""
        with self._lock:
            groups = [group for group in self._groups if group.first + len(group) > number]
            opened = [*self._open]
            first = self._next - len(opened)
        found = [one for group in groups for one in group if one.number >= number]
        return found + [Numbered(first + i, packet) for i, packet in enumerate(opened) if first + i >= number]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._groups.clear()
            self._open = []
            self._open_bytes = self._packed_bytes = 0

    def _start_s(self) -> float | None:
        if self._groups:
            return self._groups[0].start_s
        return self._open[0].t_s if self._open else None

    def _pack(self) -> None:
        if self._open:
            self._groups.append(_Group(self._next - len(self._open), self._open))
            self._packed_bytes += self._open_bytes
        self._open, self._open_bytes = [], 0

    def _evict(self) -> None:
        """Drop groups that end before the time held, and any for want of room; an endless group drops itself."""
        while self._groups and (self._second_start_s() <= self._last_s - self._seconds or self._too_big()):
            self._packed_bytes -= len(self._groups.popleft().data)
        if self._too_big():
            self._open, self._open_bytes = [], 0

    def _second_start_s(self) -> float:
        return self._groups[1].start_s if len(self._groups) > 1 else self._open[0].t_s

    def _too_big(self) -> bool:
        return self._open_bytes + self._packed_bytes > self._most_bytes


class _Group:
    """A key picture and all up to the next, in one piece."""

    def __init__(self, first: int, packets: list[EncodedPacket]) -> None:
        self.first = first
        self.start_s = packets[0].t_s
        self.data = b"".join(packet.data for packet in packets)
        self._shape: VideoShape = packets[0].shape
        self._sizes = array("I", (len(packet.data) for packet in packets))
        self._times = array("d", (time for packet in packets for time in (packet.t_s, packet.decode_s)))

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[Numbered]:
        at = 0
        for i, size in enumerate(self._sizes):
            t_s, decode_s = self._times[2 * i], self._times[2 * i + 1]
            packet = EncodedPacket(self.data[at : at + size], i == 0, t_s, decode_s, self._shape)
            yield Numbered(self.first + i, packet)
            at += size

    @property
    def footprint(self) -> int:
        return sum(sys.getsizeof(part) for part in (self.data, self._sizes, self._times))
