"""Who stands at the border of a zone: a foot is not known so well that they are surely out of it.

Boxes shake, and an island or a counter before a queue hides feet a little: the box then ends above them, as if its
person stood farther off. Who stands there for long is counted where people are counted; nobody is accused for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from agent.domain import Point, Track
from agent.geometry import distance_to, in_heights
from agent.rules.base import View
from agent.rules.zones import BRIDGE_S, Stay

BORDER_H, HIDDEN_BORDER_H = 0.06, 0.2
"""How well a foot is known, in body heights: one that is seen, and one that the head tells of or the frame cuts off."""


class Border:
    """The sides of a zone, and who stands just outside them.

    `polygon` are the zone's corners, 0..1 of a picture of this aspect (width / height).
    """

    def __init__(self, zone: int, polygon: Sequence[Point], aspect: float) -> None:
        corners = [in_heights(corner, aspect) for corner in (*polygon, polygon[0])]
        self._zone = zone
        self._aspect = aspect
        self._sides = list(pairwise(corners))
        self._beside: dict[int, Stay] = {}

    def update(self, view: View) -> Sequence[Stay]:
        """Everybody in the zone, and everybody else who stands at its border now or did until `BRIDGE_S` ago."""
        for person in self._standing(view):
            before = self._beside.get(person.id)
            entered_s = before.entered_s if before else view.t_s
            self._beside[person.id] = Stay(person.id, self._zone, entered_s, view.t_s)
        within = view.stays_in(self._zone)
        if not self._beside:
            return within
        for stay in within:
            self._beside.pop(stay.track, None)
        self._beside = {k: stay for k, stay in self._beside.items() if view.t_s - stay.seen_s <= BRIDGE_S}
        return [*within, *self._beside.values()]

    def _standing(self, view: View) -> Iterator[Track]:
        return (
            person
            for person in view.people.values()
            if person.still and person.sure and (person.id, self._zone) not in view.stays and self._is_near(person)
        )

    def _is_near(self, person: Track) -> bool:
        foot = in_heights(person.foot, self._aspect)
        reach = (BORDER_H if person.foot_seen else HIDDEN_BORDER_H) * person.height
        return any(distance_to(foot, a, b) <= reach for a, b in self._sides)
