"""How far a journal has promised, in a small file beside it: a log whose end is lost cannot say so itself.

SQLite takes a damaged end of its write-ahead log for a commit that a power cut tore, and an empty database for a new
one. The mark is written after each commit, never before it, so that it never claims too much; and it is not synced: the
kernel brings it to the disk within half a minute, so that it costs no wait. After a kill it is exact.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SUFFIX = "-mark"
_RECORD = struct.Struct(">8s16sQQ")
_CRC = struct.Struct(">I")
_MAGIC = b"awmark1\n"


class Promised(NamedTuple):
    """The last number of an epoch, and how many times something was kept or filed."""

    epoch: str
    seq: int
    kept: int

    def beyond(self, other: Promised) -> str:
        """What is promised here and not there, of the same epoch; empty where nothing is."""
        if self.epoch != other.epoch or (self.seq <= other.seq and self.kept <= other.kept):
            return ""
        behind = f"events up to {self.seq}, found up to {other.seq}"
        return behind if self.seq > other.seq else "something kept or filed is as it was before"


class Mark:
    """One file, a record of 44 bytes: no disk tears that. A disk that does not take it has other troubles."""

    def __init__(self, path: Path) -> None:
        self._handle = -1
        with suppress(OSError):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def read(self) -> Promised | None:
        """What it says; None where it says nothing that can be believed."""
        with suppress(OSError):
            found = os.pread(self._handle, _RECORD.size + _CRC.size, 0)
            if len(found) == _RECORD.size + _CRC.size and _CRC.unpack_from(found, _RECORD.size)[0] == _sum(found):
                magic, epoch, seq, kept = _RECORD.unpack_from(found)
                return Promised(epoch.decode("ascii", "replace"), seq, kept) if magic == _MAGIC else None
        return None

    def write(self, promised: Promised) -> None:
        record = _RECORD.pack(_MAGIC, promised.epoch.encode(), promised.seq, promised.kept)
        with suppress(OSError):
            os.pwrite(self._handle, record + _CRC.pack(_sum(record)), 0)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._handle)
        self._handle = -1


def _sum(record: bytes) -> int:
    return zlib.crc32(record[: _RECORD.size])
