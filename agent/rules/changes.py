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
    seen as it is now; in between somebody may have stood before it. `grown_s` is when it last grew (the next item was
    taken beside it), `last_s` when it was last in sight. `area` is its share of the picture, `fronts` its share of each
    shelf front that it lies in, by zone, `shelved` how much of it lies in any. `owner` is the track that was nearest
    then, `owner_h` how far away in body heights (0: over it); None where nobody was followed.
    """

    id: int
    kind: ChangeKind
    box: Box
    area: float
    before_s: float
    seen_s: float
    grown_s: float
    last_s: float
    owner: int | None = None
    owner_h: float = 0.0
    fronts: Mapping[str, float] = field(default_factory=dict)
    shelved: float = 0.0

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
    """All changes known at `t_s`, the picture's `aspect`, and by zone the share of each shelf front in sight.

    While not `ready` the background is still being learned (at the start, or after the whole scene changed) and an
    empty list means nothing.
    """

    t_s: float
    ready: bool
    aspect: float = 16 / 9
    found: tuple[Change, ...] = ()
    in_sight: Mapping[str, float] = field(default_factory=dict)

    def of_kind(self, kind: ChangeKind) -> Iterator[Change]:
        """The changes of one kind."""
        return (change for change in self.found if change.kind == kind)

    def lost_near(self, point: Point, reach: float, last_s: float) -> Change | None:
        """The nearest removal within `reach` (frame heights) of a point that may have happened in the last seconds.

        None says that no loss is known, not that there was none: what stands behind a person shows only when they step
        aside, so ask again some seconds after a reach.
        """
        start_s = self.t_s - last_s
        recent = (c for c in self.of_kind(ChangeKind.REMOVED) if max(c.seen_s, c.grown_s) >= start_s)
        near = [(distance, c.id, c) for c in recent if (distance := c.distance(point, self.aspect)) <= reach]
        return min(near)[2] if near else None
