"""What to do when the journal's database is damaged: put it aside, replace it, read what still can be read.

A salvage that a crash cuts short is taken up at the next opening, so each step is on the disk before the next begins:

1. NAME is renamed to NAME.salvaging, then its log; a new database is made under NAME.
2. What can be read is carried over into the new one, as one transaction.
3. NAME.salvaging is renamed to NAME.damaged, for people to look at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.durable import sync_folder
from agent.errors import JournalError
from agent.events import ledgers, shelves
from agent.events.mark import SUFFIX, Mark, Promised
from agent.events.shelves import Filed
from agent.events.store import COLUMNS, Store, Stored, stored_of
from agent.events.torn import is_broken

_DISK_CODES = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOLFS", "NOMEM", "PERM", "READONLY")
)
_LOG, _INDEX = "-wal", "-shm"


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of a damaged database: where it will lie, and what could be read from it.

    `promised` is the last number that is known to have been given in its epoch.
    """

    file: Path
    reason: str
    epoch: str | None
    rows: tuple[Stored, ...]
    filed: dict[str, list[Filed]] = field(default_factory=dict)
    state: dict[str, bytes] = field(default_factory=dict)
    promised: int | None = None


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, rather than the disk, its permissions or another process."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code not in _DISK_CODES


def open_store(path: Path, max_rows: int) -> tuple[Store, Salvage | None]:
    """Open and check the database; a damaged one is put aside, replaced, and what can be read of it returned.

    Raises OSError or sqlite3.Error when the disk cannot be used, JournalError when another process holds the file.
    """
    _finish_setting_aside(path)
    try:
        store = _open_checked(path, max_rows)
        if not _aside(path).exists():
            _compare(store)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise JournalError(f"{path} is in use by another process", hint="stop the other agent first") from error
        if not is_damage(error):
            raise
        return replace(path, str(error), max_rows)
    if _aside(path).exists():
        return store, _read_damaged(path, "a salvage was cut short", max_rows)
    return store, None


def replace(path: Path, reason: str, max_rows: int) -> tuple[Store, Salvage]:
    """A new database in place of a damaged one, and what can be read of that; `conclude` once it is carried over."""
    if _aside(path).exists():  # the damaged one was still being filled from there
        _remove(path)
    else:
        _set_aside(path)
    return _open_checked(path, max_rows), _read_damaged(path, reason, max_rows)


def conclude(path: Path) -> None:
    """What could be saved is in the new database: keep the damaged one under the name that people are told."""
    aside, kept = _aside(path), _kept(path)
    _remove(kept)
    for suffix in (_LOG, ""):
        if _beside(aside, suffix).exists():
            _beside(aside, suffix).rename(_beside(kept, suffix))
    sync_folder(path.parent)


def _set_aside(path: Path) -> None:
    """The database first: without one a log is nobody's, and the next step finds it."""
    _remove(_aside(path))
    path.rename(_aside(path))
    sync_folder(path.parent)
    _finish_setting_aside(path)


def _finish_setting_aside(path: Path) -> None:
    if path.exists() or not _aside(path).exists() or not _beside(path, _LOG).exists():
        return
    _beside(path, _LOG).rename(_beside(_aside(path), _LOG))
    sync_folder(path.parent)


def _remove(path: Path) -> None:
    """A database and its log; the log first, so that it never meets another."""
    for suffix in (_LOG, _INDEX, ""):
        _beside(path, suffix).unlink(missing_ok=True)
        sync_folder(path.parent)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.salvaging")


def _kept(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _open_checked(path: Path, max_rows: int) -> Store:
    if is_broken(_beside(path, _LOG)):
        raise sqlite3.DatabaseError("the write-ahead log is broken before its end")
    store = Store(path, max_rows)
    try:
        store.check()
    except BaseException:
        store.close()
        raise
    return store


def _compare(store: Store) -> None:
    """Raises sqlite3.DatabaseError, and closes it, where the store lacks what its mark says that was promised."""
    marked = store.marked
    lacking = marked.beyond(store.promised) if marked else ""
    if marked and store.is_new:
        lacking = f"events up to {marked.seq}, and the database is gone"
    if lacking:
        store.close()
        raise sqlite3.DatabaseError(f"it ends too soon: promised were {lacking}")


def _read_damaged(path: Path, reason: str, max_rows: int) -> Salvage:
    """Read a damaged file from both ends until SQLite gives up; whatever passes its checksum is good."""
    kept, marked = _kept(path), _marked(path)
    known = marked.epoch if marked else None
    try:
        db = sqlite3.connect(f"{_aside(path).resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    except sqlite3.Error:
        return Salvage(kept, reason, known, (), promised=marked.seq if marked else None)
    with closing(db):
        db.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()  # without an index file beside it
        entries = (stored_of(row) for row in _both_ways(db, f"SELECT {COLUMNS} FROM events ORDER BY seq {{order}}"))
        rows = {stored.seq: stored for stored in entries if stored is not None}
        filed: dict[str, dict[str, Filed]] = {}
        for shelf, record in shelves.good(_both_ways(db, shelves.IN_ORDER)):
            filed.setdefault(shelf, {})[record.key] = record
        ordered = tuple(rows[seq] for seq in sorted(rows))[-max_rows:]
        shelved = {shelf: [*records.values()] for shelf, records in filed.items()}
        found = ledgers.readable_epoch(db) if ordered else None  # an empty one may have been made a moment ago
        epoch = found or known
        promised = marked.seq if marked and marked.epoch == epoch else None
        return Salvage(kept, reason, epoch, ordered, shelved, _state_of(db), promised)


def _marked(path: Path) -> Promised | None:
    """What the mark says that was promised before."""
    mark = Mark(_beside(path, SUFFIX))
    try:
        return mark.read()
    finally:
        mark.close()


def _state_of(db: sqlite3.Connection) -> dict[str, bytes]:
    with suppress(sqlite3.Error):
        return ledgers.state(db)
    return {}


def _both_ways(db: sqlite3.Connection, query: str) -> Iterator[Any]:
    """The rows of an ordered query until the first damage, then backwards from the end until the last."""
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error):
            yield from db.execute(query.format(order=order))
