"""The journal's SQLite database: numbered rows, cursors, eviction. Synchronous; used from one thread."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from agent.errors import JournalError
from agent.events import ledgers, shelves
from agent.events.mark import SUFFIX, Mark, Promised
from agent.events.shelves import Filed

MEMORY = Path(":memory:")
_EVERY = 1 << 62

# Each entry brings the schema from its index to the next `user_version`; released entries never change.
MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, alarm INTEGER NOT NULL, utc_s REAL NOT NULL, synchronised INTEGER NOT NULL,
        boot TEXT NOT NULL, mono_s REAL NOT NULL, origin_epoch TEXT, origin_seq INTEGER,
        body BLOB NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX telemetry ON events (seq) WHERE alarm = 0;
    CREATE TABLE cursors (consumer TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    """,
    shelves.SCHEMA,
    ledgers.CHECKSUMS,
)

COLUMNS = "seq, alarm, utc_s, synchronised, boot, mono_s, origin_epoch, origin_seq, body, crc"


class Row(NamedTuple):
    """One entry without its number: the label, the clock it was taken from, and the encoded body."""

    alarm: bool
    utc_s: float
    synchronised: bool
    boot: str
    mono_s: float
    body: bytes
    origin_epoch: str | None = None
    origin_seq: int | None = None


class Stored(NamedTuple):
    """One numbered entry."""

    seq: int
    row: Row


class Page(NamedTuple):
    """Part of the journal: all that is left of the numbers up to and including `through`."""

    entries: list[Stored]
    through: int


class Store:
    """One open database of one epoch. Every method may raise sqlite3.Error; the journal decides what that means.

    `is_new` says that there was none before. On a disk a mark beside it notes what it has promised.
    """

    def __init__(self, path: Path, max_rows: int) -> None:
        self._max_rows = max_rows
        self._db = _connect(path)
        self._mark = None if path == MEMORY else Mark(path.with_name(path.name + SUFFIX))
        try:
            _migrate(self._db)
            self.is_new = ledgers.epoch(self._db) is None
            self.epoch = self._load_epoch()
            self._kept = ledgers.counted(self._db)
            self.last_seq: int = self._db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
            self.count: int = self._db.execute("SELECT count(*) FROM events").fetchone()[0]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()
        if self._mark:
            self._mark.close()

    @property
    def promised(self) -> Promised:
        """What it holds of what it ever promised."""
        return Promised(self.epoch, self.last_seq, self._kept)

    @property
    def marked(self) -> Promised | None:
        """What the mark says that was promised; None where it says nothing."""
        return self._mark.read() if self._mark else None

    def check(self) -> None:
        """Raises sqlite3.DatabaseError when SQLite's own check finds damage, or an entry fails its checksum."""
        found: str = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"integrity check: {found.splitlines()[-1]}")
        for _ in map(_sound, self._db.execute(f"SELECT {COLUMNS} FROM events")):
            pass
        for what in (*ledgers.unsound(self._db), *shelves.unsound(self._db)):
            raise sqlite3.DatabaseError(f"{what} fails its checksum")

    def append(self, rows: Sequence[Row]) -> int:
        """Number and commit `rows` in one transaction; they are on disk when this returns the last number."""
        with self._transaction():
            seq = self._insert(rows)
            evicted = self._evict(self.count + len(rows) - self._max_rows)
        self.last_seq = seq
        self.count += len(rows) - evicted
        self._note()
        return seq

    def read(self, after: int, limit: int) -> Page:
        """What follows `after`. Raises sqlite3.DatabaseError for a row that fails its checksum."""
        query = f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        found = self._db.execute(query, (after, limit)).fetchall()
        through = found[-1][0] if len(found) == limit else max(after, self.last_seq)
        return Page([_sound(row) for row in found], through)

    def cursors(self) -> dict[str, int]:
        return ledgers.cursors(self._db)

    def advance(self, cursors: Iterable[tuple[str, int]]) -> None:
        """Move cursors forward; one that would move back stays."""
        with self._transaction():
            ledgers.advance(self._db, cursors)

    def rewind(self, last_seq: int) -> None:
        """Drop rows behind `last_seq`: a commit that was reported as failed may have reached the disk after all."""
        with self._transaction():
            dropped = self._db.execute("DELETE FROM events WHERE seq > ?", (last_seq,)).rowcount
        self.count -= dropped
        self.last_seq = min(self.last_seq, last_seq)

    def expire(self, before_utc_s: float) -> int:
        """Delete what is older, labelled by a synchronised clock and acknowledged by every consumer; how many."""
        with self._transaction():
            found = self._db.execute(
                "DELETE FROM events WHERE seq <= ? AND seq < ? AND synchronised AND utc_s < ?",
                (self._done(), self.last_seq, before_utc_s),
            )
        self.count -= found.rowcount
        return found.rowcount

    def state(self) -> dict[str, bytes]:
        """All that other parts asked to keep."""
        return ledgers.state(self._db)

    def put(self, values: Iterable[tuple[str, bytes]]) -> None:
        with self._transaction():
            ledgers.put(self._db, values)
            ledgers.count(self._db, self._kept + 1)
        self._kept += 1
        self._note()

    def file(self, shelf: str, records: Iterable[Filed], values: Iterable[tuple[str, bytes]] = ()) -> None:
        """File records and put values, all or nothing."""
        with self._transaction():
            shelves.put(self._db, shelf, records)
            ledgers.put(self._db, values)
            ledgers.count(self._db, self._kept + 1)
        self._kept += 1
        self._note()

    def filed(self, shelf: str, from_utc_s: float, to_utc_s: float, limit: int) -> list[Filed]:
        """The newest records of a shelf within [from, to), oldest first."""
        return shelves.between(self._db, shelf, from_utc_s, to_utc_s, limit)

    def trim(self, shelf: str, before_utc_s: float) -> int:
        """Remove what is older from a shelf; how many records went."""
        with self._transaction():
            return shelves.trim(self._db, shelf, before_utc_s)

    def all_filed(self) -> dict[str, list[Filed]]:
        """All records by shelf, to move them into another store."""
        found: dict[str, list[Filed]] = {}
        for shelf, record in shelves.everything(self._db):
            found.setdefault(shelf, []).append(record)
        return found

    def renew_epoch(self) -> None:
        """Give the database a new epoch: a consumer has seen numbers that this file no longer holds.

        Rows that every consumer had acknowledged carry their old place as origin; younger ones may differ from what
        was seen under the same number, so they count as new.
        """
        old, new = self.epoch, ledgers.new_epoch()
        with self._transaction():
            self._db.execute(
                "UPDATE events SET origin_epoch = ?, origin_seq = seq WHERE seq <= ? AND origin_epoch IS NULL",
                (old, self._done()),
            )
            ledgers.set_epoch(self._db, new)
        self.epoch = new
        self._note()

    def checkpoint(self) -> None:
        """Fold the write-ahead log back into the database file."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _note(self) -> None:
        """What is promised from now on."""
        if self._mark:
            self._mark.write(self.promised)

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _load_epoch(self) -> str:
        found = ledgers.epoch(self._db)
        if found is not None:
            return found
        epoch = ledgers.new_epoch()
        with self._transaction():
            ledgers.set_epoch(self._db, epoch)
        return epoch

    def _insert(self, rows: Sequence[Row]) -> int:
        first = self.last_seq + 1
        self._db.executemany(
            f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_values(first + index, row) for index, row in enumerate(rows)],
        )
        return self.last_seq + len(rows)

    def _evict(self, surplus: int) -> int:
        """Make room: first of what every consumer has, then of the rest; of both the oldest telemetry before alarms."""
        if surplus <= 0:
            return 0
        wanted = surplus + self._max_rows // 100  # some room at once, not one row per commit
        evicted = 0
        for last_seq in (self._done(), _EVERY):
            for alarm, count in ((0, wanted), (1, surplus)):
                if evicted < surplus:
                    evicted += self._delete_oldest(alarm, last_seq, count - evicted)
        return evicted

    def _delete_oldest(self, alarm: int, last_seq: int, count: int) -> int:
        newest = "(SELECT max(seq) FROM events)"  # never deleted: it holds the place of the count
        chosen = f"SELECT seq FROM events WHERE alarm = {alarm} AND seq <= ? AND seq < {newest} ORDER BY seq LIMIT ?"
        return self._db.execute(f"DELETE FROM events WHERE seq IN ({chosen})", (last_seq, count)).rowcount

    def _done(self) -> int:
        """Up to which number every consumer has everything."""
        return self._db.execute("SELECT min(seq) FROM cursors").fetchone()[0] or 0


class _Transaction:
    """BEGIN IMMEDIATE, then COMMIT, or ROLLBACK when the body or the commit fails."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=2.0)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        db.execute("PRAGMA journal_mode = WAL").fetchall()
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA cell_size_check = ON")
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection) -> None:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise JournalError(
            f"the journal was written by a newer version (schema {version}, this one knows {len(MIGRATIONS)})",
            hint="install the newer version again, or move the journal file away",
        )
    for index in range(version, len(MIGRATIONS)):
        db.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[index]} PRAGMA user_version = {index + 1}; COMMIT;")


def _values(seq: int, row: Row) -> tuple[object, ...]:
    label = (int(row.alarm), float(row.utc_s), int(row.synchronised), row.boot, float(row.mono_s))
    crc = _checksum((seq, *label), row.body)
    return (seq, *label, row.origin_epoch, row.origin_seq, row.body, crc)


def stored_of(values: tuple[Any, ...]) -> Stored | None:
    """The entry in a row of COLUMNS; None when its checksum fails."""
    *head, origin_epoch, origin_seq, body, crc = values
    if crc != _checksum(tuple(head), body):
        return None
    seq, alarm, utc_s, synchronised, boot, mono_s = head
    origin = (origin_epoch, origin_seq) if re.fullmatch(ledgers.EPOCH, origin_epoch or "") else (None, None)
    return Stored(seq, Row(bool(alarm), utc_s, bool(synchronised), boot, mono_s, body, *origin))


def _sound(values: tuple[Any, ...]) -> Stored:
    """The same of a row that must be sound. Raises sqlite3.DatabaseError."""
    stored = stored_of(values)
    if stored is None:
        raise sqlite3.DatabaseError(f"entry {values[0]} fails its checksum")
    return stored


def _checksum(head: tuple[object, ...], body: object) -> int:
    """Of all but the origin, which `renew_epoch` sets later."""
    return zlib.crc32(body, zlib.crc32(repr(head).encode())) if isinstance(body, bytes) else -1
