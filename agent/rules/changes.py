"""What has changed in the scene and stays so: things that were put down, things that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import hypot

from agent.domain import Box, Point


class ChangeKind(StrEnum):
    """What became of a place: something came, something went, or it is another thing now."""

    ADDED = "added"
    REMOVED = "removed"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Change:
    """One place that keeps still and differs from the long background; light, shadows and people are none.

    It happened after `before_s`, when the place was last seen as it had been, and not after `seen_s`, when it was first
    seen as it is now; in between somebody may have stood before it. `last_s` is when it was last in sight, `area` its
    share of the picture, `shelved` how much of its lower edge lies in shelf fronts. `owner` is the track nearest then,
    `owner_h` how far away in body heights (0: over it); None where nobody was followed.
    """

    id: int
    kind: ChangeKind
    box: Box
    area: float
    before_s: float
    seen_s: float
    last_s: float
    owner: int | None = None
    owner_h: float = 0.0
    shelved: float = 0.0


@dataclass(frozen=True, slots=True)
class ShelfStep:
    """A part of a shelf's front, a `share` of it, that was found emptied, filled or otherwise changed at `seen_s`.

    The other words mean the same as of a `Change`. What is put back is ADDED.
    """

    zone: str
    kind: ChangeKind
    share: float
    box: Box
    before_s: float
    seen_s: float
    owner: int | None = None
    owner_h: float = 0.0

    @property
    def hidden_s(self) -> float:
        """For how long nobody could see when it happened."""
        return self.seen_s - self.before_s

    def distance(self, point: Point, aspect: float) -> float:
        """From a point to the box, frame heights; 0 inside. `aspect` is the picture's width / height."""
        across = max(self.box.x1 - point.x, 0.0, point.x - self.box.x2) * aspect
        return hypot(across, max(self.box.y1 - point.y, 0.0, point.y - self.box.y2))


@dataclass(frozen=True, slots=True)
class Changes:
    """What is known at `t_s` in a picture of this `aspect`: the `found` changes that last, the `steps` in which shelves
    were emptied and filled in the last minutes, and by zone the share of each shelf front `in_sight`.

    While not `ready` the background is still being learned (at the start, or after the whole scene changed) and an
    empty list means nothing.
    """

    t_s: float
    ready: bool
    aspect: float = 16 / 9
    found: tuple[Change, ...] = ()
    steps: tuple[ShelfStep, ...] = ()
    in_sight: Mapping[str, float] = field(default_factory=dict)

    def of_kind(self, kind: ChangeKind) -> Iterator[Change]:
        """The lasting changes of one kind."""
        return (change for change in self.found if change.kind == kind)

    def lost_near(self, point: Point, reach: float, last_s: float) -> ShelfStep | None:
        """What a shelf was found to have lost in the last seconds, nearest to a point and within `reach` frame heights.

        None says that no loss is known, not that there was none: what stands behind a person shows only when they step
        aside, so ask again some seconds after a reach.
        """
        lost = [step for step in self.steps if step.kind == ChangeKind.REMOVED and step.seen_s >= self.t_s - last_s]
        return min(
            (step for step in lost if step.distance(point, self.aspect) <= reach),
            key=lambda step: step.distance(point, self.aspect),
            default=None,
        )
