"""The journal's small tables: its epoch, its consumers' cursors and the values parts keep, each with a checksum."""

from __future__ import annotations

import re
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress

EPOCH = "[0-9a-f]{16}"
_COPY = ""
"""The key of the epoch's copy among the kept values: on another page, for a salvage that cannot read the first."""
_COUNT = "#"
"""The key under which the kept values are counted."""

CHECKSUMS = """
    ALTER TABLE cursors ADD COLUMN crc INTEGER;
    ALTER TABLE state ADD COLUMN crc INTEGER;
    """
"""What was written before has none, until it is written again."""


def new_epoch() -> str:
    """Sixteen random hexadecimal digits."""
    return secrets.token_hex(8)


def epoch(db: sqlite3.Connection) -> str | None:
    """The database's epoch; None for a new one. Raises DatabaseError where it is damaged."""
    found = dict(db.execute("SELECT key, value FROM meta"))
    if "epoch" not in found:
        return None
    name = str(found["epoch"])
    if not re.fullmatch(EPOCH, name) or found.get("epoch_check", _check(name)) != _check(name):
        raise sqlite3.DatabaseError("the epoch is damaged")
    return name


def set_epoch(db: sqlite3.Connection, name: str) -> None:
    """Name the database, within the caller's transaction."""
    values = [("epoch", name), ("epoch_check", _check(name))]
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)
    put(db, [(_COPY, name.encode())])


def readable_epoch(db: sqlite3.Connection) -> str | None:
    """The epoch of a damaged database, from either place; None where neither can be read."""
    with suppress(sqlite3.Error):
        return epoch(db)
    with suppress(sqlite3.Error):
        copy = _values(db).get(_COPY)
        return None if copy is None else copy.decode()
    return None


def advance(db: sqlite3.Connection, cursors: Iterable[tuple[str, int]]) -> None:
    """Move cursors forward, within the caller's transaction; one that would move back stays."""
    statement = (
        "INSERT INTO cursors (consumer, seq, crc) VALUES (?, ?, ?) "
        "ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq, crc = excluded.crc WHERE excluded.seq > seq"
    )
    db.executemany(statement, [(consumer, seq, _checksum(consumer, seq)) for consumer, seq in cursors])


def cursors(db: sqlite3.Connection) -> dict[str, int]:
    """How far every consumer has come."""
    return dict(db.execute("SELECT consumer, seq FROM cursors"))


def put(db: sqlite3.Connection, values: Iterable[tuple[str, bytes]]) -> None:
    """Keep values, within the caller's transaction."""
    rows = [(key, value, _checksum(key, value)) for key, value in values]
    db.executemany("INSERT OR REPLACE INTO state (key, value, crc) VALUES (?, ?, ?)", rows)


def count(db: sqlite3.Connection, times: int) -> None:
    """Note how many times something was kept or filed, within the caller's transaction."""
    put(db, [(_COUNT, str(times).encode())])


def counted(db: sqlite3.Connection) -> int:
    """How many times something was kept or filed; 0 where it was never counted."""
    found = db.execute("SELECT value FROM state WHERE key = ?", (_COUNT,)).fetchone()
    return int(found[0]) if found and isinstance(found[0], bytes) and found[0].isdigit() else 0


def state(db: sqlite3.Connection) -> dict[str, bytes]:
    """All that parts keep and that passes its checksum."""
    return {key: value for key, value in _values(db).items() if key not in (_COPY, _COUNT)}


def unsound(db: sqlite3.Connection) -> Iterator[str]:
    """What fails its checksum, in words."""
    for table, query in (
        ("cursor", "SELECT consumer, seq, crc FROM cursors"),
        ("kept value", "SELECT key, value, crc FROM state"),
    ):
        for key, value, crc in db.execute(query):
            if not _fits(crc, key, value):
                yield f"{table} {key!r}"


def _values(db: sqlite3.Connection) -> dict[str, bytes]:
    return {key: value for key, value, crc in db.execute("SELECT key, value, crc FROM state") if _fits(crc, key, value)}


def _fits(crc: int | None, key: object, value: object) -> bool:
    return crc is None or crc == _checksum(key, value)


def _checksum(key: object, value: object) -> int:
    return zlib.crc32(repr((key, value)).encode())


def _check(name: str) -> str:
    return f"{zlib.crc32(name.encode()):08x}"
