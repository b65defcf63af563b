"""The evidence thread: takes what others tell it without making them wait, and turns the keeper."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from agent.domain import Incident
from agent.evidence.keeper import Keeper
from agent.evidence.stills import StillPicker
from agent.vision.pipeline import Outcome
from hal.ports import EncodedPacket

log = logging.getLogger(__name__)

T = TypeVar("T")
TURN_S = 0.25
MOST_PICTURES = 64
"""Pictures that may wait: a disk that hangs must not fill the memory with frames."""


class EvidenceThread:
    """`packet` belongs to the recorder's thread, `frame` to the vision thread; the rest may be called from any.

    A bug in the keeping of evidence ends the thread and is what `ended` raises, for the app to end loudly.
    """

    def __init__(self, keeper: Keeper, monotonic: Callable[[], float]) -> None:
        self._keeper = keeper
        self._monotonic = monotonic
        self._picker = StillPicker()
        self._inbox: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)
        self.busy_since_s: float | None = None
        self.ended: Future[None] = Future()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End every clip, store it, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=15.0)

    def packet(self, packet: EncodedPacket) -> None:
        """A packet was recorded."""
        self._keeper.ring.add(packet)

    def frame(self, outcome: Outcome) -> None:
        """A frame was walked: its incidents, and the pictures worth keeping."""
        for incident in outcome.incidents:
            self.incident(incident)
        self._keeper.looks.look(outcome)
        for sighting in self._picker.look(outcome):
            if len(self._inbox) >= MOST_PICTURES:
                log.warning("a picture of incident %s is left out: evidence cannot keep up", sighting.incident)
                continue
            self._put(lambda sighting=sighting: self._keeper.sighting(sighting))  # type: ignore[misc]

    def incident(self, incident: Incident) -> None:
        """An incident opened, changed or closed."""
        self._put(lambda: self._keeper.incident(incident))

    def call(self, work: Callable[[Keeper], T]) -> Future[T]:
        """Do `work` on the evidence thread; what it raises is the future's."""
        done: Future[T] = Future()
        self._put(lambda: _answer(done, lambda: work(self._keeper)))
        return done

    def _put(self, work: Callable[[], None]) -> None:
        with self._changed:
            self._inbox.append(work)
            self._changed.notify()

    def _run(self) -> None:
        try:
            while self._turn():
                pass
            self._keeper.finish()
        except BaseException as error:  # noqa: BLE001  the thread's boundary: who watches the evidence gets the error
            log.critical("the keeping of evidence ended: %r", error)
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)

    def _turn(self) -> bool:
        """Wait for news or the next turn; false at the end, when all that was told has been done."""
        with self._changed:
            if not self._inbox and not self._stopping:
                self._changed.wait(TURN_S)
            waiting, self._inbox = self._inbox, deque()
            stopping = self._stopping
        self.busy_since_s = self._monotonic()
        for work in waiting:
            work()
            self._keeper.turn()
        self._keeper.turn()
        self.busy_since_s = None
        return not stopping


def _answer(done: Future[T], work: Callable[[], T]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(work())
    except (OSError, KeyError, ValueError) as error:
        done.set_exception(error)
