"""The rules `left_object` and `removed_object`: a thing came or went, and nobody is near whom it may belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import hypot

from agent.domain import Box, FactKind, Json, Point, Track, iou
from agent.rule_config import LeftObjectRule, RemovedObjectRule
from agent.rules.base import Hit, Subject, View
from agent.rules.changes import Change, ChangeKind
from agent.rules.shelf import STAFF_BEFORE_S
from agent.rules.zones import ZoneMap

CAME = (ChangeKind.ADDED,)
WENT = (ChangeKind.REMOVED,)
LONGEST_STEP_S = 2.5
"""What one look stands for at most: after a longer gap nobody knows who was near."""
BESIDE_H = 0.7
"""While somebody stands so near who was there from the first, and whose it may be, too, the time does not run."""
NEW_NUMBER_S, WALKING_S, NEW_NUMBER_H, EDGE = 10.0, 6.0, 1.0, 0.02
"""Who appears so soon (sooner where the owner walked: perhaps out of a door by which others come) and so near to where
the owner was lost, not at the picture's edge, is taken for them.
"""
REACH_H = 0.5
"""Who put a thing down or took it was so near to it; light needs nobody."""
ON_SHELF = 0.5
"""A change of which so much lies in shelf fronts is about goods."""
CAME_LATELY_S, CAME_FOR_S = 3600.0, 10.0
SAME_PLACE = 0.5
"""What came within the last hour, for so long at least, and goes again, from the same place, is no loss."""
SHRED, SHRED_GAP = 0.15, 0.01
"""What is so much smaller than a change that it touches (frame widths and heights) is a part of it."""
WITHIN = 0.8
"""What lies so far within the box of a thing is a part of it, if it was first seen while that stood there."""
SEEN_S = 300.0
"""So long it is remembered how somebody was last seen."""
TOLD_S = 3600.0
"""So long a thing that was out of the findings is not told of again."""
LOST_S = 10.0
"""So long a thing may be out of the findings (the scene is learned anew, the light went) without being forgotten."""


@dataclass(slots=True)
class _Thing:
    """What is remembered of one `change`: the seconds it has been alone, and when it was last told of.

    `owner` is how its owner was last seen, `owners` the numbers that they have had. `met` are those seen since it came,
    `company` those of them who were beside it from the first.
    """

    change: Change
    owner: Track | None
    owners: set[int]
    alone_s: float = 0.0
    found_s: float = 0.0
    hit: Hit | None = None
    met: set[int] = field(default_factory=set)
    company: set[int] = field(default_factory=set)


class _Lately:
    """What came and went in the last hour, with its size: what goes from its place, or is a shred of it, is no loss."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[float, Change]] = {}

    def note(self, t_s: float, found: Iterable[Change]) -> None:
        """Take in what is found now."""
        lasting = [change for change in found if t_s - change.seen_s >= CAME_FOR_S]
        self._found |= {change.id: (t_s, change) for change in lasting if change.kind is not ChangeKind.ALTERED}
        self._found = {number: entry for number, entry in self._found.items() if t_s - entry[0] <= CAME_LATELY_S}

    def covers(self, change: Change) -> bool:
        """Whether it is another one's place, shred or part; of itself a change says what it is now."""
        others = ((t_s, other) for t_s, other in self._found.values() if other.id != change.id)
        return any(
            _is_shred(change, other) or _came_there(change, other) or _is_part(change, other, t_s)
            for t_s, other in others
        )


class UnattendedObject:
    """Follows each thing that came (or went) with somebody near, until it is as before or a part of the scene."""

    def __init__(
        self, config: LeftObjectRule | RemovedObjectRule, kinds: Collection[ChangeKind], polygon: Sequence[Point] | None
    ) -> None:
        self.config = config
        self._kinds = kinds
        self._place = None if polygon is None else ZoneMap([polygon])
        self._things: dict[int, _Thing] = {}
        self._lately = _Lately()
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
            self._lately.note(view.t_s, changes.found)
            for change in changes.found:
                if self._is_followed(change) or self._is_ours(view, change):
                    self._follow(view, change, span_s)
            for change in self._replaced(changes.found):
                self._follow(view, change, span_s)
        self._things = {k: one for k, one in self._things.items() if view.t_s - one.found_s <= LOST_S}
        self._told |= {number: view.t_s for number, thing in self._things.items() if thing.hit}
        self._told = {number: t_s for number, t_s in self._told.items() if view.t_s - t_s <= TOLD_S}
        self._people = {who: person for who, person in self._people.items() if view.t_s - person.t_s <= SEEN_S}
        yield from (thing.hit for thing in self._things.values() if thing.hit)

    def _replaced(self, found: Sequence[Change]) -> list[Change]:
        """What is followed and went, in whose place something else stands now: that does not bring it back."""
        there = {change.id for change in found}
        gone = [one.change for number, one in self._things.items() if number not in there and one.change.kind in WENT]
        return [replace(one, last_s=other.last_s) for one in gone for other in found if _came_there(one, other)]

    def _is_followed(self, change: Change) -> bool:
        """Whether it is followed already: whether it came or went may be unclear for a while. A rest is not it."""
        unclear = change.id in self._things and change.kind == ChangeKind.ALTERED
        return unclear and change.area >= self.config.min_area

    def _is_ours(self, view: View, change: Change) -> bool:
        config = self.config
        if change.kind not in self._kinds or (change.id in self._told and change.id not in self._things):
            return False
        if not config.min_area <= change.area <= config.max_area or change.shelved >= ON_SHELF:
            return False
        if change.owner is None or change.owner_h > REACH_H:
            return False
        if change.kind in WENT and self._lately.covers(change):
            return False
        if view.facts.active((FactKind.STAFF,), change.before_s - STAFF_BEFORE_S, change.seen_s, self.config.inputs):
            return False
        return self._place is None or bool(self._place.at(change.box.foot))

    def _follow(self, view: View, change: Change, span_s: float) -> None:
        assert change.owner is not None, "only changes with an owner are followed"
        thing = self._things.get(change.id)
        if thing is None:
            owner = view.who(change.owner)
            thing = self._things[change.id] = _Thing(change, self._people.get(owner), {owner})
            thing.company = {track for track in view.people if _is_beside(view, change, track)}
        if change.kind in self._kinds:
            thing.change = change
        _meet(view, thing)
        thing.found_s = view.t_s
        seen = [person for track, person in view.people.items() if view.who(track) in thing.owners]
        thing.owner = seen[-1] if seen else thing.owner
        if any(_distance_h(view, change.box, person) <= self.config.owner_h for person in seen):
            thing.alone_s, thing.hit = 0.0, None
        elif view.t_s - change.last_s <= LONGEST_STEP_S and not self._is_kept(view, change, thing):
            thing.alone_s += span_s
        if thing.alone_s >= self.config.after_s:
            thing.hit = self._hit(view, change, thing)

    def _is_kept(self, view: View, change: Change, thing: _Thing) -> bool:
        """Whether a companion is beside what came. Others are strangers; what is gone is nobody's who stands there."""
        return change.kind not in WENT and any(
            track in view.people and _is_beside(view, change, track) for track in thing.company
        )

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


def _meet(view: View, thing: _Thing) -> None:
    """Take who is new, and appears where the owner was just lost, for the owner under a new number."""
    lost = thing.owner
    for track, person in view.people.items():
        if track in thing.met:
            continue
        thing.met.add(track)
        lately = lost is not None and lost.t_s < view.t_s <= lost.t_s + (NEW_NUMBER_S if lost.still else WALKING_S)
        if lost and lately and not _at_edge(lost.box) and _distance_h(view, lost.box, person) <= NEW_NUMBER_H:
            thing.owners.add(view.who(track))


def _came_there(change: Change, other: Change) -> bool:
    return other.kind in CAME and iou(change.box, other.box) > SAME_PLACE


def _is_part(change: Change, other: Change, until_s: float) -> bool:
    """Whether a change was first seen within a thing that stood there until then: what showed through, or on it."""
    stood = other.kind in CAME and other.seen_s <= change.seen_s <= until_s
    return stood and _shared(change.box, other.box) > WITHIN * change.box.area


def _shared(a: Box, b: Box) -> float:
    """The area that two boxes have in common."""
    return max(min(a.x2, b.x2) - max(a.x1, b.x1), 0.0) * max(min(a.y2, b.y2) - max(a.y1, b.y1), 0.0)


def _is_shred(change: Change, other: Change) -> bool:
    """Whether a small change touches a much larger one: an edge of it that was seen later, or stayed."""
    a, b = change.box, other.box
    apart = max(a.x1 - b.x2, b.x1 - a.x2, a.y1 - b.y2, b.y1 - a.y2)
    return change.area < SHRED * other.area and apart <= SHRED_GAP


def _at_edge(box: Box) -> bool:
    return box.x1 <= EDGE or box.x2 >= 1 - EDGE or box.y2 >= 1 - EDGE


def _is_beside(view: View, change: Change, track: int) -> bool:
    return _distance_h(view, change.box, view.people[track]) <= BESIDE_H


def _distance_h(view: View, thing: Box, person: Track) -> float:
    """From the foot of a thing to a person's, in body heights."""
    aside, deep = view.ground.stretch(person.foot.y)
    across = max(abs(thing.foot.x - person.foot.x) - thing.width / 2, 0.0) * view.aspect
    return hypot(across * aside, (thing.foot.y - person.foot.y) * deep) / person.height
