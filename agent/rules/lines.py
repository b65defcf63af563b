"""Who crossed which line, in which direction.

A crossing counts when the foot's path cut the line and the foot then stays beyond it, by min(0.15 h, 3 % of the frame
diagonal), for two observations, where frames are few for one that is twice as far; turning back before that cancels
it. Distances are in frame heights.

Where the frame's edge cuts a box, its bottom centre is only a bound: the true foot lies there or farther out. At the
sides the width the person had before the cut gives a better place. Such a place is used only when every place farther
out is on the same side of the line, so that a box growing or shrinking at the edge cannot fake a crossing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from agent.domain import Point, Track
from agent.geometry import segments_cross
from agent.tables.places import LineConfig

BEYOND_OBSERVATIONS = 2
FAR_BEYOND, RARE_S = 2.0, 0.2
"""So long after the one before, one observation that is so many margins beyond does for two: people are soon gone."""
MARGIN_H = 0.15
MARGIN_DIAGONAL = 0.03
FAR = 2.0
EDGE = 0.01
FAR_EDGE = 1 - EDGE
FORGET_S = 10.0
WIDTH_GAIN = 0.3
NEAR_H = 1.5
"""Who is first seen nearer than this to a line, in body heights, may have come over it unseen."""
APPEAR_S = 3.0


class Crossing(NamedTuple):
    """A confirmed person crossed line number `line`; direction is "in" or "out"."""

    track: int
    line: int
    direction: str
    t_s: float


class _Segment(NamedTuple):
    """A piece of a line: where it begins, and how it runs on from there."""

    x: float
    y: float
    dx: float
    dy: float
    squared: float


class Polyline:
    """The points of a line in frame heights, with the questions a crossing asks."""

    def __init__(self, points: Sequence[Point], aspect: float) -> None:
        self._sides = list(pairwise(Point(p.x * aspect, p.y) for p in points))
        self._segments = [_segment(a, b) for a, b in self._sides]

    def side(self, x: float, y: float) -> int:
        """On which hand of somebody walking along the line: 1 right, -1 left; on the line itself counts as right."""
        if len(self._segments) > 1:
            return 1 if self.signed_distance(Point(x, y)) >= 0 else -1
        from_x, from_y, dx, dy, _ = self._segments[0]
        return 1 if dx * (y - from_y) >= dy * (x - from_x) else -1

    def signed_distance(self, place: Point) -> float:
        """Distance to the nearest segment; positive on the right hand of somebody walking along the line."""
        nearest, found = math.inf, 0.0
        for x, y, dx, dy, squared in self._segments:
            right, down = place.x - x, place.y - y
            along = (right * dx + down * dy) / squared
            along = 0.0 if along < 0.0 else 1.0 if along > 1.0 else along
            distance = math.hypot(right - along * dx, down - along * dy)
            if distance < nearest:
                nearest, found = distance, math.copysign(distance, dx * down - dy * right)
        return found

    def parts(self, place: Point, side: int, outward: Sequence[tuple[float, float]]) -> bool:
        """Whether it lies between a place on this side of it and any of those far outward."""
        farther = (Point(place.x + dx * FAR, place.y + dy * FAR) for dx, dy in outward)
        return any(self.signed_distance(out) * side < 0 for out in farther)

    def cut_by(self, start: Point, end: Point) -> bool:
        """Whether a step from `start` to `end` cuts the line."""
        return any(segments_cross(start, end, a, b) for a, b in self._sides)


def _segment(a: Point, b: Point) -> _Segment:
    dx, dy = b.x - a.x, b.y - a.y
    return _Segment(a.x, a.y, dx, dy, dx * dx + dy * dy)


@dataclass(slots=True)
class _Walk:
    """One person's progress at one line: the side they were last known to be on, and what happened since."""

    place: tuple[float, float]
    side: int
    near: bool = False
    cut: bool = False
    beyond: int = 0

    def stay(self, place: tuple[float, float]) -> None:
        """Take one observation on the side where they were."""
        self.place, self.cut, self.beyond = place, False, 0

    def step(self, line: Polyline, place: Point, distance: float, margin: float, *, rare: bool) -> int:
        """Take one observation, `distance` from the line; returns the new side when a crossing is complete, else 0.

        `rare`: the observation before was long ago.
        """
        start, self.place = self.place, place
        if distance * self.side >= 0:
            self.stay(place)
            return 0
        self.cut = self.cut or line.cut_by(Point(*start), place)
        beyond = BEYOND_OBSERVATIONS if rare and abs(distance) >= FAR_BEYOND * margin else 1
        self.beyond = self.beyond + beyond if abs(distance) >= margin else 0
        if self.beyond < BEYOND_OBSERVATIONS:
            return 0
        crossed = self.cut
        self.side, self.cut, self.beyond = -self.side, False, 0
        return self.side if crossed else 0


@dataclass(slots=True)
class _Person:
    """What is remembered of one track: its walk at every line, and how wide it was when last seen whole."""

    last_s: float
    since_s: float
    width: float = 0.0
    known: bool = False
    walks: dict[int, _Walk] = field(default_factory=dict)

    def middle(self, x1: float, x2: float) -> float:
        """Of the sides of a box; where the frame's edge cuts it, of the box at the width remembered."""
        left, right = x1 <= EDGE, x2 >= FAR_EDGE
        x = (x1 + x2) / 2
        if not left and not right:
            self.width = x2 - x1 if self.width == 0 else self.width + WIDTH_GAIN * (x2 - x1 - self.width)
        elif not right:
            x = min(x, x2 - self.width / 2)
        elif not left:
            x = max(x, x1 + self.width / 2)
        return x


class LineWatch:
    """Follows every track past every line.

    `appeared` tells who was seen for the first time just beyond a line: by the definition they have not crossed it.
    """

    def __init__(self, lines: Sequence[LineConfig], aspect: float) -> None:
        self._lines = [Polyline(line.points, aspect) for line in lines]
        self._aspect = aspect
        self._diagonal_margin = MARGIN_DIAGONAL * math.hypot(aspect, 1.0)
        self._people: dict[int, _Person] = {}
        self.appeared: list[Crossing] = []

    def update(self, t_s: float, tracks: Sequence[Track]) -> list[Crossing]:
        """Take the tracks of one inferred frame; returns the crossings completed by it."""
        self._forget(t_s)
        self.appeared = []
        crossings: list[Crossing] = []
        for track in tracks:
            if track.seen:
                self._observe(t_s, track, crossings)
        return crossings

    def _observe(self, t_s: float, track: Track, crossings: list[Crossing]) -> None:
        person = self._people.get(track.id)
        if person is None:
            person = self._people[track.id] = _Person(t_s, t_s)
        rare, person.last_s = t_s - person.last_s >= RARE_S, t_s
        x1, _, x2, y = track.box
        x = person.middle(x1, x2) * self._aspect
        outward = _NOWHERE if x1 > EDGE and x2 < FAR_EDGE and track.foot_seen else _outward(track)
        for number, line in enumerate(self._lines):
            side = line.side(x, y)
            if outward and line.parts(Point(x, y), side, outward):
                continue  # a cut box leaves open on which side the person stands
            walk = person.walks.get(number)
            if walk is not None and side == walk.side:
                walk.stay((x, y))
                continue
            place = Point(x, y)
            distance = line.signed_distance(place)
            margin = min(MARGIN_H * track.height, self._diagonal_margin)
            if walk is None:
                near = t_s == person.since_s and margin <= abs(distance) < NEAR_H * track.height
                walk = person.walks[number] = _Walk(place, side, near)
            crossed = walk.step(line, place, distance, margin, rare=rare)
            if crossed and track.confirmed:
                crossings.append(Crossing(track.id, number, _direction(crossed), t_s))
        if track.confirmed and not person.known:
            self._introduce(t_s, track.id, person)

    def _introduce(self, t_s: float, track: int, person: _Person) -> None:
        """Note where somebody new was first seen, if that was lately, just beyond a line."""
        person.known = True
        if t_s - person.since_s <= APPEAR_S:
            self.appeared += [
                Crossing(track, number, _direction(walk.side), t_s)
                for number, walk in person.walks.items()
                if walk.near and not walk.cut
            ]

    def _forget(self, t_s: float) -> None:
        self._people = {track: person for track, person in self._people.items() if t_s - person.last_s <= FORGET_S}


_NOWHERE: tuple[tuple[float, float], ...] = ()


def _direction(side: int) -> str:
    return "in" if side > 0 else "out"


def _outward(track: Track) -> Sequence[tuple[float, float]]:
    """The directions in which the true foot may lie beyond the seen one: those of the edges that cut the box."""
    x1, _, x2, y2 = track.box
    found = []
    if x1 <= EDGE:
        found.append((-1.0, 0.0))
    if x2 >= FAR_EDGE:
        found.append((1.0, 0.0))
    if y2 >= FAR_EDGE and not track.foot_seen:
        found.append((0.0, 1.0))
    return found
