"""Where people come into the picture and leave it: its edges, and the doors that the configuration names."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from agent.config import Config
from agent.domain import Point, Track, ZoneKind
from agent.geometry import distance_to, in_heights

EDGE = 0.02
NEAR_H = 1.0
"""Who is within so many body heights of a line or of an entrance may be coming or leaving."""
WAYS_IN = (ZoneKind.ENTRANCE, ZoneKind.EXIT)


class Doors:
    """The edges of the picture, the lines, and the borders of the zones that are entrances or exits."""

    def __init__(self, config: Config, aspect: float) -> None:
        self._aspect = aspect
        paths = [line.points for line in config.lines]
        paths += [(*zone.polygon, zone.polygon[0]) for zone in config.zones if zone.kind in WAYS_IN]
        self._walls = [(in_heights(a, aspect), in_heights(b, aspect)) for path in paths for a, b in pairwise(path)]

    @property
    def known(self) -> bool:
        """Whether any were named; else there may be doors anywhere."""
        return bool(self._walls)

    def near(self, track: Track) -> bool:
        """Whether somebody is where people come and go."""
        box = track.box
        if box.x1 <= EDGE or box.x2 >= 1 - EDGE or box.y2 >= 1 - EDGE:
            return True
        foot, reach = in_heights(track.foot, self._aspect), NEAR_H * track.height
        return any(distance <= reach for distance in self._distances(foot))

    def _distances(self, foot: Point) -> Iterator[float]:
        return (distance_to(foot, a, b) for a, b in self._walls)
