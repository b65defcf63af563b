"""Follow people from frame to frame: two-stage association of detections to Kalman-filtered tracks, by real time.

The method is that of ByteTrack (Zhang et al., ECCV 2022) with times instead of frame counts, measurement noise that
follows the detection score, and a memory for people who stood still when they were lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import median

from agent.domain import Box, Detection, Track
from agent.vision.assign import Pair, assign
from agent.vision.motion import BoxFilter


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How to track. Scores are the model's (its manifest calibrates them); `aspect` is frame width / height.

    A person unseen for `bridge_s` is lost (`tentative_s` before confirmation); one who stood still is remembered for
    `memory_s` and gets the old id back. Detections below `low_score` are ignored; those below `min_score` only
    prolong tracks.
    """

    min_score: float = 0.5
    confirm_score: float = 0.7
    aspect: float = 16 / 9
    low_score: float = 0.1
    bridge_s: float = 2.0
    memory_s: float = 30.0
    tentative_s: float = 0.5


EDGE = 0.01
SEEN_IOU = 0.2
LOW_IOU = 0.4
DUPLICATE_IOU = 0.6
STILL_SPEED = 0.3
RECALL_REACH = 0.6
CONFIRM_LEAST, CONFIRM_MOST = 3, 10
CUT_HEIGHT_PER_WIDTH = 2.2


class _Person:
    """One track and all that is remembered about it; lengths are in frame heights."""

    __slots__ = (
        "born_s",
        "confirmed",
        "foot_seen",
        "gap_s",
        "height",
        "id",
        "last_seen_s",
        "missing_since_s",
        "motion",
        "score",
        "scores",
        "whole_seen",
    )

    def __init__(self, number: int, t_s: float, box: Box, score: float) -> None:
        self.id = number
        self.motion = BoxFilter((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, box.x2 - box.x1, box.y2 - box.y1)
        self.born_s = self.last_seen_s = t_s
        self.missing_since_s: float | None = None
        self.gap_s = 0.0
        self.score = score
        self.scores = deque((score,), maxlen=CONFIRM_MOST)
        self.confirmed = False
        self.whole_seen = False
        self.height = 0.0
        self.measure_height(box)

    def see(self, t_s: float, box: Box, score: float, settings: TrackerSettings) -> None:
        """Take in the detection that was found to be this person."""
        doubt = 1.0 + 2.0 * max(0.0, 1 - score / settings.confirm_score)
        self.motion.correct((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, box.x2 - box.x1, box.y2 - box.y1, doubt)
        if self.missing_since_s is not None:
            self.gap_s = t_s - self.last_seen_s
            self.missing_since_s = None
        self.last_seen_s = t_s
        self.score = score
        self.measure_height(box)
        if not self.confirmed:
            self.scores.append(score if score >= settings.min_score else 0.0)
            self.confirmed = is_confirmed(self.scores, settings.confirm_score)

    def miss(self, t_s: float) -> None:
        """Note that this observation did not show the person."""
        if self.missing_since_s is None:
            self.missing_since_s = t_s
        self.scores.append(0.0)

    def measure_height(self, box: Box) -> None:
        """Learn the body height from a whole box; a cut one can only show that the body is taller than thought."""
        self.foot_seen = box.y2 < 1 - EDGE
        if self.foot_seen and box.y1 > EDGE:
            self.height, self.whole_seen = self.motion.h, True
        elif not self.whole_seen:
            self.height = max(self.height, box.y2 - box.y1, CUT_HEIGHT_PER_WIDTH * (box.x2 - box.x1))

    @property
    def box(self) -> Box:
        motion = self.motion
        w, h = motion.w / 2, motion.h / 2
        return Box(motion.x - w, motion.y - h, motion.x + w, motion.y + h)


def is_confirmed(scores: Sequence[float], confirm_score: float) -> bool:
    """Whether the median of the last 3 to 10 scores (0 for a missed observation) reaches `confirm_score`."""
    return len(scores) >= CONFIRM_LEAST and median(scores) >= confirm_score


class Tracker:
    """Tracks of one camera. Feed it every frame on which the detector ran, in time order."""

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._people: list[_Person] = []
        self._remembered: list[_Person] = []
        self._next_id = 1
        self._t_s: float | None = None

    def update(self, t_s: float, detections: Sequence[Detection]) -> list[Track]:
        """All live tracks at `t_s` (seconds, monotonic): those seen now and those that are only predicted.

        Raises ValueError when time does not advance.
        """
        self._advance(t_s)
        high, low = self._sorted(detections)
        unseen = self._match(self._people, high, t_s, SEEN_IOU)
        unseen = self._match(unseen, low, t_s, LOW_IOU)
        for person in unseen:
            person.miss(t_s)
        self._recall(high, t_s)
        self._begin(high, t_s)
        self._forget(t_s)
        aspect = self._settings.aspect
        return [_track(person, t_s, aspect) for person in self._people]

    def _advance(self, t_s: float) -> None:
        """Predict everybody to `t_s`."""
        if self._t_s is not None:
            if t_s <= self._t_s:
                raise ValueError(f"time must advance: {t_s} after {self._t_s}")
            dt_s = t_s - self._t_s
            for person in self._people:
                person.motion.predict(dt_s)
        self._t_s = t_s

    def _sorted(self, detections: Sequence[Detection]) -> tuple[list[Detection], list[Detection]]:
        """High and low detections in frame heights, best first, so that their given order does not matter."""
        settings = self._settings
        aspect = settings.aspect
        high, low = [], []
        for (x1, y1, x2, y2), score in sorted(detections, key=_by_score):
            if score >= settings.min_score:
                high.append(Detection(Box(x1 * aspect, y1, x2 * aspect, y2), score))
            elif score >= settings.low_score:
                low.append(Detection(Box(x1 * aspect, y1, x2 * aspect, y2), score))
        return high, low

    def _match(self, people: list[_Person], found: list[Detection], t_s: float, least: float) -> list[_Person]:
        """Give detections to people; removes the used ones from `found` and returns the people without one."""
        if not people or not found:
            return people
        chosen = assign(_overlaps([person.box for person in people], found, least))
        for row, column in chosen:
            people[row].see(t_s, *found[column], self._settings)
        taken = {column for _, column in chosen}
        found[:] = [detection for column, detection in enumerate(found) if column not in taken]
        given = {row for row, _ in chosen}
        return [person for row, person in enumerate(people) if row not in given]

    def _recall(self, found: list[Detection], t_s: float) -> None:
        """Re-match detections nobody claimed to people who stood still when they were lost."""
        for detection in list(found):
            box = detection.box
            near = [person for person in self._remembered if _could_be(person, box)]
            if near:
                person = min(near, key=lambda person: _distance(person, box))
                self._remembered.remove(person)
                self._people.append(person)
                person.see(t_s, box, detection.score, self._settings)
                found.remove(detection)

    def _begin(self, found: list[Detection], t_s: float) -> None:
        """Start a track for every detection that is nobody's, unless it is a second box on somebody seen."""
        for box, score in found:
            if any(_overlap(box, person.box) > DUPLICATE_IOU for person in self._people if person.last_seen_s == t_s):
                continue
            self._people.append(_Person(self._next_id, t_s, box, score))
            self._next_id += 1

    def _forget(self, t_s: float) -> None:
        """Move people unseen for too long out of the live ones; keep those who stood still in memory."""
        settings = self._settings
        live = []
        for person in self._people:
            since_s = person.missing_since_s
            patience_s = settings.bridge_s if person.confirmed else settings.tentative_s
            if since_s is None or t_s - since_s < patience_s:
                live.append(person)
            elif person.confirmed:
                self._remembered.append(person)
        self._people = live
        self._remembered = [p for p in self._remembered if t_s - p.last_seen_s < settings.memory_s]


def _by_score(detection: Detection) -> tuple[float, Box]:
    return -detection.score, detection.box


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def _overlaps(boxes: Sequence[Box], found: Sequence[Detection], least: float) -> list[Pair]:
    """All pairs of a box and a detection whose overlap exceeds `least`."""
    pairs = []
    for row, a in enumerate(boxes):
        for column, (b, _) in enumerate(found):
            if b[0] < a[2] and a[0] < b[2]:
                overlap = _overlap(a, b)
                if overlap > least:
                    pairs.append((overlap, row, column))
    return pairs


def _distance(person: _Person, box: Box) -> float:
    """Distance of the centres in body heights."""
    motion = person.motion
    return hypot((box.x1 + box.x2) / 2 - motion.x, (box.y1 + box.y2) / 2 - motion.y) / motion.h


def _could_be(person: _Person, box: Box) -> bool:
    """Whether a box may be the remembered person: near where they stood and of their size."""
    ratio = (box.y2 - box.y1) / person.motion.h
    return 0.7 < ratio < 1.4 and _distance(person, box) < RECALL_REACH


def _track(person: _Person, t_s: float, aspect: float) -> Track:
    """The person as the rest of the program sees it, in 0..1 of the frame."""
    x1, y1, x2, y2 = person.box
    return Track(
        id=person.id,
        t_s=t_s,
        box=Box(x1 / aspect, y1, x2 / aspect, y2),
        score=person.score,
        confirmed=person.confirmed,
        seen=person.missing_since_s is None,
        foot_seen=person.foot_seen,
        height=person.height,
        born_s=person.born_s,
        last_seen_s=person.last_seen_s,
        gap_s=person.gap_s,
    )
