"""What to do when the journal's database is damaged: put it aside, replace it, read what still can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import JournalError
from agent.events import shelves
from agent.events.shelves import Filed
from agent.events.store import COLUMNS, Store, Stored, stored_of

_DISK_CODES = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOLFS", "NOMEM", "PERM", "READONLY")
)


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of a damaged database: the quarantined file, and what could be read from it."""

    file: Path
    reason: str
    epoch: str | None
    rows: tuple[Stored, ...]
    filed: dict[str, list[Filed]] = field(default_factory=dict)


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
    return _read_damaged(aside, reason, max_rows)


def _open_checked(path: Path, max_rows: int) -> Store:
    store = Store(path, max_rows)
    try:
        store.check()
    except BaseException:
        store.close()
        raise
    return store


def _read_damaged(file: Path, reason: str, max_rows: int) -> Salvage:
    """Read a damaged file from both ends until SQLite gives up; whatever passes its checksum is good."""
    try:
        db = sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    except sqlite3.Error:
        return Salvage(file, reason, None, ())
    with closing(db):
        entries = (stored_of(row) for row in _both_ways(db, f"SELECT {COLUMNS} FROM events ORDER BY seq {{order}}"))
        rows = {stored.seq: stored for stored in entries if stored is not None}
        filed: dict[str, dict[str, Filed]] = {}
        for shelf, record in shelves.good(_both_ways(db, shelves.IN_ORDER)):
            filed.setdefault(shelf, {})[record.key] = record
        ordered = tuple(rows[seq] for seq in sorted(rows))
        return Salvage(file, reason, _epoch_of(db), ordered[-max_rows:], {k: [*v.values()] for k, v in filed.items()})


def _epoch_of(db: sqlite3.Connection) -> str | None:
    with suppress(sqlite3.Error):
        found = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return None if found is None else str(found[0])
    return None


def _both_ways(db: sqlite3.Connection, query: str) -> Iterator[Any]:
    """The rows of an ordered query until the first damage, then backwards from the end until the last."""
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error):
            yield from db.execute(query.format(order=order))
