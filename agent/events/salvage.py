"""What to do when the journal's database is damaged: put it aside, replace it, read what still can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.errors import JournalError
from agent.events.store import COLUMNS, Store, Stored, stored_of

_DISK_CODES = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOLFS", "NOMEM", "PERM", "READONLY")
)


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of a damaged database: the quarantined file, its epoch where readable, and the rows read from it."""

    file: Path
    reason: str
    epoch: str | None
    rows: tuple[Stored, ...]


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, rather than the disk, its permissions or another process."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code not in _DISK_CODES


def open_store(path: Path, max_rows: int) -> tuple[Store, Salvage | None]:
    """Open and check the database; a damaged one is put aside, replaced, and what can be read of it returned.

    Raises OSError or sqlite3.Error when the disk cannot be used, JournalError when another process holds the file.
    """
    try:
        return _open_checked(path, max_rows), None
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise JournalError(f"{path} is in use by another process", hint="stop the other agent first") from error
        if not is_damage(error):
            raise
        salvage = quarantine(path, str(error), max_rows)
        return _open_checked(path, max_rows), salvage


def quarantine(path: Path, reason: str, max_rows: int) -> Salvage:
    """Rename a damaged database and its log (replacing older ones), then read what still can be read of them."""
    aside = path.with_name(f"{path.name}.damaged")
    for suffix in ("-wal", "-shm", ""):  # the database last: a log must never meet a database that is not its own
        part = path.with_name(path.name + suffix)
        kept = aside.with_name(aside.name + suffix)
        kept.unlink(missing_ok=True)
        if part.exists():
            part.rename(kept)
    epoch, rows = _read_damaged(aside)
    return Salvage(aside, reason, epoch, rows[-max_rows:])


def _open_checked(path: Path, max_rows: int) -> Store:
    store = Store(path, max_rows)
    try:
        store.check()
    except BaseException:
        store.close()
        raise
    return store


def _read_damaged(file: Path) -> tuple[str | None, tuple[Stored, ...]]:
    """Read a damaged file from both ends until SQLite gives up; whatever passes its checksum is good."""
    rows: dict[int, Stored] = {}
    epoch: str | None = None
    try:
        db = sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    except sqlite3.Error:
        return None, ()
    try:
        for order in ("ASC", "DESC"):
            rows |= {stored.seq: stored for stored in _until_damage(db, order)}
        found = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        epoch = None if found is None else str(found[0])
    except sqlite3.Error:
        pass
    finally:
        db.close()
    return epoch, tuple(rows[seq] for seq in sorted(rows))


def _until_damage(db: sqlite3.Connection, order: str) -> Iterator[Stored]:
    try:
        for values in db.execute(f"SELECT {COLUMNS} FROM events ORDER BY seq {order}"):
            stored = stored_of(values)
            if stored is not None:
                yield stored
    except sqlite3.Error:
        return
