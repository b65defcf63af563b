"""Factory reset: the camera forgets its keys, pins, clips, journal and audit log, and starts as a new one.

The steps survive a power cut at any place, and what was begun is ended by the next start:

1. the order is written to `reset.json`, synced; the last entries of the old journal and audit log tell of it;
2. the camera stops in order;
3. everything that `ERASED` names is removed, and `reset.json` notes that this was done and how long it took;
4. the camera starts, makes new keys, and writes who ordered what into its new journal and audit log;
5. `reset.json` is removed.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from agent.domain import Event, Severity
from agent.durable import sync_folder, wipe, write_durably
from agent.errors import OperatorError
from hal.ports import Clock

MARKER = "reset.json"
LIMIT_S = 60.0
"""The longest that a reset may take, from the order to the last file."""
ERASED = ("identity", "keys", "evidence", "journal.db*", "audit*")
"""Names in the data folder, as patterns: first what lets others in, then what they would see."""

WIPED = ("identity", "keys")
"""Those of them that hold keys: they are overwritten where they lie, for a removed file's bytes stay on the disk."""

log = logging.getLogger(__name__)


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wanted it and why; `fp` is the key that was erased, `took_s` None until it was done."""

    device: str
    fp: str
    reason: str
    by: str
    utc_s: float
    clock_synchronised: bool
    took_s: float | None = None
    files: int = 0


class FactoryReset:
    """One for each life of the camera; `ordered` is set when the camera has to stop for it."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._folder = data_dir
        self._clock = clock
        self._begun_s = clock.monotonic()
        self._order: Order | None = None
        self.ordered = asyncio.Event()

    @property
    def folder(self) -> Path:
        """The data folder that it is about."""
        return self._folder

    async def order(self, device: str, fp: str, reason: str, by: str) -> None:
        """Step 1. Raises OperatorError where it cannot be kept."""
        wall, self._begun_s = self._clock.wall(), self._clock.monotonic()
        order = Order(device, fp, reason, by, round(wall.utc_s, 3), wall.synchronised)
        try:
            await asyncio.to_thread(_write, self._folder, order)
        except OSError as error:
            raise OperatorError(f"the disk does not take the order: {error.strerror}", hint="try again") from None
        self._order = order

    def event(self) -> Event:
        """What the journal and the audit log are told of it."""
        assert self._order is not None
        return Event("factory_reset", self._clock.monotonic(), Severity.WARNING, msgspec.to_builtins(self._order))

    def erase(self) -> None:
        """Step 3, where it was ordered or is not ended; takes time. A disk that refuses is tried at the next start."""
        order = _read(self._folder)
        if order is None or order.took_s is not None:
            return
        try:
            files = sum(_remove(path) for path in _named(self._folder))
            sync_folder(self._folder)
            took_s = round(self._clock.monotonic() - self._begun_s, 3)
            _write(self._folder, msgspec.structs.replace(order, took_s=took_s, files=files))
        except OSError as error:
            log.critical("the factory reset could not be ended: %s", error)
        else:
            log.warning("factory reset: %d files were erased within %.1f s", files, took_s)

    def begin_anew(self) -> Event | None:
        """Step 4: what the new journal and audit log are to be told; None where there was no reset."""
        self.ordered.clear()
        self._order = _read(self._folder)
        return self.event() if self._order else None

    def forget(self) -> None:
        """Step 5, once that was written; one that could not be ended stays ordered."""
        if self._order is None or self._order.took_s is None:
            return
        with suppress(OSError):
            (self._folder / MARKER).unlink(missing_ok=True)
            sync_folder(self._folder)


def _named(folder: Path) -> Iterator[Path]:
    return (path for pattern in ERASED for path in sorted(folder.glob(pattern)))


def _remove(path: Path) -> int:
    """Remove a file or a folder; how many files that were. Raises OSError."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return 1
    files = [inner for inner in path.rglob("*") if inner.is_symlink() or not inner.is_dir()]
    if path.name in WIPED:
        for file in files:
            if file.is_file() and not file.is_symlink():
                wipe(file)
    shutil.rmtree(path)
    return len(files)


def _write(folder: Path, order: Order) -> None:
    write_durably(folder / MARKER, msgspec.json.encode(order), mode=0o600)


def _read(folder: Path) -> Order | None:
    """The order; None where there is none. What cannot be read was not written by us, and erases nothing."""
    try:
        return msgspec.json.decode((folder / MARKER).read_bytes(), type=Order)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.error("%s cannot be read (%s): nothing is erased", folder / MARKER, error)
        return None
