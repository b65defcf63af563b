"""The audit log: who did what to the camera and its evidence, as a chain of signed lines that cannot be changed unseen.

Every line is `JSON SIGNATURE`: the JSON holds the number, the time, what happened and the hash of the JSON before it.
A head beside the log names the last line, so that lines cut off the end are missed. What cannot be written now waits.
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
from agent.evidence.manifest import sha256
from agent.evidence.seal import seal
from agent.keys import DeviceKey
from hal.ports import Clock

LOG, HEAD = "audit.log", "audit.head"
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
        self, folder: Path, key: DeviceKey, clock: Clock, boot: str, told: Callable[[Entry, str], None] | None = None
    ) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock
        self._boot = boot
        self._told = told
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, dict[str, Json], float, float, bool]] = deque(maxlen=MOST_WAITING)
        self._lines: deque[bytes] = deque()
        self._last: Head | None = None
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
        while (entry := self._next_entry()) is not None:
            content = msgspec.json.encode(entry)
            line = content + b" " + self._key.sign(CONTEXT + content).hex().encode() + b"\n"
            self._append(line)
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
        descriptor = os.open(self._folder / LOG, os.O_WRONLY | os.O_CREAT, 0o640)
        try:
            os.ftruncate(descriptor, self._size)
            os.pwrite(descriptor, line, self._size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._size += len(line)

    def _write_head(self) -> None:
        content = msgspec.json.encode(self._last) + b"\n"
        write_durably(self._folder / HEAD, content + seal(self._key, content))

    def _resume(self) -> Head:
        """Go on after the last whole line; what a crash tore is cut off and noted."""
        path = self._folder / LOG
        content = path.read_bytes() if path.exists() else b""
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o640)
            sync_folder(self._folder)
        whole = content[: content.rfind(b"\n") + 1]
        self._size = len(whole)
        if len(whole) < len(content):
            self.record("audit_torn", bytes=len(content) - len(whole))
        if not whole:
            return Head(HEAD_TYPE, 0, START)
        last = whole[whole.rfind(b"\n", 0, -1) + 1 :].rpartition(b" ")[0]
        return Head(HEAD_TYPE, _number(last), sha256(last))


def _number(content: bytes) -> int:
    """The number of a line; a log that does not end in one is damaged: it goes on, and `verify` will tell."""
    try:
        return msgspec.json.decode(content, type=Entry).n
    except msgspec.DecodeError:
        return 0
