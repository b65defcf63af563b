"""Detections and tracks as MOT text: one box a line, in pixels, frames counted from 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp, isfinite

from agent.domain import Box, Detection, Track
from agent.errors import OperatorError
from agent.vision.person import TrackerSettings
from agent.vision.tracker import Tracker

Frames = dict[int, list[Detection]]

LEAST_COLUMNS = 7
FORM = "each line is frame,-1,left,top,width,height,score in pixels; columns after these are ignored"


MOST_FRAMES = 10_000_000
"""More than a week of video; a larger frame number is a mistake that would keep the tracker busy for days."""

SHOWN_UNSEEN_S = 0.15
"""How long a predicted box is written for somebody out of sight."""


class MotError(OperatorError, ValueError):
    """A line is not MOT text; the message names it."""


def parse_detections(text: str, width: int, height: int) -> Frames:
    """Detections by frame number, boxes in 0..1 of a frame of `width` x `height` pixels.

    When any score of the file lies outside 0..1, none of them are probabilities (DPM's, for example, are distances
    to a decision plane): then every score goes through the logistic function. Raises MotError with the line's number.
    """
    rows = [_row(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    squash = any(not 0 <= row[6] <= 1 for row in rows)
    frames: Frames = {}
    for frame, _, left, top, wide, high, score in rows:
        box = Box(left / width, top / height, (left + wide) / width, (top + high) / height)
        frames.setdefault(int(frame), []).append(Detection(box, _logistic(score) if squash else score))
    return frames


def _row(number: int, line: str) -> list[float]:
    """The first seven columns of one line."""
    fields = line.split(",")
    if len(fields) < LEAST_COLUMNS:
        raise MotError(
            f"line {number}: {len(fields)} column{'s' * (len(fields) != 1)}, at least {LEAST_COLUMNS} needed", hint=FORM
        )
    try:
        row = [float(field) for field in fields[:LEAST_COLUMNS]]
    except ValueError as error:
        raise MotError(f"line {number}: {error}", hint=FORM) from None
    if not all(map(isfinite, row)):
        raise MotError(f"line {number}: not a finite number", hint=FORM)
    if not 1 <= row[0] <= MOST_FRAMES or row[0] != int(row[0]):
        raise MotError(
            f"line {number}: frame {fields[0].strip()} is not a whole number from 1 to {MOST_FRAMES}", hint=FORM
        )
    if row[4] <= 0 or row[5] <= 0:
        raise MotError(f"line {number}: the box has no area", hint=FORM)
    return row


def _logistic(value: float) -> float:
    """Map any real score to 0..1, without overflow."""
    if value < 0:
        return 1 - _logistic(-value)
    return 1 / (1 + exp(-value))


def format_track(frame: int, track: Track, width: int, height: int) -> str:
    """One line: frame,id,left,top,width,height,score,-1,-1,-1 in pixels."""
    box = track.box
    return (
        f"{frame},{track.id},{box.x1 * width:.2f},{box.y1 * height:.2f},{box.width * width:.2f},"
        f"{box.height * height:.2f},{track.score:.4f},-1,-1,-1"
    )


def is_shown(track: Track) -> bool:
    """Whether a track gets a row: confirmed, and seen or out of sight for so short a time that the place is known."""
    return track.confirmed and track.t_s - track.last_seen_s <= SHOWN_UNSEEN_S


def follow(
    frames: Mapping[int, Sequence[Detection]], fps: float, settings: TrackerSettings
) -> Iterator[tuple[int, Track]]:
    """Run the tracker over every frame from 1 to the last; yields the shown tracks, each with its frame.

    As on the camera nothing is known of later frames: no row is written, moved or renamed afterwards.
    """
    tracker = Tracker(settings)
    for frame in range(1, max(frames, default=0) + 1):
        for track in tracker.update(frame / fps, frames.get(frame, ())):
            if is_shown(track):
                yield frame, track


def track_text(text: str, *, fps: float, width: int, height: int) -> str:
    """MOT detections in, MOT tracks out: what `aislewatch track` does. Raises MotError for malformed text."""
    frames = parse_detections(text, width, height)
    tracks = follow(frames, fps, TrackerSettings(aspect=width / height))
    return "".join(f"{format_track(frame, track, width, height)}\n" for frame, track in tracks)
