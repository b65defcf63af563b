"""Where the fragments of an MP4 file begin and end (ISO/IEC 14496-12): pure, for hashing and for recovery.

A segment is everything up to and with an `mdat` box: the first holds the file's head as well.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

_HEAD = struct.Struct(">I4s")
_KNOWN = frozenset((b"ftyp", b"styp", b"sidx", b"moov", b"moof", b"mdat", b"mfra", b"free", b"skip"))
_MOST = 1 << 31


class Span(NamedTuple):
    """A stretch of a file, bytes."""

    offset: int
    length: int


class Segmenter:
    """Cuts a growing stream of bytes into whole segments."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The segments that are whole now. Raises ValueError for what is no MP4."""
        self._waiting += data
        segments = []
        while (length := self._first_length()) is not None:
            segments.append(bytes(self._waiting[:length]))
            del self._waiting[:length]
        return segments

    @property
    def rest(self) -> int:
        """Bytes that are part of no whole segment."""
        return len(self._waiting)

    def _first_length(self) -> int | None:
        at = 0
        while at + _HEAD.size <= len(self._waiting):
            length, kind = _HEAD.unpack_from(self._waiting, at)
            if not _is_box(length, kind):
                raise ValueError(f"no MP4 box at byte {at}")
            at += length
            if kind == b"mdat":
                return at if at <= len(self._waiting) else None
        return None


def whole_segments(file: BinaryIO) -> list[Span]:
    """The segments of a file that are there as a whole; what follows them is damaged or cut off."""
    size = file.seek(0, 2)
    spans: list[Span] = []
    start = at = 0
    while at + _HEAD.size <= size:
        file.seek(at)
        length, kind = _HEAD.unpack(file.read(_HEAD.size))
        if not _is_box(length, kind) or at + length > size:
            break
        at += length
        if kind == b"mdat":
            spans.append(Span(start, at - start))
            start = at
    return spans


def _is_box(length: int, kind: bytes) -> bool:
    return _HEAD.size <= length <= _MOST and kind in _KNOWN
