"""Reads the thermal array on a thread of its own and tells the rules what it made out last.

The array may hang for good (its driver waits for the chip), so nobody waits for it: what is too old is not told. A
camera without the array that it should have goes on without, and says so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.domain import HealthSample, HealthState, Track
from agent.rules.senses import Senses
from agent.vision.thermal import WarmBodies, Warmth
from hal.errors import ThermalLost, ThermalUnavailable
from hal.ports import Clock, Frame, ThermalArray

log = logging.getLogger(__name__)

FRESH_S = 3.0
RETRY_S = 2.0


class ThermalWatch:
    """The sense `warm` (agent.vision.pipeline.Watcher) over an array; `report` receives how its health changes."""

    sense = "warm"

    def __init__(
        self,
        array: ThermalArray,
        bodies: WarmBodies,
        clock: Clock,
        report: Callable[[HealthSample], None],
        fps: float = 2.0,
    ) -> None:
        self._array = array
        self._bodies = bodies
        self._clock = clock
        self._report = report
        self._period_s = 1.0 / fps
        self._stopping = threading.Event()
        self._trouble = ""
        self._open = False
        self._thread = threading.Thread(target=self._run, name="thermal", daemon=True)
        self.latest: Warmth | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs in the driver is left behind."""
        self._stopping.set()
        self._thread.join(timeout=2.0)

    def look(self, frame: Frame, tracks: Sequence[Track], senses: Senses) -> Senses:
        """The senses with what the array made out last, unless that is too old."""
        latest = self.latest
        fresh = latest is not None and self._clock.monotonic() - latest.t_s <= FRESH_S
        return replace(senses, warm=latest if fresh else None)

    def room_c(self) -> float | None:
        """How warm the room's walls are now; None while the array is not to be believed."""
        latest = self.latest
        return latest.room_c if latest and self._clock.monotonic() - latest.t_s <= FRESH_S else None

    def _run(self) -> None:
        while not self._stopping.wait(RETRY_S if self._trouble == "lost" else self._period_s):
            self.read()

    def read(self) -> None:
        """Take one picture; a lost array is opened anew."""
        try:
            if not self._open:
                self._array.open()
            self._open = True
            picture = self._array.read()
        except (ThermalLost, ThermalUnavailable) as error:
            self._open = False
            self._array.close()
            self._judge("lost", f"{error} {error.hint}".strip())
            return
        self.latest = self._bodies.look(self._clock.monotonic(), picture)
        self._judge(self.latest.trouble, "")

    def _judge(self, trouble: str, detail: str) -> None:
        if trouble == self._trouble or self._stopping.is_set():
            return
        self._trouble, now_s = trouble, self._clock.monotonic()
        state = HealthState.FAULT if trouble else HealthState.OK
        if trouble:
            log.warning("the thermal array cannot be believed: %s %s", trouble, detail)
        self._report(HealthSample("thermal", state, now_s, now_s, 1.0, f"{trouble} {detail}".strip()))
