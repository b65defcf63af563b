"""Chooses the pictures that say most about an incident: its onset, its peak and its end, with the people's boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.domain import Box, Incident, IncidentState, Track
from agent.jpeg import encode_jpeg, with_boxes
from agent.vision.pipeline import Outcome
from hal.ports import Frame, Yuv420

ONSET, PEAK, END = "onset", "peak", "end"
MOST_OPEN = 16


class Sighting(NamedTuple):
    """A picture to be kept for an incident, and the people in it who are its subject."""

    incident: str
    which: str
    picture: Yuv420
    boxes: tuple[Box, ...]

    @property
    def name(self) -> str:
        """The name of its file."""
        return still_name(self.incident, self.which)

    def jpeg(self) -> bytes:
        """The picture as it is kept."""
        return encode_jpeg(with_boxes(self.picture, self.boxes))


def still_name(incident: str, which: str) -> str:
    """The file of a picture."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', incident)}-{which}.jpg"


@dataclass(slots=True)
class _Open:
    """The best picture so far of an open incident: at its highest stage, where its people are largest."""

    incident: Incident
    picture: Yuv420
    boxes: tuple[Box, ...]
    shown: float = field(default=0.0)


class StillPicker:
    """Looks at every frame's outcome, on the vision thread; takes microseconds and encodes nothing."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def look(self, outcome: Outcome) -> list[Sighting]:
        """The pictures that this frame brings or completes."""
        found: list[Sighting] = []
        for incident in outcome.incidents:
            found += self._take(incident, outcome)
        if outcome.inferred:
            for entry in self._open.values():
                self._improve(entry, outcome.frame, outcome.tracks)
        return found

    def _take(self, incident: Incident, outcome: Outcome) -> list[Sighting]:
        picture, boxes = outcome.frame.main, _boxes(incident, outcome.tracks)
        if incident.state == IncidentState.CLOSED:
            entry = self._open.pop(incident.id, None)
            if entry is None:
                return []
            peak = Sighting(incident.id, PEAK, entry.picture, entry.boxes)
            return [peak, Sighting(incident.id, END, picture, boxes)]
        known = incident.id in self._open
        if known or len(self._open) < MOST_OPEN:
            self._open[incident.id] = _Open(incident, picture, boxes, _area(boxes))
        return [] if known else [Sighting(incident.id, ONSET, picture, boxes)]

    @staticmethod
    def _improve(entry: _Open, frame: Frame, tracks: Sequence[Track]) -> None:
        boxes = _boxes(entry.incident, tracks)
        if (shown := _area(boxes)) > entry.shown:
            entry.picture, entry.boxes, entry.shown = frame.main, boxes, shown


def _boxes(incident: Incident, tracks: Sequence[Track]) -> tuple[Box, ...]:
    """The boxes of an incident's people in this frame; of everybody where it is about a place."""
    shown = [track for track in tracks if track.seen and track.confirmed]
    return tuple(track.box for track in shown if not incident.tracks or track.id in incident.tracks)


def _area(boxes: Sequence[Box]) -> float:
    return sum(box.area for box in boxes)
