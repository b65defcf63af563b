"""Follow people from frame to frame: two-stage association of detections to Kalman-filtered tracks, by real time.

The method is that of ByteTrack (Zhang et al., ECCV 2022) with times instead of frame counts, measurement noise that
follows the detection score, and a memory for people who stood still when they were lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot, inf

from agent.domain import Detection, Track
from agent.vision.assign import Pair, assign
from agent.vision.motion import step
from agent.vision.person import EDGE, Found, Person, TrackerSettings

__all__ = ["Tracker", "TrackerSettings"]

SEEN_IOU = 0.15
LOW_IOU = 0.45
LATE_IOU = 0.02
DUPLICATE_IOU = 0.45
DUPLICATE_SHARE = 0.7
RECALL_REACH = 0.4
RECALL_SIZE = 1.4
REACH_H_S, MOST_REACH_H = 3.0, 1.3
"""How far from where they must be somebody may be found, body heights: for every second, and at most."""
REACH_SIZE = 1.45
FEW_FRAMES_S = 0.12


class Tracker:
    """Tracks of one camera. Feed it every frame on which the detector ran, in time order."""

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._people: list[Person] = []
        self._remembered: list[Person] = []
        self._next_id = 1
        self._now_s = -inf

    def update(self, t_s: float, detections: Sequence[Detection]) -> list[Track]:
        """All live tracks at `t_s` (seconds, monotonic): those seen now and those that are only predicted.

        Raises ValueError when time runs backwards.
        """
        span_s = t_s - self._now_s
        self._advance(t_s)
        high, low = self._sorted(detections)
        unseen, high = self._match(self._people, high, SEEN_IOU)
        unseen, _ = self._match(unseen, low, LOW_IOU)
        unseen, high = self._match(unseen, high, LATE_IOU)
        if unseen and high and span_s >= FEW_FRAMES_S:
            unseen, high = self._reach(unseen, high)
        for person in unseen:
            person.miss(t_s)
        if high:
            self._begin(self._recall(high))
        if unseen or self._remembered:
            self._let_go()
        aspect = self._settings.aspect
        return [person.track(t_s, aspect) for person in self._people]

    def _advance(self, t_s: float) -> None:
        """Predict everybody to `t_s`."""
        if t_s < self._now_s:
            raise ValueError(f"time runs backwards: {t_s} after {self._now_s}")
        if self._people:
            span = step(t_s - self._now_s)
            for person in self._people:
                person.predict(span)
        self._now_s = t_s

    def _sorted(self, detections: Sequence[Detection]) -> tuple[list[Found], list[Found]]:
        """High and low detections in frame heights, from left to right."""
        aspect, min_score, low_score = self._settings.aspect, self._settings.min_score, self._settings.low_score
        high, low = [], []
        for (x1, y1, x2, y2), score in detections:
            if score >= min_score:
                high.append((x1 * aspect, y1, x2 * aspect, y2, score))
            elif score >= low_score:
                low.append((x1 * aspect, y1, x2 * aspect, y2, score))
        high.sort()
        low.sort()
        return high, low

    def _match(self, people: list[Person], found: list[Found], least: float) -> tuple[list[Person], list[Found]]:
        """Give detections to people by overlap; returns the people without one and the detections of nobody."""
        if not people or not found:
            return people, found
        return self._give(people, found, assign(_overlaps(people, found, least)))

    def _give(
        self, people: list[Person], found: list[Found], chosen: Mapping[int, int]
    ) -> tuple[list[Person], list[Found]]:
        for row, column in chosen.items():
            people[row].see(self._now_s, found[column], self._settings)
        columns = set(chosen.values())
        return (
            [person for row, person in enumerate(people) if row not in chosen],
            [one for column, one in enumerate(found) if column not in columns],
        )

    def _reach(self, people: list[Person], found: list[Found]) -> tuple[list[Person], list[Found]]:
        """Give what is left to whoever may have run there since they were seen: in few frames boxes need not touch."""
        t_s = self._now_s
        pairs = []
        for row, person in enumerate(people):
            reach_h = min(REACH_H_S * (t_s - person.last_seen_s), MOST_REACH_H)
            for column, one in enumerate(found):
                near = 1 - _off(person, one) / reach_h if person.confirmed and _is_sized(person, one, REACH_SIZE) else 0
                if near > 0:
                    pairs.append((near, row, column))
        return self._give(people, found, assign(pairs)) if pairs else (people, found)

    def _recall(self, found: list[Found]) -> list[Found]:
        """Re-match detections of nobody to people who stood still when they were lost; returns the others."""
        if not self._remembered:
            return found
        others = []
        for one in found:
            near = [person for person in self._remembered if _could_be(person, one)]
            if not near:
                others.append(one)
                continue
            person = min(near, key=lambda person: _distance(person, one))
            self._remembered.remove(person)
            self._people.append(person)
            person.predict(step(self._now_s - person.last_seen_s))
            person.see(self._now_s, one, self._settings)
        return others

    def _begin(self, found: list[Found]) -> None:
        """Start a track for every detection of nobody, best first, unless it is a second box on somebody seen."""
        t_s = self._now_s
        for one in sorted(found, key=_score, reverse=True):
            if not any(person.last_seen_s == t_s and _is_duplicate(one, person) for person in self._people):
                self._people.append(Person(self._next_id, t_s, one))
                self._next_id += 1

    def _let_go(self) -> None:
        """Take people unseen for too long out of the live ones; remember those who stood still in the picture."""
        t_s, settings = self._now_s, self._settings
        live = []
        for person in self._people:
            since_s = person.missing_since_s
            patience_s = settings.bridge_s if person.confirmed else settings.tentative_s
            if since_s is None or t_s - since_s < patience_s:
                live.append(person)
            elif person.confirmed and person.still and _is_inside(person, settings.aspect):
                self._remembered.append(person)
        self._people = live
        self._remembered = [person for person in self._remembered if t_s - person.last_seen_s < settings.memory_s]


def _score(found: Found) -> float:
    return found[4]


def _overlaps(people: Sequence[Person], found: Sequence[Found], least: float) -> list[Pair]:
    """All pairs of a person and a detection whose intersection over union exceeds `least`; `found` is in
    order from left to right.
    """
    pairs = []
    for row, person in enumerate(people):
        x, y, w, h = person.x, person.y, person.w / 2, person.h / 2
        ax1, ay1, ax2, ay2 = x - w, y - h, x + w, y + h
        for column, (bx1, by1, bx2, by2, _) in enumerate(found):
            if bx1 >= ax2:
                break
            if bx2 > ax1:
                height = (ay2 if ay2 < by2 else by2) - (ay1 if ay1 > by1 else by1)
                if height > 0:
                    shared = height * ((ax2 if ax2 < bx2 else bx2) - (ax1 if ax1 > bx1 else bx1))
                    overlap = shared / (4 * w * h + (bx2 - bx1) * (by2 - by1) - shared)
                    if overlap > least:
                        pairs.append((overlap, row, column))
    return pairs


def _is_duplicate(found: Found, person: Person) -> bool:
    """Whether a box is a second one on somebody seen: it overlaps, or most of the smaller lies in the larger."""
    ax1, ay1, ax2, ay2, _ = found
    bx1, by1, bx2, by2 = person.corners()
    width, height = min(ax2, bx2) - max(ax1, bx1), min(ay2, by2) - max(ay1, by1)
    if width <= 0 or height <= 0:
        return False
    shared, a, b = width * height, (ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1)
    return shared > DUPLICATE_IOU * (a + b - shared) or shared > DUPLICATE_SHARE * min(a, b)


def _distance(person: Person, found: Found) -> float:
    """From where the person was last seen to the detection, between centres, in body heights."""
    ax1, ay1, ax2, ay2, _ = person.last_found
    bx1, by1, bx2, by2, _ = found
    return hypot(ax1 + ax2 - bx1 - bx2, ay1 + ay2 - by1 - by2) / 2 / person.h


def _could_be(person: Person, found: Found) -> bool:
    """Whether a box may be the remembered person: where they stood and of their size."""
    return _is_sized(person, found, RECALL_SIZE) and _distance(person, found) < RECALL_REACH


def _is_sized(person: Person, found: Found, most: float) -> bool:
    return 1 / most < (found[3] - found[1]) / person.h < most


def _off(person: Person, found: Found) -> float:
    """From where the person must be by now to the detection, between centres, in body heights."""
    ax1, ay1, ax2, ay2, _ = found
    return hypot((ax1 + ax2) / 2 - person.x, (ay1 + ay2) / 2 - person.y) / person.h


def _is_inside(person: Person, aspect: float) -> bool:
    """Whether the last box ended inside the sides of the picture; one that did not was walking out of it."""
    x1, _, x2, _, _ = person.last_found
    return x1 > EDGE * aspect and x2 < (1 - EDGE) * aspect
