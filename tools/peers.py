"""The trackers we are measured against, and ours, each behind the same three calls; any of the peers may be missing.

They live in an environment of their own (`tools/requirements-peers.txt`), because their dependencies have no place on
a camera: `python3 -m venv .venv-peers && .venv-peers/bin/pip install --no-deps -r tools/requirements-peers.txt`.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.domain import Box, Detection
from agent.vision.mot import is_shown
from agent.vision.tracker import Tracker, TrackerSettings

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-peers"

F64 = NDArray[np.float64]
Row = tuple[int, float, float, float, float]
"""One tracked box: id, left, top, width, height in pixels."""


@dataclass(frozen=True, slots=True)
class Video:
    """What a tracker may know beforehand: frames a second and the size in pixels."""

    fps: float
    width: int
    height: int


class Run(Protocol):
    """One tracker at work on one sequence. Only `update` is timed."""

    def prepare(self, boxes: F64, scores: F64) -> Any:
        """Boxes x1, y1, x2, y2 (n, 4) in pixels and scores (n,) in the tracker's own form."""

    def update(self, prepared: Any) -> Any:
        """Take in the next frame."""

    def rows(self, result: Any) -> Sequence[Row]:
        """What the tracker says about the frame."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A tracker with one global setting; `package` must be importable."""

    name: str
    package: str
    start: Callable[[Video, Mapping[str, Any]], Run]
    setting: str = "default"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> str:
        """Why this tracker cannot run here; empty when it can."""
        try:
            with _quiet():
                importlib.import_module(self.package)
        except ImportError as error:
            return f"{self.package} is not installed: {error}"
        return ""

    def begin(self, video: Video) -> Run:
        """A fresh tracker."""
        with _quiet():
            return self.start(video, self.options)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the deprecation notices and advice of other people's packages out of our report."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(before)


class Ours:
    """The tracker of the camera, seen as the file tool writes it."""

    def __init__(self, video: Video, options: Mapping[str, Any]) -> None:
        self._video = video
        self._tracker = Tracker(TrackerSettings(aspect=video.width / video.height, **options))
        self._frame = 0

    def prepare(self, boxes: F64, scores: F64) -> list[Detection]:
        scale = np.array([self._video.width, self._video.height] * 2)
        pairs = zip((boxes / scale).tolist(), scores.tolist(), strict=True)
        return [Detection(Box(*box), score) for box, score in pairs]

    def update(self, prepared: list[Detection]) -> Any:
        self._frame += 1
        return self._tracker.update(self._frame / self._video.fps, prepared)

    def rows(self, result: Any) -> list[Row]:
        width, height = self._video.width, self._video.height
        shown = [(track.id, track.box) for track in result if is_shown(track)]
        return [(i, b.x1 * width, b.y1 * height, b.width * width, b.height * height) for i, b in shown]


class Norfair:
    """norfair; its distance is the IoU of boxes unless the options say otherwise."""

    def __init__(self, video: Video, options: Mapping[str, Any]) -> None:
        import norfair

        settings = {"distance_function": "iou", "distance_threshold": 0.7, **options}
        self._least = settings.pop("least_score", 0.0)
        self._detection = norfair.Detection
        self._tracker = norfair.Tracker(**settings)

    def prepare(self, boxes: F64, scores: F64) -> list[Any]:
        pairs = zip(boxes, scores, strict=True)
        return [
            self._detection(points=box.reshape(2, 2), scores=np.array([score, score]))
            for box, score in pairs
            if score >= self._least
        ]

    def update(self, prepared: list[Any]) -> Any:
        return self._tracker.update(detections=prepared)

    def rows(self, result: Any) -> list[Row]:
        live = [person for person in result if person.live_points.any()]
        corners = [(int(person.id), *person.estimate.ravel().tolist()) for person in live]
        return [(i, x1, y1, x2 - x1, y2 - y1) for i, x1, y1, x2, y2 in corners]


class _Supervised:
    """What trackers that speak supervision's Detections have in common."""

    def __init__(self, step: Callable[[Any], Any], least: float) -> None:
        import supervision

        self._detections = supervision.Detections
        self._least = least
        self._step = step

    def prepare(self, boxes: F64, scores: F64) -> Any:
        good = scores >= self._least
        kinds = np.zeros(int(good.sum()), dtype=int)
        return self._detections(xyxy=boxes[good], confidence=scores[good], class_id=kinds)

    def update(self, prepared: Any) -> Any:
        return self._step(prepared)

    def rows(self, result: Any) -> list[Row]:
        if result.tracker_id is None:
            return []
        pairs = zip(result.tracker_id.tolist(), result.xyxy.tolist(), strict=True)
        return [(number, x1, y1, x2 - x1, y2 - y1) for number, (x1, y1, x2, y2) in pairs if number >= 0]


def _supervision(video: Video, options: Mapping[str, Any]) -> Run:
    import supervision

    settings = dict(options)
    least = settings.pop("least_score", 0.0)
    tracker = supervision.ByteTrack(frame_rate=max(1, round(video.fps)), **settings)
    return _Supervised(tracker.update_with_detections, least)


def _trackers(kind: str) -> Callable[[Video, Mapping[str, Any]], Run]:
    """A tracker of the package `trackers` by its class name."""

    def start(video: Video, options: Mapping[str, Any]) -> Run:
        settings = dict(options)
        least = settings.pop("least_score", 0.0)
        return _Supervised(
            getattr(importlib.import_module("trackers"), kind)(frame_rate=video.fps, **settings).update, least
        )

    return start


OURS = Contender("aislewatch", "agent.vision.tracker", Ours, "global")

PEERS = (
    Contender("norfair", "norfair", Norfair),
    Contender(
        "norfair", "norfair", Norfair, "tuned", {"least_score": 0.5, "hit_counter_max": 30, "initialization_delay": 3}
    ),
    Contender("supervision ByteTrack", "supervision", _supervision),
    Contender(
        "supervision ByteTrack",
        "supervision",
        _supervision,
        "tuned",
        {"track_activation_threshold": 0.55, "minimum_matching_threshold": 0.8, "lost_track_buffer": 60},
    ),
    Contender("trackers SORT", "trackers", _trackers("SORTTracker")),
    Contender(
        "trackers SORT",
        "trackers",
        _trackers("SORTTracker"),
        "tuned",
        {"track_activation_threshold": 0.55, "minimum_iou_threshold": 0.3, "least_score": 0.5},
    ),
    Contender("trackers ByteTrack", "trackers", _trackers("ByteTrackTracker")),
    Contender(
        "trackers ByteTrack",
        "trackers",
        _trackers("ByteTrackTracker"),
        "tuned",
        {
            "track_activation_threshold": 0.55,
            "high_conf_det_threshold": 0.6,
            "minimum_iou_threshold": 0.2,
            "lost_track_buffer": 60,
        },
    ),
    Contender("trackers OC-SORT", "trackers", _trackers("OCSORTTracker")),
    Contender(
        "trackers OC-SORT",
        "trackers",
        _trackers("OCSORTTracker"),
        "tuned",
        {"high_conf_det_threshold": 0.5, "minimum_iou_threshold": 0.1, "lost_track_buffer": 60},
    ),
)
"""Every peer as it comes and with the global setting that did best for it over both groups of sequences (the mean of
MOTA, IDF1 and HOTA over 11 to 41 settings each; `docs/tracking.md` tells which)."""


def enter_environment(program: str, arguments: Sequence[str]) -> None:
    """Start `program` anew in the peers' environment where there is one; returns where there is none, or inside it."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists() and Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        sys.stdout.flush()
        os.execv(python, [str(python), program, *arguments])
