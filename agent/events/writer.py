"""The journal's writer thread, the only user of its database."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.domain import Severity
from agent.errors import JournalError
from agent.events.failover import Database
from agent.events.intake import Intake, Waiting, resolve
from agent.events.rows import Head, JournalLimits, Labeller, Position
from agent.events.store import Row, Store

_T = TypeVar("_T")


@dataclass(slots=True)
class WriterCounts:
    """Since the start."""

    commits: int = 0
    appended: int = 0
    dropped: int = 0
    replaced: int = 0
    disk_failures: int = 0


class Writer:
    """Owns the thread. Public methods may be called from any thread; `published` is called from the writer's own."""

    def __init__(self, path: Path, labels: Labeller, limits: JournalLimits, published: Callable[[], None]) -> None:
        self._path = path
        self._labels = labels
        self._limits = limits
        self._published = published
        self._changed = threading.Condition()
        self._intake = Intake(limits)
        self._jobs: deque[Callable[[], None]] = deque()
        self._closing = False
        self._cursors_at_s: float | None = None
        self._expire_at_s = time.monotonic()
        self._database: Database
        self.head = Head("", 0, False)
        self.cursors: dict[str, int] = {}
        self.counts = WriterCounts()
        self.opened: Future[None] = Future()
        self.ended: Future[None] = Future()
        self.error: BaseException | None = None
        self.busy_since_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to write what waits and to end; `ended` resolves when it has."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def join(self) -> None:
        self._thread.join()

    @property
    def pending(self) -> int:
        """How many rows wait for their commit."""
        return len(self._intake)

    def submit(self, row: Row) -> Future[Position | None]:
        """Queue one row. The future gives its place once it is committed, None when it was dropped and counted."""
        with self._changed:
            self._refuse_when_closing()
            entry = self._intake.add(row, time.monotonic())
            self._changed.notify()
        return entry.done

    def call(self, work: Callable[[Database], _T]) -> Future[_T]:
        """Do `work` in the writer's thread. The future may raise JournalError."""
        done: Future[_T] = Future()
        with self._changed:
            self._refuse_when_closing()
            self._jobs.append(lambda: self._answer(work, done))
            self._changed.notify()
        return done

    def acknowledge(self, consumer: str, position: Position) -> None:
        """Move a cursor forward at once; on disk it follows within `cursor_s`."""
        with self._changed:
            if position.epoch != self.head.epoch or position.seq <= self.cursors.get(consumer, 0):
                return
            self.cursors[consumer] = min(position.seq, self.head.last_seq)
            if self._cursors_at_s is None:
                self._cursors_at_s = time.monotonic() + self._limits.cursor_s
                self._changed.notify()

    def _refuse_when_closing(self) -> None:
        if self._closing:
            raise JournalError("the journal is closed")

    def _run(self) -> None:
        try:
            self._database = Database(self._path, self._labels, self._limits)
            self._publish()
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: who opens the journal gets the error
            self._closing = True
            self.opened.set_exception(error)
            self.ended.set_result(None)
            return
        self.opened.set_result(None)
        try:
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: who watches the journal gets the error
            self._finish(error)
        else:
            self._finish(None)

    def _turn(self) -> bool:
        """Wait for work and do it; False when everything is written and the journal shall close."""
        with self._changed:
            while not self._due() and (patience_s := self._patience_s()) > 0:
                self._changed.wait(patience_s)
            jobs, self._jobs = self._jobs, deque()
            group = self._intake.take() if self._closing or self._group_due() else []
            closing = self._closing and not group
        self.busy_since_s = self._labels.monotonic()
        if group:
            self._commit(group)
        for job in jobs:
            job()
        self._housekeep()
        self.busy_since_s = None
        return not closing

    def _due(self) -> bool:
        return bool(self._jobs) or self._closing or self._group_due()

    def _group_due(self) -> bool:
        due_s = self._intake.due_s()
        return due_s is not None and due_s <= time.monotonic()

    def _patience_s(self) -> float:
        times = (self._intake.due_s(), self._cursors_at_s, self._database.retry_at_s, self._expire_at_s)
        return max(0.0, min(at_s for at_s in times if at_s is not None) - time.monotonic())

    def _commit(self, group: list[Waiting]) -> None:
        rows = [entry.row for entry in group]
        if gap := self._gap():
            rows.insert(0, gap)
        last_seq = self._database.do(lambda store: store.append(rows))
        self.counts.appended += len(rows)
        self.counts.commits += 1
        self._publish()
        for seq, entry in enumerate(group, last_seq - len(group) + 1):
            resolve(entry.done, Position(self.head.epoch, seq))

    def _gap(self) -> Row | None:
        with self._changed:
            dropped = self._intake.take_dropped()
        if dropped is None:
            return None
        self.counts.dropped += dropped.telemetry + dropped.alarms
        severity = Severity.WARNING if dropped.alarms else Severity.INFO
        return self._labels.note("gap", severity, reason="queue_full", dropped=dropped.telemetry, alarms=dropped.alarms)

    def _answer(self, work: Callable[[Database], _T], done: Future[_T]) -> None:
        try:
            result = work(self._database)
        except sqlite3.Error as error:
            if done.set_running_or_notify_cancel():
                done.set_exception(JournalError(f"the journal cannot be used: {error}"))
        else:
            resolve(done, result)
        self._publish()

    def _housekeep(self) -> None:
        now_s = time.monotonic()
        if self._cursors_at_s is not None and now_s >= self._cursors_at_s:
            self._write_cursors()
        retry_at_s = self._database.retry_at_s
        if retry_at_s is not None and now_s >= retry_at_s and self._database.retry():
            self._publish()
        if now_s >= self._expire_at_s:
            self._expire_at_s = now_s + self._limits.expire_every_s
            self._expire()

    def _write_cursors(self) -> None:
        with self._changed:
            self._cursors_at_s = None
            epoch, cursors = self.head.epoch, list(self.cursors.items())
        self._database.do(lambda store: store.advance(cursors) if store.epoch == epoch else None)
        self._publish()

    def _expire(self) -> None:
        before_s = self._labels.expiry(self._limits.max_age_s)
        if before_s is not None:
            self._database.do(lambda store: store.expire(before_s))
            self._publish()

    def _publish(self) -> None:
        """Make the store's head known. A new epoch brings its own cursors."""
        head = self._database.head
        self.counts.replaced, self.counts.disk_failures = self._database.replaced, self._database.failures
        if head == self.head:
            return
        cursors = self._database.do(Store.cursors) if head.epoch != self.head.epoch else None
        with self._changed:
            self.head = head
            self.cursors = self.cursors if cursors is None else cursors
        self._published()

    def _finish(self, error: BaseException | None) -> None:
        with self._changed:
            self._closing = True
            jobs, self._jobs = self._jobs, deque()
            while group := self._intake.take():
                for entry in group:
                    resolve(entry.done, None)
        for job in jobs:
            job()
        self._database.close(self.cursors.items())
        self.error = error
        self.ended.set_result(None)
