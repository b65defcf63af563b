"""A hub's store of events: each applied once, in SQLite, synced before anything is acknowledged."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from agent.events.wire import Batch, Body, EventBody, Record, decode_body, encode_body

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    device TEXT, epoch TEXT, seq INTEGER, utc_s REAL NOT NULL, synchronised INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (device, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gaps (
    device TEXT, epoch TEXT, first INTEGER, last INTEGER, PRIMARY KEY (device, epoch, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hub (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
    device TEXT, epoch TEXT, seq INTEGER NOT NULL, PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;
"""


class Entry(NamedTuple):
    """One event as the hub keeps it, under the place where its camera first journalled it."""

    device: str
    epoch: str
    seq: int
    utc_s: float
    synchronised: bool
    body: Body


class Ledger:
    """Synchronous; used by one thread at a time. Other users of the file are waited for up to `patience_s`.

    `hub_id` names the hub to cameras; it is made with the file, so that no two hubs share one.
    """

    def __init__(self, path: Path, patience_s: float = 5.0) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=patience_s)
        self._db.execute("PRAGMA journal_mode = WAL").fetchall()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self.hub_id = self._load_id()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def cursor(self, device: str, epoch: str) -> int:
        """Up to which number everything of this epoch is here."""
        found = self._db.execute("SELECT seq FROM cursors WHERE device = ? AND epoch = ?", (device, epoch)).fetchone()
        return 0 if found is None else int(found[0])

    def store(self, batch: Batch) -> list[Record]:
        """Apply a batch in one synced transaction; returns the records that were new."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            new = [record for record in batch.records if self._insert(batch, record)]
            self._db.executemany(
                "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)",
                [(batch.device, batch.epoch, gap.first, gap.last) for gap in batch.gaps],
            )
            self._advance(batch)
            for record in new:
                self._note_lost(batch.device, record.body)
        return new

    def events(self, device: str | None = None) -> Iterator[Entry]:
        """What is stored, in the order of the cameras' numbers."""
        query = "SELECT * FROM events WHERE ? IS NULL OR device = ? ORDER BY device, epoch, seq"
        for name, epoch, seq, utc_s, synchronised, body in self._db.execute(query, (device, device)):
            yield Entry(name, epoch, seq, utc_s, bool(synchronised), decode_body(body))

    def gaps(self) -> list[tuple[str, str, int, int]]:
        """What cameras had to drop, or lost, before it came here: device, epoch, first and last number."""
        return self._db.execute("SELECT * FROM gaps ORDER BY device, epoch, first").fetchall()

    def _load_id(self) -> str:
        self._db.execute(
            "INSERT INTO hub SELECT ? WHERE NOT EXISTS (SELECT 1 FROM hub)", (f"hub-{secrets.token_hex(4)}",)
        )
        return str(self._db.execute("SELECT id FROM hub").fetchone()[0])

    def _insert(self, batch: Batch, record: Record) -> bool:
        """Whether the record is new. One that was carried over counts as being where it first stood."""
        place = (batch.epoch, record.seq) if record.origin is None else (record.origin.epoch, record.origin.seq)
        values = (batch.device, *place, float(record.utc_s), record.synchronised, encode_body(record.body))
        return self._db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)", values).rowcount == 1

    def _note_lost(self, device: str, body: Body) -> None:
        """Of a damaged journal comes what could be saved, and then how far it had promised: the rest is a gap."""
        if not isinstance(body, EventBody) or body.kind != "journal_replaced":
            return
        epoch, promised = body.data.get("epoch"), body.data.get("promised")
        if isinstance(epoch, str) and isinstance(promised, int):
            at = self.cursor(device, epoch)
            query = "SELECT seq FROM events WHERE device = ? AND epoch = ? AND seq > ? AND seq <= ? ORDER BY seq"
            for (seq,) in (*self._db.execute(query, (device, epoch, at, promised)).fetchall(), (promised + 1,)):
                if seq > at + 1:
                    gap = (device, epoch, at + 1, seq - 1)
                    self._db.execute("INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)", gap)
                at = seq

    def _advance(self, batch: Batch) -> None:
        """The cursor moves only over a batch that begins where it stands, so it never jumps a hole."""
        if batch.after <= self.cursor(batch.device, batch.epoch):
            self._db.execute(
                "INSERT INTO cursors VALUES (?, ?, ?) "
                "ON CONFLICT (device, epoch) DO UPDATE SET seq = max(seq, excluded.seq)",
                (batch.device, batch.epoch, batch.through),
            )
