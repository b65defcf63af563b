"""Who is in which zone, and since when: a raster of the zones and the time-based hysteresis of semantics.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from agent.domain import Point, Track
from agent.tables.places import ZoneConfig

COLUMNS, ROWS = 480, 270
ENTER_OBSERVATIONS = 3
ENTER_S = 0.2
BRIDGE_S = 2.0
REMEMBER_S = 30.0
"""So long a track that was lost in a zone may come back (the tracker's memory) and its stay goes on."""
RESUME_S = 1.0


class ZoneMap:
    """Answers "which zones hold this point" from a raster, as a set of bits: bit i is zone i."""

    def __init__(self, polygons: Sequence[Sequence[Point]]) -> None:
        cells = np.zeros((ROWS, COLUMNS), dtype=object)
        for index, polygon in enumerate(polygons):
            cells[_inside(polygon)] |= 1 << index
        self._cells: list[list[int]] = [[int(cell) for cell in row] for row in cells]

    def at(self, point: Point) -> int:
        """The zones that hold `point`; a point past the frame's edge counts as on the edge."""
        row = min(max(int(point.y * ROWS), 0), ROWS - 1)
        column = min(max(int(point.x * COLUMNS), 0), COLUMNS - 1)
        return self._cells[row][column]


def _inside(polygon: Sequence[Point]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Even-odd test of every cell centre: bool (ROWS, COLUMNS)."""
    x = (np.arange(COLUMNS) + 0.5) / COLUMNS
    y = ((np.arange(ROWS) + 0.5) / ROWS)[:, None]
    inside = np.zeros((ROWS, COLUMNS), dtype=bool)
    for a, b in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if a.y != b.y:
            spans = (a.y > y) != (b.y > y)
            inside ^= spans & (x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x)
    return inside


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's stay in one zone. `left_s` is None while it lasts; times are those of the observations."""

    track: int
    zone: int
    entered_s: float
    seen_s: float
    left_s: float | None = None

    @property
    def dwell_s(self) -> float:
        """Seconds from the first observation inside to the first outside (or the last inside while it lasts)."""
        return (self.seen_s if self.left_s is None else self.left_s) - self.entered_s


@dataclass(slots=True)
class _Presence:
    """The hysteresis of one person at one zone: a change counts after enough observations and time agree.

    Who enters until `resume_until_s` goes on with the stay before.
    """

    inside: bool = False
    entered_s: float = 0.0
    seen_s: float = 0.0
    changing_s: float = 0.0
    agreeing: int = 0
    resume_until_s: float = -math.inf

    def observe(self, inside: bool, t_s: float, step_s: float) -> bool:
        """Take one observation, `step_s` after the one before; true when the state changed with it.

        An observation stands for the time since the one before, so three at 15 a second last a fifth of a second.
        """
        if inside:
            self.seen_s = t_s
        if inside == self.inside:
            self.agreeing = 0
            return False
        if self.agreeing == 0:
            self.changing_s = t_s
        self.agreeing += 1
        if self.agreeing < ENTER_OBSERVATIONS or t_s - self.changing_s + step_s < ENTER_S - 1e-9:
            return False
        self.inside, self.agreeing = inside, 0
        if inside and self.changing_s > self.resume_until_s:
            self.entered_s = self.changing_s
        return True


@dataclass(slots=True)
class _Person:
    """What is remembered of one track."""

    last_s: float
    confirmed: bool = False
    zones: dict[int, _Presence] = field(default_factory=dict)


class ZoneWatch:
    """Follows every track through every zone. `stays` holds the current ones of confirmed people."""

    def __init__(self, zones: Sequence[ZoneConfig]) -> None:
        self._map = ZoneMap([zone.polygon for zone in zones])
        self._people: dict[int, _Person] = {}
        self._away: dict[int, _Person] = {}
        self.stays: dict[tuple[int, int], Stay] = {}

    def update(self, t_s: float, tracks: Sequence[Track]) -> list[Stay]:
        """Take the tracks of one inferred frame; returns the stays of confirmed people that ended."""
        ended = self._forget(t_s)
        for track in tracks:
            if track.seen:
                ended += self._observe(t_s, track)
        self.stays = self._current()
        return ended

    def _observe(self, t_s: float, track: Track) -> list[Stay]:
        person = self._people.get(track.id)
        if person is None:
            person = self._people[track.id] = self._back(track.id, t_s) or _Person(t_s)
        step_s, person.last_s = t_s - person.last_s, t_s
        person.confirmed |= track.confirmed
        here = self._map.at(track.foot)
        ended = []
        for zone in _bits(here) | person.zones.keys():
            presence = person.zones.get(zone)
            if presence is None:
                presence = person.zones[zone] = _Presence()
            left = presence.observe(bool(here >> zone & 1), t_s, step_s) and not presence.inside
            if left and person.confirmed:
                ended.append(Stay(track.id, zone, presence.entered_s, presence.seen_s, presence.changing_s))
            if not presence.inside and presence.agreeing == 0 and t_s > presence.resume_until_s:
                del person.zones[zone]
        return ended

    def _back(self, track: int, t_s: float) -> _Person | None:
        """Somebody who was lost and is there again: in the zones that they enter again at once, the stay goes on."""
        person = self._away.pop(track, None)
        if person is not None:
            person.zones = {
                zone: _Presence(entered_s=before.entered_s, resume_until_s=t_s + RESUME_S)
                for zone, before in person.zones.items()
                if before.inside
            }
            person.last_s = t_s
        return person

    def _forget(self, t_s: float) -> list[Stay]:
        """Drop the people unseen for longer than a gap may be; their stays ended when they were last seen."""
        self._away = {track: person for track, person in self._away.items() if t_s - person.last_s <= REMEMBER_S}
        gone = [track for track, person in self._people.items() if t_s - person.last_s > BRIDGE_S]
        ended = []
        for track in gone:
            person = self._away[track] = self._people.pop(track)
            ended += [
                Stay(track, zone, presence.entered_s, presence.seen_s, presence.seen_s)
                for zone, presence in person.zones.items()
                if presence.inside and person.confirmed
            ]
        return ended

    def _current(self) -> dict[tuple[int, int], Stay]:
        return {
            (track, zone): Stay(track, zone, presence.entered_s, presence.seen_s)
            for track, person in self._people.items()
            if person.confirmed
            for zone, presence in person.zones.items()
            if presence.inside
        }


def _bits(mask: int) -> set[int]:
    return {index for index in range(mask.bit_length()) if mask >> index & 1}
