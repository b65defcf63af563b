"""Who is in which zone, and since when: a raster of the zones and the time-based hysteresis of semantics.md.

Boxes jitter and people hide each other: a stay goes on while somebody is out of its zone but not clear of it, for as
long as a gap may be, and for longer when they were lost while standing in it or far inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, reduce
from operator import and_, or_
from typing import NamedTuple

import numpy as np

from agent.domain import Point, Track
from agent.tables.places import ZoneConfig

COLUMNS, ROWS = 480, 270
ENTER_OBSERVATIONS = 3
ENTER_S = 0.2
SEEN_SELDOM, SELDOM_S = 2, 0.4
"""So many observations do for somebody surely a person and clear of the border, when they stand for so long."""
BRIDGE_S = 2.0
REMEMBER_S = 30.0
"""So long a track that was lost in a zone may come back (the tracker's memory) and its stay goes on."""
RESUME_S = 1.0
HIDDEN_S = 6.0
"""So long somebody lost while standing or far inside a zone is taken to be hidden in it."""
INSIDE_H, CLEAR_H = 0.05, 0.15
"""So far inside a zone, in body heights, few observations do; so far from it, somebody is clearly out of it."""


class ZoneMap:
    """Answers "which zones hold this point" from a raster, as a set of bits: bit i is zone i."""

    def __init__(self, polygons: Sequence[Sequence[Point]]) -> None:
        cells = np.zeros((ROWS, COLUMNS), dtype=object)
        for index, polygon in enumerate(polygons):
            cells[_inside(polygon)] |= 1 << index
        self._cells: list[list[int]] = [[int(cell) for cell in row] for row in cells]

    def at(self, point: tuple[float, float]) -> int:
        """The zones that hold `point`; a point past the frame's edge counts as on the edge."""
        row, column = int(point[1] * ROWS), int(point[0] * COLUMNS)
        if not (0 <= row < ROWS and 0 <= column < COLUMNS):
            row, column = min(max(row, 0), ROWS - 1), min(max(column, 0), COLUMNS - 1)
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


class Stay(NamedTuple):
    """One person's stay in one zone. `left_s` is None while it lasts; times are those of the observations.

    A stay that seemed to be over may go on: `told_s` is until when it has been told of already.
    """

    track: int
    zone: int
    entered_s: float
    seen_s: float
    left_s: float | None = None
    told_s: float | None = None

    @property
    def dwell_s(self) -> float:
        """Seconds from the first observation inside to the first outside (or the last inside while it lasts)."""
        return (self.seen_s if self.left_s is None else self.left_s) - self.entered_s

    @property
    def untold_s(self) -> float:
        """The part of the dwell that was not told of before."""
        return self.dwell_s if self.told_s is None else self.dwell_s - (self.told_s - self.entered_s)


@dataclass(slots=True)
class _Presence:
    """The hysteresis of one person at one zone: a change counts after enough observations and time agree.

    Who was `inside` and goes out near the border may come back for a while: the stay `lasts` until they are clear of
    the zone. Who enters until `resume_until_s` goes on with the stay before.
    """

    inside: bool = False
    lasts: bool = False
    entered_s: float = 0.0
    seen_s: float = 0.0
    changing_s: float = 0.0
    left_s: float = 0.0
    agreeing: int = 0
    told_s: float | None = None
    resume_until_s: float = -math.inf

    def observe(self, inside: bool, t_s: float, step_s: float, *, clear: bool = False) -> None:
        """Take one observation, `step_s` after the one before; `clear`: there is no doubt who and where it was.

        An observation stands for the time since the one before, so three at 15 a second last a fifth of a second.
        """
        if inside:
            self.seen_s = t_s
        if inside == self.inside:
            self.agreeing = 0
            return
        if self.agreeing == 0:
            self.changing_s = t_s
        self.agreeing += 1
        lasted_s = t_s - self.changing_s + step_s + 1e-9
        if self.agreeing < ENTER_OBSERVATIONS and not (clear and self.agreeing >= SEEN_SELDOM and lasted_s >= SELDOM_S):
            return
        if lasted_s < ENTER_S:
            return
        self.inside, self.agreeing = inside, 0
        if not inside:
            self.left_s = self.changing_s
        elif not self.lasts:
            self._begin()

    def _begin(self) -> None:
        self.lasts = True
        if self.changing_s > self.resume_until_s:
            self.entered_s, self.told_s = self.changing_s, None

    def back(self, t_s: float, *, hidden: bool) -> _Presence:
        """What it becomes when somebody who was lost inside is there again; `hidden`: they cannot have left."""
        if hidden:
            return replace(self, told_s=self.seen_s, agreeing=0)
        resume_s = t_s + RESUME_S
        return _Presence(entered_s=self.entered_s, told_s=self.seen_s, resume_until_s=resume_s)


@dataclass(slots=True)
class _Person:
    """What is remembered of one track: how it was last seen, and for whom was lost, the zones they must still be in."""

    track: Track
    last_s: float
    sure: bool = False
    zones: dict[int, _Presence] = field(default_factory=dict)
    hidden_in: frozenset[int] = frozenset()

    def stay(self, zone: int, left_s: float | None = None) -> Stay:
        """The stay in a zone as it is now, or as it ended."""
        presence = self.zones[zone]
        return Stay(self.track.id, zone, presence.entered_s, presence.seen_s, left_s, presence.told_s)


class ZoneWatch:
    """Follows every track through every zone.

    `stays` holds the current ones of those who surely are people, and of those who must be hidden in a zone: they stood
    in it or were far inside when they were lost.
    """

    def __init__(self, zones: Sequence[ZoneConfig], aspect: float = 16 / 9) -> None:
        self._map = ZoneMap([zone.polygon for zone in zones])
        self._aspect = aspect
        self._people: dict[int, _Person] = {}
        self._away: dict[int, _Person] = {}
        self.stays: dict[tuple[int, int], Stay] = {}

    def update(self, t_s: float, tracks: Sequence[Track]) -> list[Stay]:
        """Take the tracks of one inferred frame; returns the stays that ended, once each part."""
        ended = self._forget(t_s)
        for track in tracks:
            if track.seen:
                self._observe(t_s, track, ended)
        self.stays = self._current(t_s)
        return ended

    def _observe(self, t_s: float, track: Track, ended: list[Stay]) -> None:
        person = self._people.get(track.id)
        if person is None:
            person = self._people[track.id] = self._back(track, t_s) or _Person(track, t_s)
        step_s, person.last_s, person.track = t_s - person.last_s, t_s, track
        person.sure = person.sure or (track.confirmed and track.sure)
        x1, _, x2, y2 = track.box
        here = self._map.at(((x1 + x2) / 2, y2))
        if not here and not person.zones:
            return
        inside, known = _bits(here), person.zones
        for zone in inside if inside == known.keys() else inside | known.keys():
            presence = known.get(zone)
            if presence is None:
                presence = known[zone] = _Presence()
            if presence.inside and here >> zone & 1:
                presence.seen_s, presence.agreeing = t_s, 0
                continue
            second = presence.agreeing == SEEN_SELDOM - 1 and not presence.inside
            clear = second and person.sure and self._is_far_inside(zone, track)
            presence.observe(bool(here >> zone & 1), t_s, step_s, clear=clear)
            if presence.lasts:
                if not presence.inside and self._has_left(zone, presence, t_s, track):
                    presence.lasts = False
                    if person.sure and presence.seen_s != presence.told_s:
                        ended.append(person.stay(zone, presence.left_s))
            elif presence.agreeing == 0 and t_s > presence.resume_until_s:
                del known[zone]

    def _has_left(self, zone: int, presence: _Presence, t_s: float, track: Track) -> bool:
        """Whether somebody outside is clear of the zone, or was near it for too long to come back."""
        return t_s - presence.left_s > BRIDGE_S or not self._around(track) >> zone & 1

    def _is_far_inside(self, zone: int, track: Track) -> bool:
        return bool(reduce(and_, self._near(track, INSIDE_H)) >> zone & 1)

    def _around(self, track: Track) -> int:
        """The zones that hold any point near a foot: left, right, above and below it by CLEAR_H."""
        return reduce(or_, self._near(track))

    def _near(self, track: Track, reach_h: float = CLEAR_H) -> list[int]:
        foot, reach = track.foot, reach_h * track.height
        aside = reach / self._aspect
        points = (
            (foot.x - aside, foot.y),
            (foot.x + aside, foot.y),
            (foot.x, foot.y - reach),
            (foot.x, foot.y + reach),
        )
        return [self._map.at(point) for point in points]

    def _back(self, track: Track, t_s: float) -> _Person | None:
        """Somebody who was lost and is there again: in the zones that they enter again at once, the stay goes on."""
        person = self._away.pop(track.id, None)
        if person is not None:
            hidden = person.hidden_in if t_s - person.last_s <= HIDDEN_S else ()
            person.zones = {
                zone: before.back(t_s, hidden=zone in hidden) for zone, before in person.zones.items() if before.lasts
            }
            person.last_s = t_s
        return person

    def _forget(self, t_s: float) -> list[Stay]:
        """Drop the people unseen for longer than a gap may be; their stays ended when they were last seen."""
        if self._away:
            self._away = {track: person for track, person in self._away.items() if t_s - person.last_s <= REMEMBER_S}
        gone = [track for track, person in self._people.items() if t_s - person.last_s > BRIDGE_S]
        ended = []
        for track in gone:
            person = self._away[track] = self._people.pop(track)
            far_inside = -1 if person.track.still else reduce(and_, self._near(person.track))
            person.hidden_in = frozenset(
                zone for zone, p in person.zones.items() if p.inside and far_inside >> zone & 1
            )
            if person.sure:
                ended += [
                    person.stay(zone, presence.seen_s if presence.inside else presence.left_s)
                    for zone, presence in person.zones.items()
                    if presence.lasts
                ]
        return ended

    def _current(self, t_s: float) -> dict[tuple[int, int], Stay]:
        stays = {
            (track, zone): Stay(track, zone, presence.entered_s, presence.seen_s, None, presence.told_s)
            for track, person in self._people.items()
            if person.zones and person.sure
            for zone, presence in person.zones.items()
            if presence.lasts
        }
        for track, person in self._away.items():
            if person.hidden_in and person.sure and t_s - person.last_s <= HIDDEN_S:
                stays.update({(track, zone): person.stay(zone) for zone in person.hidden_in})
        return stays


@cache
def _bits(mask: int) -> frozenset[int]:
    return frozenset(index for index in range(mask.bit_length()) if mask >> index & 1)
