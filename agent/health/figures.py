"""What the walk, the journal and the outputs tell about themselves, from one look to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from agent.events.journal import Journal
from agent.health.sampling import Figures
from agent.respond.alarms import AlarmBank
from agent.vision.pipeline import Outcome
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from hal.ports import Clock, Frame


class _Counted(NamedTuple):
    """Where the counters stood at a time."""

    at_s: float
    captured: int
    missed: int
    walked: int
    dropped: int


def beside_mount(taller: float | None) -> tuple[float | None, float | None]:
    """By how many percent people look taller, and smaller, who look `taller` times as tall as the mount says."""
    return (None, None) if taller is None else (max(100 * (taller - 1), 0.0), max(100 * (1 - taller), 0.0))


@dataclass(slots=True)
class WalkFigures:
    """`frame` belongs to the vision thread, `take` to the loop. `starts` tells how often the program started today,
    `room_c` how warm a thermal array finds the room.
    """

    clock: Clock
    capture: CaptureThread
    vision: VisionThread
    mailbox: Mailbox[Frame]
    counters: Counters
    journal: Journal
    alarms: AlarmBank
    starts: Callable[[], int]
    room_c: Callable[[], float | None]
    _times: list[tuple[float, float]] = field(default_factory=list)
    _before: _Counted | None = None

    def frame(self, outcome: Outcome) -> None:
        """A frame was walked."""
        self._times.append((outcome.times.frame, outcome.times.invoke))

    def take(self) -> Figures:
        """The figures since the last look."""
        times, self._times = self._times, []
        stats, pipeline = self.journal.stats(), self.vision.pipeline
        taller_pct, smaller_pct = beside_mount(pipeline.taller if pipeline else None)
        inferred = [invoke_ms for _, invoke_ms in times if invoke_ms]
        return self._rates()._replace(
            frame_ms=median(frame_ms for frame_ms, _ in times) if times else None,
            invoke_ms=median(inferred) if inferred else None,
            on_fallback=bool(pipeline.detector.accelerator_info.degraded) if pipeline else None,
            camera_reopened=self.counters.reopened,
            restarts_per_day=self.starts() - 1,
            journal_pending=stats.pending,
            journal_in_memory=not stats.durable,
            outputs_faulted=sum(output.faulted for output in self.alarms.status()),
            clock_unsynchronised=not self.clock.wall().synchronised,
            room_c=self.room_c(),
            people_taller_pct=taller_pct,
            people_smaller_pct=smaller_pct,
        )

    def _rates(self) -> Figures:
        """Frames that came and went; none while the camera was lost for part of the time."""
        counters, info = self.counters, self.capture.info
        now = _Counted(
            self.clock.monotonic(), counters.captured, counters.missed, counters.walked, self.mailbox.dropped
        )
        before, self._before = self._before, now if self.capture.receiving else None
        if before is None or info is None or self._before is None or now.at_s <= before.at_s:
            return Figures()
        fps = (now.walked - before.walked) / (now.at_s - before.at_s)
        came = now.captured - before.captured + now.missed - before.missed
        lost = now.dropped - before.dropped + now.missed - before.missed
        return Figures(
            fps=fps,
            fps_share=100.0 * fps / info.fps if info.live and info.fps else None,
            drop_pct=100.0 * lost / came if came else None,
        )
