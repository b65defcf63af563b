"""What viewers are shown: taken from the vision thread in microseconds, handed out on the loop.

Everything is "the newest": a viewer who is slow misses frames, never holds up another viewer or the camera.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from statistics import median

from agent.config import Config
from agent.domain import Json
from agent.respond.alarms import OutputStatus
from agent.vision.pipeline import Outcome, StageMs
from hal.ports import Clock, Frame

STAGES = tuple(stage.name for stage in fields(StageMs))
MAX_NOTES = 200
METER_FRAMES = 256
METER_S = 3.0
FACTS_EVERY_S = 1.0
NEXT_S = 6.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame's outcome with a number that only rises, and when it came (monotonic)."""

    number: int
    came_s: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Note:
    """One event, incident or health line as viewers get it; `at_s` is UTC and `synchronised` whether NTP vouches."""

    number: int
    at_s: float
    synchronised: bool
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Rates:
    """Over the last seconds: frames a second, median ms of each stage where it ran; `dropped` counts from the start."""

    fps: float
    stages_ms: Mapping[str, float]
    dropped: int


class Meter:
    """Remembers what the last frames cost. Written by the vision thread, read by any: one slot is one assignment."""

    def __init__(self) -> None:
        self._slots: list[tuple[float, StageMs] | None] = [None] * METER_FRAMES
        self._count = 0
        self._index: int | None = None
        self._dropped = 0

    def add(self, came_s: float, index: int, times: StageMs) -> None:
        """Take a frame; a gap in the camera's numbers is a drop."""
        if self._index is not None:
            self._dropped += max(0, index - self._index - 1)
        self._index = index
        self._slots[self._count % METER_FRAMES] = (came_s, times)
        self._count += 1

    def rates(self, now_s: float) -> Rates:
        """The rates over the `METER_S` before `now_s`."""
        recent = [slot for slot in list(self._slots) if slot and now_s - slot[0] <= METER_S]
        came = [came_s for came_s, _ in recent]
        span_s = max(came) - min(came) if came else 0.0
        fps = (len(came) - 1) / span_s if span_s > 0 else 0.0
        stages = {stage: [ms for _, times in recent if (ms := getattr(times, stage)) > 0] for stage in STAGES}
        medians = {stage: round(median(values), 3) for stage, values in stages.items() if values}
        return Rates(round(fps, 2), medians, self._dropped)


class LiveFeed:
    """Between the camera and its viewers. `offer` belongs to the vision thread, everything else to the event loop."""

    def __init__(self, config: Config, clock: Clock, outputs_status: Callable[[], Sequence[OutputStatus]]) -> None:
        self.config = config
        self.clock = clock
        self.outputs_status = outputs_status
        self.open_incidents: dict[str, Mapping[str, Json]] = {}
        self.closed = False
        self._meter = Meter()
        self._facts_source: Callable[[], Mapping[str, Json]] = dict
        self._facts: tuple[float, Mapping[str, Json]] | None = None
        self._latest: Moment | None = None
        self._offered = 0
        self._watchers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._notes: deque[Note] = deque(maxlen=MAX_NOTES)
        self._noted = 0

    def offer(self, outcome: Outcome) -> None:
        """Take a frame's outcome, on the vision thread: some assignments, a word to the loop if watched."""
        came_s = self.clock.monotonic()
        self._meter.add(came_s, outcome.frame.index, outcome.times)
        self._offered += 1
        if self._watchers and self._loop:
            self._latest = Moment(self._offered, came_s, outcome)
            # The loop may be gone already while the vision thread still ends.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ring)

    def note(self, fields: Mapping[str, Json]) -> None:
        """Add an event, incident or health line, in the flat form of `agent.events.lines.event_fields`."""
        wall = self.clock.wall()
        self._noted += 1
        self._notes.append(Note(self._noted, wall.utc_s, wall.synchronised, fields))
        self._follow(fields)
        self._ring()

    def status_from(self, source: Callable[[], Mapping[str, Json]]) -> None:
        """Show these facts too: label -> text, or {"text": .., "state": "ok|warning|fault|unknown"}.

        `source` is asked on the loop, once a second while somebody watches.
        """
        self._facts_source = source

    def facts(self) -> Mapping[str, Json]:
        """The facts as of this second."""
        now_s = self.clock.monotonic()
        if self._facts is None or now_s - self._facts[0] >= FACTS_EVERY_S:
            self._facts = now_s, self._facts_source()
        return self._facts[1]

    def notes_after(self, number: int) -> list[Note]:
        """The notes still kept that are newer than `number`, oldest first."""
        return [note for note in self._notes if note.number > number]

    @property
    def noted(self) -> int:
        """The number of the last note."""
        return self._noted

    def rates(self) -> Rates:
        """The rates as of now."""
        return self._meter.rates(self.clock.monotonic())

    @property
    def latest(self) -> Moment | None:
        """The newest frame while somebody watches, else None."""
        return self._latest

    @property
    def offered(self) -> int:
        """The number of the last frame, watched or not."""
        return self._offered

    @property
    def watchers(self) -> int:
        """How many are watching now."""
        return self._watchers

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this lasts, frames are kept and announced. When the last watcher goes, the last frame is let go."""
        self._loop = asyncio.get_running_loop()
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._latest = None

    @property
    def news(self) -> asyncio.Event:
        """Set when the next frame or note comes, or the feed is closed; take it before looking at what is."""
        return self._news

    async def newer(self, number: int) -> Moment | None:
        """The newest frame once there is one after `number`; None when the feed is closed. For watchers."""
        while not self.closed:
            if self._latest and self._latest.number > number:
                return self._latest
            await self._news.wait()
        return None

    async def next_frame(self, within_s: float = NEXT_S) -> Frame | None:
        """The next frame; None where the camera gives none in that time."""
        with suppress(TimeoutError), self.watching():
            async with asyncio.timeout(within_s):
                moment = await self.newer(self._offered)
                return moment.outcome.frame if moment else None
        return None

    def close(self) -> None:
        """Send every viewer home."""
        self.closed = True
        self._ring()

    def _ring(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
        if self.closed:
            self._news.set()

    def _follow(self, fields: Mapping[str, Json]) -> None:
        """Keep the incidents that are open now."""
        if fields.get("type") != "incident":
            return
        incident = str(fields.get("id"))
        if fields.get("state") == "closed":
            self.open_incidents.pop(incident, None)
        else:
            self.open_incidents[incident] = fields
