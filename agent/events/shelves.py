"""Records that other parts file in the journal's database: each on a shelf, under a key, at a time, with a checksum."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SCHEMA = """
    CREATE TABLE filed (
        shelf TEXT NOT NULL, key TEXT NOT NULL, utc_s REAL NOT NULL, value BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (shelf, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX filed_time ON filed (shelf, utc_s);
    """
_COLUMNS = "shelf, key, utc_s, value, crc"
IN_ORDER = f"SELECT {_COLUMNS} FROM filed ORDER BY shelf {{order}}, key {{order}}"


class Filed(NamedTuple):
    """One record; filing another under the same key replaces it."""

    key: str
    utc_s: float
    value: bytes


def put(db: sqlite3.Connection, shelf: str, records: Iterable[Filed]) -> None:
    """File records, within the caller's transaction."""
    rows = [(shelf, key, float(utc_s), value) for key, utc_s, value in records]  # the column gives a float back
    summed = [(*row, _checksum(*row)) for row in rows]
    db.executemany(f"INSERT OR REPLACE INTO filed ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", summed)


def between(db: sqlite3.Connection, shelf: str, from_utc_s: float, to_utc_s: float, limit: int) -> list[Filed]:
    """The newest records of a shelf within [from, to), oldest first; damaged ones are missing."""
    query = f"SELECT {_COLUMNS} FROM filed WHERE shelf = ? AND utc_s >= ? AND utc_s < ? ORDER BY utc_s DESC LIMIT ?"
    found = db.execute(query, (shelf, from_utc_s, to_utc_s, limit)).fetchall()
    return [record for _, record in good(found)][::-1]


def trim(db: sqlite3.Connection, shelf: str, before_utc_s: float) -> int:
    """Remove what is older, within the caller's transaction; how many went."""
    return db.execute("DELETE FROM filed WHERE shelf = ? AND utc_s < ?", (shelf, before_utc_s)).rowcount


def unsound(db: sqlite3.Connection) -> Iterator[str]:
    """What fails its checksum, in words."""
    for shelf, key, utc_s, value, crc in db.execute(IN_ORDER.format(order="ASC")):
        if crc != _checksum(shelf, key, utc_s, value):
            yield f"record {key!r} of shelf {shelf!r}"


def everything(db: sqlite3.Connection) -> Iterator[tuple[str, Filed]]:
    """Every record that passes its checksum, with its shelf."""
    return good(db.execute(IN_ORDER.format(order="ASC")))


def good(rows: Iterable[tuple[str, str, float, bytes, int]]) -> Iterator[tuple[str, Filed]]:
    """The records whose checksum holds."""
    for shelf, key, utc_s, value, crc in rows:
        if crc == _checksum(shelf, key, utc_s, value):
            yield shelf, Filed(key, utc_s, value)


def _checksum(shelf: object, key: object, utc_s: object, value: object) -> int:
    return zlib.crc32(value, zlib.crc32(repr((shelf, key, utc_s)).encode())) if isinstance(value, bytes) else -1
