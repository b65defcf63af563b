"""The audit log: who did what to the camera and its evidence, as a chain of signed lines that cannot be changed unseen.

Every line is `JSON SIGNATURE`: the JSON holds the number, the time, what happened and the hash of the JSON before it.
A head beside the log names the last line, so that lines cut off the end are missed. What cannot be written now waits.
A full file is set aside and another begun (`agent.evidence.audit_parts`).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from agent.domain import Json
from agent.durable import sync_folder, write_durably
from agent.evidence.audit_parts import (
    LOG,
    MOST_PARTS,
    PART_BYTES,
    RETIRED,
    Begun,
    full_parts,
    part_name,
    retirement,
)
from agent.evidence.manifest import sha256
from agent.evidence.seal import seal
from agent.keys import DeviceKey
from hal.ports import Clock

HEAD = "audit.head"
CONTEXT = b"aislewatch-audit\0"
MOST_WAITING = 10_000
START = "0" * 64


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line; `utc_s` is a label, `mono_s` the monotonic clock of the run named `boot`."""

    n: int
    utc_s: float
    clock_synchronised: bool
    boot: str
    mono_s: float
    kind: str
    data: dict[str, Any]
    prev: str


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line of a log."""

    type: str
    n: int
    sha256: str


HEAD_TYPE = "aislewatch-audit-head"


class AuditLog:
    """`record` may be called from any thread and never waits; `flush` writes, on the thread that keeps evidence.

    `told` is called with every entry, for instance to journal it: a hub that has the hash of the last line is a
    witness that the whole log before it existed.
    """

    def __init__(
        self,
        folder: Path,
        key: DeviceKey,
        clock: Clock,
        boot: str,
        told: Callable[[Entry, str], None] | None = None,
        *,
        part_bytes: int = PART_BYTES,
        most_parts: int = MOST_PARTS,
    ) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock
        self._boot = boot
        self._told = told
        self._part_bytes = part_bytes
        self._most_parts = most_parts
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, dict[str, Json], float, float, bool]] = deque(maxlen=MOST_WAITING)
        self._last: Head | None = None
        self._full: list[Path] = []
        self._size = 0
        self._dropped = 0

    @property
    def head(self) -> Head | None:
        """The last line that is on the disk; None before the first `flush`."""
        return self._last

    def record(self, kind: str, **data: Json) -> None:
        """Note that something happened now."""
        now_s, wall = self._clock.monotonic(), self._clock.wall()
        with self._lock:
            self._dropped += len(self._waiting) == MOST_WAITING
            self._waiting.append((kind, data, now_s, wall.utc_s, wall.synchronised))

    def flush(self) -> None:
        """Write what waits. Raises OSError, and may then be tried again."""
        if self._last is None:
            self._last = self._resume()
        self._write_waiting()
        while len(self._full) > self._most_parts:
            self.record(RETIRED, **retirement(self._begun(self._full[1])))
            self._write_waiting()
            self._full.pop(0).unlink(missing_ok=True)

    def _write_waiting(self) -> None:
        while (entry := self._next_entry()) is not None:
            content = msgspec.json.encode(entry)
            self._append(content + b" " + self._key.sign(CONTEXT + content).hex().encode() + b"\n")
            self._last = Head(HEAD_TYPE, entry.n, sha256(content))
            with self._lock:
                self._waiting.popleft()
            self._write_head()
            if self._told:
                self._told(entry, self._last.sha256)

    def _next_entry(self) -> Entry | None:
        assert self._last is not None
        with self._lock:
            if not self._waiting:
                return None
            kind, data, mono_s, utc_s, synchronised = self._waiting[0]
            if self._dropped:
                data = {**data, "dropped_before": self._dropped}
                self._dropped = 0
        number = self._last.n + 1
        return Entry(number, utc_s, synchronised, self._boot, round(mono_s, 3), kind, data, self._last.sha256)

    def _append(self, line: bytes) -> None:
        if self._size and self._size + len(line) > self._part_bytes:
            self._begin_part()
        descriptor = os.open(self._folder / LOG, os.O_WRONLY | os.O_CREAT, 0o640)
        try:
            os.ftruncate(descriptor, self._size)
            os.pwrite(descriptor, line, self._size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._size += len(line)

    def _begin_part(self) -> None:
        """Set the full file aside and begin another."""
        growing = self._folder / LOG
        full = growing.rename(self._folder / part_name(self._begun(growing).n))
        self._full.append(full)
        self._begin_file()

    def _begin_file(self) -> None:
        (self._folder / LOG).touch(mode=0o640)
        sync_folder(self._folder)
        self._size = 0

    def _begun(self, part: Path) -> Begun:
        """Where a file begins. A damaged first line counts as the log's first: it goes on, and `verify` will tell."""
        with part.open("rb") as file:
            content = file.readline().rpartition(b" ")[0]
        entry = _entry(content)
        return Begun(entry.n, entry.prev) if entry else Begun(1, START)

    def _write_head(self) -> None:
        content = msgspec.json.encode(self._last) + b"\n"
        write_durably(self._folder / HEAD, content + seal(self._key, content))

    def _resume(self) -> Head:
        """Go on after the last whole line; what a crash tore is cut off and noted."""
        path = self._folder / LOG
        self._full = full_parts(self._folder)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._begin_file()
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        self._size = len(whole)
        if len(whole) < len(content):
            self.record("audit_torn", bytes=len(content) - len(whole))
        if not whole and self._full:
            whole = self._full[-1].read_bytes()
        if not whole:
            return Head(HEAD_TYPE, 0, START)
        last = whole[whole.rfind(b"\n", 0, -1) + 1 :].rpartition(b" ")[0]
        entry = _entry(last)
        return Head(HEAD_TYPE, entry.n if entry else 0, sha256(last))


def _entry(content: bytes) -> Entry | None:
    """A line without its signature; None when it is damaged: the log goes on, and `verify` will tell."""
    try:
        return msgspec.json.decode(content, type=Entry)
    except msgspec.DecodeError:
        return None
