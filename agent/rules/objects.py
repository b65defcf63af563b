"""The rules `left_object` and `removed_object`: a thing came or went, and nobody is near whom it may belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import hypot

from agent.domain import Box, Json, Point, Track, iou
from agent.rule_config import LeftObjectRule, RemovedObjectRule
from agent.rules.base import Hit, Subject, View
from agent.rules.changes import Change, ChangeKind
from agent.rules.zones import ZoneMap

CAME = (ChangeKind.ADDED,)
WENT = (ChangeKind.REMOVED,)
LONGEST_STEP_S = 2.5
"""What one look stands for at most: after a longer gap nobody knows who was near."""
BESIDE_H = 0.7
"""While somebody stands so near whose it may be, too, the time does not run."""
REACH_H = 0.5
"""Who put a thing down or took it was so near to it; light needs nobody."""
ON_SHELF = 0.5
"""A change of which so much lies in shelf fronts is about goods."""
CAME_LATELY_S, CAME_FOR_S = 3600.0, 10.0
SAME_PLACE = 0.5
"""What came within the last hour, for so long at least, and goes again, from the same place, is no loss."""
SEEN_S = 300.0
"""So long it is remembered how somebody was last seen."""
TOLD_S = 3600.0
"""So long a thing that was out of the findings is not told of again."""
LOST_S = 10.0
"""So long a thing may be out of the findings (the scene is learned anew, the light went) without being forgotten."""


@dataclass(slots=True)
class _Thing:
    """What is remembered of one change: the seconds it has been alone, and when it was last told of.

    `owner` is how its owner was last seen, `met` who was seen since it came (or went): whether it may be theirs, too.
    """

    owner: Track | None
    alone_s: float = 0.0
    found_s: float | None = None
    hit: Hit | None = None
    met: dict[int, bool] = field(default_factory=dict)


class _Brought:
    """What came in the last hour: what goes from its place is no loss."""

    def __init__(self) -> None:
        self._came: dict[int, tuple[float, Box]] = {}

    def note(self, t_s: float, found: Iterable[Change]) -> None:
        """Take in what is found now."""
        came = [change for change in found if change.kind in CAME and t_s - change.seen_s >= CAME_FOR_S]
        self._came |= {change.id: (t_s, change.box) for change in came}
        self._came = {number: entry for number, entry in self._came.items() if t_s - entry[0] <= CAME_LATELY_S}

    def covers(self, change: Change) -> bool:
        """Whether another one came to the same place; of itself a change says what it is now."""
        return any(iou(change.box, box) > SAME_PLACE for k, (_, box) in self._came.items() if k != change.id)


class UnattendedObject:
    """Follows each thing that came (or went) with somebody near, until it is as before or a part of the scene."""

    def __init__(
        self, config: LeftObjectRule | RemovedObjectRule, kinds: Collection[ChangeKind], polygon: Sequence[Point] | None
    ) -> None:
        self.config = config
        self._kinds = kinds
        self._place = None if polygon is None else ZoneMap([polygon])
        self._things: dict[int, _Thing] = {}
        self._brought = _Brought()
        self._told: dict[int, float] = {}
        self._people: dict[int, Track] = {}
        self._last_s: float | None = None

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each thing that has been alone for too long."""
        span_s = 0.0 if self._last_s is None else min(view.t_s - self._last_s, LONGEST_STEP_S)
        self._last_s = view.t_s
        self._people |= {view.who(track): person for track, person in view.people.items()}
        changes = view.senses.changes
        if changes and changes.ready:
            self._brought.note(view.t_s, changes.found)
            for change in changes.found:
                if self._is_followed(change) or self._is_ours(change):
                    self._follow(view, change, span_s)
        self._things = {k: one for k, one in self._things.items() if view.t_s - (one.found_s or 0.0) <= LOST_S}
        self._told |= {number: view.t_s for number, thing in self._things.items() if thing.hit}
        self._told = {number: t_s for number, t_s in self._told.items() if view.t_s - t_s <= TOLD_S}
        self._people = {who: person for who, person in self._people.items() if view.t_s - person.t_s <= SEEN_S}
        yield from (thing.hit for thing in self._things.values() if thing.hit)

    def _is_followed(self, change: Change) -> bool:
        """Whether it is followed already; whether it came or went may be unclear for a while."""
        return change.id in self._things and change.kind == ChangeKind.ALTERED

    def _is_ours(self, change: Change) -> bool:
        config = self.config
        if change.kind not in self._kinds or (change.id in self._told and change.id not in self._things):
            return False
        if not config.min_area <= change.area <= config.max_area or change.shelved >= ON_SHELF:
            return False
        if change.owner is None or change.owner_h > REACH_H:
            return False
        if change.kind in WENT and self._brought.covers(change):
            return False
        return self._place is None or bool(self._place.at(change.box.foot))

    def _follow(self, view: View, change: Change, span_s: float) -> None:
        assert change.owner is not None, "only changes with an owner are followed"
        owner = view.who(change.owner)
        thing = self._things.setdefault(change.id, _Thing(self._people.get(owner)))
        seen = [person for track, person in view.people.items() if view.who(track) == owner]
        thing.owner = seen[0] if seen else thing.owner
        theirs = self._may_be_theirs(view, change, thing)
        thing.found_s = view.t_s
        if any(_distance_h(view, change, person) <= self.config.owner_h for person in seen):
            thing.alone_s, thing.hit = 0.0, None
        elif not theirs:
            thing.alone_s += span_s
        if thing.alone_s >= self.config.after_s:
            thing.hit = self._hit(view, change, thing)

    def _may_be_theirs(self, view: View, change: Change, thing: _Thing) -> bool:
        """Whether somebody beside what came may be with its owner, being there from the first, or be the owner under a
        new number, having appeared beside it where the owner was lost. Others are strangers, and what is gone is
        nobody's who stands there.
        """
        if change.kind in WENT:
            return False
        lost = thing.found_s is None or (thing.owner is not None and _distance_h(view, change, thing.owner) <= BESIDE_H)
        beside = {track for track, person in view.people.items() if _distance_h(view, change, person) <= BESIDE_H}
        for track in view.people:
            thing.met.setdefault(track, lost and track in beside)
        return any(thing.met[track] for track in beside)

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
