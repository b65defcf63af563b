"""Made-up people for the tracker's tests: what a detector would find of them, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.domain import Box, Detection, Track
from agent.vision.tracker import Tracker, TrackerSettings

SETTINGS = TrackerSettings(min_score=0.5, confirm_score=0.7, aspect=16 / 9)
Seen = tuple[float, Sequence[Detection]]
"""A time in seconds and what was found then."""


def body(x: float, foot: float = 0.8, height: float = 0.4, score: float = 0.9) -> Detection:
    """A whole person whose foot is at (x, foot)."""
    half = height * 0.4 / 2 / SETTINGS.aspect
    return Detection(Box(x - half, foot - height, x + half, foot), score)


def walk(
    duration_s: float, found: Callable[[float], Sequence[Detection]], fps: float = 10.0, start_s: float = 0.0
) -> list[Seen]:
    """What `found` says at every frame; times begin at `start_s`."""
    count = round(duration_s * fps)
    return [(start_s + n / fps, found(n / fps)) for n in range(count)]


def follow(seen: Iterable[Seen], settings: TrackerSettings = SETTINGS) -> list[list[Track]]:
    """The tracks of every frame."""
    tracker = Tracker(settings)
    return [tracker.update(t_s, detections) for t_s, detections in seen]


def confirmed(frames: Iterable[Sequence[Track]]) -> Mapping[int, list[Track]]:
    """The confirmed tracks by id."""
    tracks: dict[int, list[Track]] = {}
    for frame in frames:
        for track in frame:
            if track.confirmed:
                tracks.setdefault(track.id, []).append(track)
    return tracks
