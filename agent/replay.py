"""Runs a video flat out through the same walk as on the camera, and sums up what was found and what it cost."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from statistics import median

from agent.build import Detectors, make_parts
from agent.config import Config
from agent.domain import Event, HealthSample, Incident, Json
from agent.hardware import hal_settings
from agent.health.watch import PictureWatch
from agent.models import Catalogue, store_of
from agent.vision.mot import format_track, is_shown
from agent.vision.pipeline import Outcome, Pipeline, StageMs
from hal.errors import MediaUnreadable
from hal.ports import Camera, CameraInfo, Clock, Frame
from hal.system import peak_rss_mb
from hal.video import open_video

log = logging.getLogger(__name__)

BARE_EVERY = 20
READ_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Tally:
    """What a replay saw and what it cost."""

    frames: int = 0
    inferred: int = 0
    detections: int = 0
    events: int = 0
    incidents: set[str] = field(default_factory=set)
    tracks: dict[int, tuple[float, float]] = field(default_factory=dict)
    times: list[StageMs] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome, min_score: float) -> None:
        """Count one frame's outcome."""
        self.frames += 1
        self.times.append(outcome.times)
        if not outcome.inferred:
            return
        self.inferred += 1
        self.detections += sum(detection.score >= min_score for detection in outcome.detections)
        self.events += len(outcome.events)
        self.incidents |= {incident.id for incident in outcome.incidents}
        for track in outcome.tracks:
            if track.confirmed and track.seen:
                self.tracks[track.id] = (track.born_s, track.last_seen_s)

    def summary(self, model: str) -> dict[str, Json]:
        """The `summary` line of docs/design/semantics.md; stages count the frames in which they ran."""
        stages = {f.name: [getattr(times, f.name) for times in self.times] for f in fields(StageMs)}
        frame_ms = stages.pop("frame")
        return {
            "type": "summary",
            "frames": self.frames,
            "inferred": self.inferred,
            "detections": self.detections,
            "tracks": len(self.tracks),
            "views": [
                {"track": track, "from_s": round(start_s, 2), "to_s": round(end_s, 2)}
                for track, (start_s, end_s) in sorted(self.tracks.items())
            ],
            "events": self.events,
            "incidents": len(self.incidents),
            "stages_ms": {name: percentiles(ms for ms in values if ms) for name, values in stages.items()},
            "frame_ms": percentiles(frame_ms),
            "invoke_ms": percentiles(self.bare_ms),
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "model": model,
        }


def percentiles(values: Iterable[float]) -> Json:
    """Median and 99th percentile, in the values' unit; nothing where there are none."""
    ordered = sorted(values)
    if not ordered:
        return {}
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {"p50": round(median(ordered), 4), "p99": round(last, 4)}


class Replay:
    """One video and the walk it goes through. Use as an iterator of outcomes, then ask for the `summary`.

    With `health` the picture's own health is told as well, beside what its first seconds looked like.
    """

    def __init__(self, config: Config, clock: Clock, *, paced: bool = False, health: bool = False) -> None:
        self._config = config
        self._clock = clock
        self._camera: Camera = open_video(hal_settings(config, paced=paced), clock)
        self._detectors = Detectors(config.model, clock, Catalogue.load(store=store_of(config.storage.data_dir)))
        self._tally = Tally()
        self._picture = PictureWatch(config.health.learn_s) if health else None
        self.info: CameraInfo | None = None

    def run(self, max_frames: int | None = None) -> Iterator[Outcome]:
        """Walk the video's frames. Raises MediaUnreadable, CameraUnavailable, ModelError or ConfigError.

        At the end, one more outcome closes the incidents that are still open.
        """
        self.info = self._camera.open()
        try:
            yield from self._walk(self.info, max_frames)
        finally:
            self._camera.close()

    def summary(self) -> dict[str, Json]:
        return self._tally.summary(self._config.model.name)

    def _walk(self, info: CameraInfo, max_frames: int | None) -> Iterator[Outcome]:
        aspect = info.width / info.height
        detector, picture = self._detectors.open(), self._picture
        parts = make_parts(self._config, self._detectors, detector, aspect=aspect, prefix="replay", picture=picture)
        pipeline = Pipeline(parts, self._clock.monotonic)
        min_score = self._detectors.operating().min_score
        last: Outcome | None = None
        for frame in self._frames(max_frames):
            last = pipeline.process(frame)
            self._tally.add(last, min_score)
            if last.inferred and self._tally.inferred % BARE_EVERY == 0:
                self._tally.bare_ms.append(pipeline.detector.bare_invoke_ms())
            yield last
        if last is None:
            raise MediaUnreadable(f"{info.source} holds no picture", hint="is it the right file?")
        yield Outcome(last.frame, False, (), (), (), pipeline.finish(last.frame.t_s), StageMs())

    def _frames(self, max_frames: int | None) -> Iterator[Frame]:
        count = 0
        while max_frames is None or count < max_frames:
            frame = self._camera.read(READ_TIMEOUT_S)
            if frame is None:
                return
            count += 1
            yield frame


def findings(outcome: Outcome) -> list[Event | Incident | HealthSample]:
    """The events, incidents and health of one outcome, in the order in which they are printed."""
    return [*outcome.health, *outcome.events, *outcome.incidents]


def mot_rows(outcome: Outcome, number: int, info: CameraInfo) -> Iterator[str]:
    """The confirmed people of one inferred frame as MOT text, pixels: the same rows as `aislewatch track` gives."""
    if outcome.inferred:
        shown = (track for track in outcome.tracks if is_shown(track))
        yield from (format_track(number, track, info.width, info.height) for track in shown)
