"""The rules `left_object` and `removed_object`: a thing came or went, and nobody is near whom it may belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import hypot

from agent.domain import Box, Json, Point, Track, iou
from agent.rule_config import LeftObjectRule, RemovedObjectRule
from agent.rules.base import Hit, Subject, View
from agent.rules.changes import Change, ChangeKind
from agent.rules.zones import ZoneMap

CAME = (ChangeKind.ADDED, ChangeKind.ALTERED)
WENT = (ChangeKind.REMOVED,)
"""Before goods and other things with many edges nobody can tell for sure that something came."""
LONGEST_STEP_S = 2.5
"""What one look stands for at most: after a longer gap nobody knows who was near."""
BESIDE_H = 1.0
"""While somebody stands so near whose it may be, too, the time does not run."""
ON_SHELF = 0.5
"""A change of which so much lies in shelf fronts is about goods."""
CAME_LATELY_S, CAME_FOR_S = 3600.0, 10.0
SAME_PLACE = 0.3
"""What came within the last hour, for so long at least, and goes again, from about the same place, is no loss."""
LOST_S = 10.0
"""So long a thing may be out of the findings (the scene is learned anew, the light went) without being forgotten."""


@dataclass(slots=True)
class _Thing:
    """What is remembered of one change: the seconds it has been alone, and when it was last told of.

    `met` are the people seen since it came (or went), and whether each was beside it when first seen.
    """

    alone_s: float = 0.0
    met: dict[int, bool] = field(default_factory=dict)
    found_s: float = 0.0
    hit: Hit | None = None


class UnattendedObject:
    """Follows each thing that came (or went) with somebody near, until it is as before or a part of the scene."""

    def __init__(
        self, config: LeftObjectRule | RemovedObjectRule, kinds: Collection[ChangeKind], polygon: Sequence[Point] | None
    ) -> None:
        self.config = config
        self._kinds = kinds
        self._place = None if polygon is None else ZoneMap([polygon])
        self._things: dict[int, _Thing] = {}
        self._came: dict[int, tuple[float, Box]] = {}
        self._last_s: float | None = None

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each thing that has been alone for too long."""
        span_s = 0.0 if self._last_s is None else min(view.t_s - self._last_s, LONGEST_STEP_S)
        self._last_s = view.t_s
        changes = view.senses.changes
        if changes and changes.ready:
            self._note_what_came(view.t_s, changes.found)
            for change in changes.found:
                known = change.id in self._things and change.kind == ChangeKind.ALTERED
                if known or self._is_ours(change):
                    self._follow(view, change, span_s)
        self._things = {k: thing for k, thing in self._things.items() if view.t_s - thing.found_s <= LOST_S}
        yield from (thing.hit for thing in self._things.values() if thing.hit)

    def _is_ours(self, change: Change) -> bool:
        config = self.config
        if change.kind not in self._kinds:
            return False
        if not config.min_area <= change.area <= config.max_area or change.shelved >= ON_SHELF:
            return False
        if change.owner is None or change.owner_h > config.owner_h:
            return False
        if change.kind in WENT and self._came_lately(change):
            return False
        return self._place is None or bool(self._place.at(change.box.foot))

    def _note_what_came(self, t_s: float, found: Sequence[Change]) -> None:
        came = [change for change in found if change.kind == ChangeKind.ADDED and t_s - change.seen_s >= CAME_FOR_S]
        self._came |= {change.id: (t_s, change.box) for change in came}
        self._came = {k: entry for k, entry in self._came.items() if t_s - entry[0] <= CAME_LATELY_S}

    def _came_lately(self, change: Change) -> bool:
        """Whether another change says that what goes was only brought; of itself a change says what it is now."""
        return any(iou(change.box, box) > SAME_PLACE for number, (_, box) in self._came.items() if number != change.id)

    def _follow(self, view: View, change: Change, span_s: float) -> None:
        thing = self._things.setdefault(change.id, _Thing())
        thing.found_s = view.t_s
        theirs = self._may_be_theirs(view, change, thing)
        if self._owner_is_near(view, change):
            thing.alone_s, thing.hit = 0.0, None
        elif not theirs:
            thing.alone_s += span_s
        if thing.alone_s >= self.config.after_s:
            thing.hit = self._hit(view, change, thing)

    def _owner_is_near(self, view: View, change: Change) -> bool:
        assert change.owner is not None, "only changes with an owner are followed"
        owner = view.who(change.owner)
        return any(
            view.who(track) == owner and _distance_h(view, change, person) <= self.config.owner_h
            for track, person in view.people.items()
        )

    def _may_be_theirs(self, view: View, change: Change, thing: _Thing) -> bool:
        """Whether somebody is beside what came who was so from the first: a companion, or its owner under a new number.

        Who comes up to it from elsewhere is a stranger, and what is gone is nobody's who stands there.
        """
        beside = {track for track, person in view.people.items() if _distance_h(view, change, person) <= BESIDE_H}
        for track in view.people:
            thing.met.setdefault(track, track in beside)
        return ChangeKind.ADDED in self._kinds and any(thing.met[track] for track in beside)

    def _hit(self, view: View, change: Change, thing: _Thing) -> Hit:
        factors: dict[str, Json] = {
            "alone_s": round(thing.alone_s, 1),
            "age_s": round(view.t_s - change.seen_s, 1),
            "area": round(change.area, 4),
            "owner_track": change.owner,
            "box": [round(side, 3) for side in change.box],
        }
        subject = Subject(self.config.name, None, str(change.id))
        return Hit(subject, self.config.severity, zone=self.config.zone, factors=factors)


def _distance_h(view: View, change: Change, person: Track) -> float:
    """From a thing's foot to a person's, in body heights."""
    aside, deep = view.ground.stretch(person.foot.y)
    thing = change.box.foot
    across = max(abs(thing.x - person.foot.x) - change.box.width / 2, 0.0) * view.aspect
    return hypot(across * aside, (thing.y - person.foot.y) * deep) / person.height
