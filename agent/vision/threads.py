"""The two threads between the camera and the loop: capture fills a one-slot mailbox, vision empties it.

The newest frame wins; what it replaces is counted as dropped. Neither thread ever waits for the event loop.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from agent.domain import HealthSample, HealthState, Incident
from agent.vision.pipeline import Outcome, Pipeline
from hal.errors import HalError
from hal.ports import Camera, CameraInfo, Clock, Frame

log = logging.getLogger(__name__)

T = TypeVar("T")
STALL_S = 2.5
OPENING_S = 20.0
"""How much longer than any other step opening a camera may take: drivers load, streams are negotiated."""
FIRST_LOOK_S = 30.0
"""How much longer than any other the first look at a picture may take: libraries and the model come from the card."""
REOPEN_FIRST_S, REOPEN_MOST_S = 0.5, 4.0
"""Waits between two tries; the longest one and a stall together stay within the watchdog's patience."""


class Mailbox(Generic[T]):
    """A slot for one item between two threads: the latest wins, `dropped` counts the ones it replaced."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Leave an item, replacing one that was not taken."""
        with self._ready:
            self.dropped += self._item is not None
            self._item = item
            self._ready.notify()

    def take(self) -> T | None:
        """Wait for an item; None when the mailbox was closed and is empty."""
        with self._ready:
            self._ready.wait_for(lambda: self._item is not None or self._closed)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Let `take` return None once it is empty."""
        with self._ready:
            self._closed = True
            self._ready.notify()


@dataclass(slots=True)
class Counters:
    """What happened so far, for status and metrics. Each field is written by one thread only."""

    captured: int = 0
    missed: int = 0
    stalls: int = 0
    reopened: int = 0
    walked: int = 0
    inferred: int = 0


class CaptureThread:
    """Reads the camera and keeps it open: a stall or loss closes it and opens it again with back-off.

    `heartbeat_s` is the latest sign of life; it lies ahead while the camera is being opened. `lost_since_s` is None
    while frames come. Every frame is offered to `offer` too, for instance to a recorder; it must
    take microseconds.
    """

    def __init__(
        self,
        camera: Camera,
        mailbox: Mailbox[Frame],
        clock: Clock,
        counters: Counters,
        report: Callable[[HealthSample], None],
        offer: Callable[[Frame], None] | None = None,
    ) -> None:
        self._camera = camera
        self._offer = offer
        self._mailbox = mailbox
        self._clock = clock
        self._counters = counters
        self._report = report
        self._stopping = threading.Event()
        self._reopening = threading.Event()
        self._last_index: int | None = None
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self.lost_since_s: float | None = None
        self.heartbeat_s = clock.monotonic()
        self.info: CameraInfo | None = None

    @property
    def receiving(self) -> bool:
        """Whether the camera is open and not lost."""
        return self.info is not None and self.lost_since_s is None

    def start(self) -> None:
        self._thread.start()

    def reopen(self) -> None:
        """Close the camera after the frame in hand and open it again; from any thread, and without waiting."""
        self._reopening.set()

    def stop(self) -> None:
        """End the thread and release the camera."""
        self._stopping.set()
        self._camera.close()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        wait_s = REOPEN_FIRST_S
        while not self._stopping.is_set():
            self.heartbeat_s = self._clock.monotonic() + OPENING_S
            try:
                self.info = self._camera.open()
                self.heartbeat_s = self._clock.monotonic()
                self._last_index = None
                self._reopening.clear()
                if self._read_frames():
                    break
                wait_s = REOPEN_FIRST_S
            except HalError as error:
                wait_s = REOPEN_FIRST_S if self.lost_since_s is None else min(wait_s * 2, REOPEN_MOST_S)
                self._lost(error, wait_s)
            self._camera.close()
            self.heartbeat_s = self._clock.monotonic()
            self._stopping.wait(wait_s)
        self._mailbox.close()

    def _read_frames(self) -> bool:
        """Read until the source ends for good (true), or the thread is stopped or told to open the camera again.

        Raises HalError when it is lost.
        """
        while not self._stopping.is_set() and not self._reopening.is_set():
            frame = self._camera.read(STALL_S)
            if frame is None:
                return True
            self._take(frame)
        return False

    def _take(self, frame: Frame) -> None:
        if self._last_index is not None:
            self._counters.missed += max(frame.index - self._last_index - 1, 0)
        self._last_index = frame.index
        self._counters.captured += 1
        self.heartbeat_s = self._clock.monotonic()
        if self.lost_since_s is not None:
            self._recovered()
        self._mailbox.put(frame)
        if self._offer:
            self._offer(frame)

    def _lost(self, error: HalError, wait_s: float) -> None:
        if self._stopping.is_set() or self.lost_since_s is not None:
            return
        now_s = self._clock.monotonic()
        self.lost_since_s = now_s
        self._counters.stalls += 1
        log.error("camera lost, opening it again in %.1f s: %s %s", wait_s, error, error.hint)
        self._report(HealthSample("signal_loss", HealthState.FAULT, now_s, now_s, 1.0, f"{error} {error.hint}".strip()))

    def _recovered(self) -> None:
        now_s = self._clock.monotonic()
        since_s, self.lost_since_s = self.lost_since_s or now_s, None
        self._counters.reopened += 1
        log.warning("camera is back after %.1f s", now_s - since_s)
        self._report(HealthSample("signal_loss", HealthState.OK, now_s, now_s, 1.0))


class VisionThread:
    """Walks every frame it can take; `deliver` receives each outcome on this thread and must not block.

    The pipeline is made by `make_pipeline` for the aspect (width / height) of the first frame. A bug in the walk is
    kept in `failure` and ends the thread, which calls `ended`: the process then ends loudly. `busy_since_s` is None
    while the thread waits for a frame, and lies ahead during the first look.
    """

    def __init__(
        self,
        make_pipeline: Callable[[float], Pipeline],
        mailbox: Mailbox[Frame],
        clock: Clock,
        counters: Counters,
        deliver: Callable[[Outcome], None],
        ended: Callable[[], None],
    ) -> None:
        self._make_pipeline = make_pipeline
        self._pipeline: Pipeline | None = None
        self._mailbox = mailbox
        self._clock = clock
        self._counters = counters
        self._deliver = deliver
        self._ended = ended
        self._thread = threading.Thread(target=self._run, name="vision", daemon=True)
        self._last_s = 0.0
        self.busy_since_s: float | None = None
        self.failure: BaseException | None = None

    @property
    def pipeline(self) -> Pipeline | None:
        """The walk, once a first frame has come."""
        return self._pipeline

    def is_walking(self) -> bool:
        """Whether it has a frame in hand; from any thread."""
        return self.busy_since_s is not None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the frame in hand to be finished; the mailbox must have been closed."""
        self._thread.join(timeout=5.0)

    def finish(self) -> Sequence[Incident]:
        """Close what is open, once the thread has ended."""
        return self._pipeline.finish(self._last_s) if self._pipeline else ()

    def _run(self) -> None:
        try:
            while (frame := self._mailbox.take()) is not None:
                self._walk(frame)
        except BaseException as error:  # noqa: BLE001  the thread's boundary: kept, and raised in the loop
            self.failure = error
        finally:
            self._ended()

    def _walk(self, frame: Frame) -> None:
        self.busy_since_s = self._clock.monotonic()
        if self._pipeline is None:
            self.busy_since_s += FIRST_LOOK_S
            self._pipeline = self._make_pipeline(frame.lores.width / frame.lores.height)
        outcome = self._pipeline.process(frame)
        self._last_s = frame.t_s
        self._counters.walked += 1
        self._counters.inferred += outcome.inferred
        self._deliver(outcome)
        self.busy_since_s = None
