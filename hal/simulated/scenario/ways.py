"""People's ways as the rules must judge them: who truly was in which zone when, and crossed which line.

Places in zones and sides of lines are judged in the picture: the floor point under the body against the seen polygon.
Whoever stays within BORDER_H of a border may be counted either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hal.simulated.scenario.bodies import Views
from hal.simulated.scenario.day import CameraDay, Person
from hal.simulated.scenario.frames import covered, views
from hal.simulated.shop import Layout, Line, Zone

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]
Span = tuple[float, float]

TRUTH_FPS = 10.0
BORDER_H = 0.06
"""What jitter of a box leaves open about a foot, in body heights of the picture."""
BEYOND_H = 0.15
"""How far beyond a line a person has crossed it."""
BESIDE_H = 0.3
"""Who passes a line's end as near as this may be counted either way."""
SEEN_SHARE = 0.3
BRIDGE_S = 0.8
SURELY_S = 1.0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a rule must notice: `kind` is the rule's name, `start_s` the first moment at which its condition holds.

    `place` is the zone or line, `direction` in or out. Where `sure` is false, noticing it is neither right nor wrong.
    `shown_s` is the first moment at which a camera can know of it, where that is later: somebody must be in sight.
    """

    kind: str
    person: int
    start_s: float
    end_s: float
    place: str = ""
    direction: str = ""
    sure: bool = True
    shown_s: float | None = None

    def off_s(self, t_s: float) -> float:
        """How much too late (above 0) or too early a moment is for its onset, between `start_s` and `shown_s`."""
        return t_s - min(max(t_s, self.start_s), self.start_s if self.shown_s is None else self.shown_s)


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's stay in one zone. `clear` are the spans of it clear of the border and in sight."""

    person: int
    zone: str
    start_s: float
    end_s: float
    widest: Span
    clear: tuple[Span, ...] = ()

    @property
    def sure_s(self) -> float:
        """The longest time that was surely spent there."""
        return max((end_s - start_s for start_s, end_s in self.clear), default=0.0)

    @property
    def lasted_s(self) -> float:
        """The longest that it may be said to have lasted."""
        return self.widest[1] - self.widest[0]


@dataclass(frozen=True)
class Way:
    """One person as seen, with what all definitions need; `hidden` is when something passed before the camera."""

    person: Person
    view: Views
    stays: tuple[Stay, ...]
    crossings: tuple[Happening, ...]
    hidden: tuple[Span, ...] = ()

    @property
    def in_view(self) -> Flags:
        """When enough of them is in the picture, whatever passes before the camera."""
        return np.asarray(self.view.share >= SEEN_SHARE)

    @cached_property
    def in_sight(self) -> Flags:
        """When enough of them is seen to be found."""
        seen = self.in_view
        for start_s, end_s in self.hidden:
            seen &= (self.view.times < start_s) | (self.view.times >= end_s)
        return seen

    def shown_s(self, stay: Stay, from_s: float) -> float:
        """The first moment from `from_s` on at which they are in sight and have been well inside; else the end."""
        times = self.view.times
        clear_s = min((start_s for start_s, _ in stay.clear), default=stay.end_s)
        after = times[self.in_sight & (times >= max(from_s, clear_s))]
        return min(float(after[0]), stay.end_s) if len(after) else stay.end_s

    @cached_property
    def floor(self) -> F64:
        """Where they truly are at the view's times, metres (n, 2)."""
        return self.person.itinerary.positions(self.view.times)


def ways_of(day: CameraDay, hidings: Mapping[int, Sequence[Span]]) -> list[Way]:
    """Everybody's way; who is hidden, behind others or as `hidings` say, is out of sight."""
    alone = list(views(day, TRUTH_FPS))
    seen = covered([view for _, view in alone])
    return [
        _way(person, view, day.layout, tuple(hidings.get(person.id, ())))
        for (person, _), view in zip(alone, seen, strict=True)
    ]


def _way(person: Person, view: Views, layout: Layout, hidden: tuple[Span, ...]) -> Way:
    aspect = layout.optics.aspect
    foot = view.foot * (aspect, 1.0)
    stays = tuple(stay for zone in layout.zones for stay in _stays(person, view, zone, foot, aspect))
    crossings = tuple(one for line in layout.lines for one in _crossings(person, view, line, foot, aspect))
    return Way(person, view, stays, crossings, hidden)


def _stays(person: Person, view: Views, zone: Zone, foot: F64, aspect: float) -> Iterator[Stay]:
    """The stays of one person in one zone; foot points in frame heights."""
    depth_h = depth_inside(np.array(zone.polygon) * (aspect, 1.0), foot) / view.heights
    surely = (depth_h > BORDER_H) & (view.share >= SEEN_SHARE)
    for start_s, end_s in bridged(spans(view.times, (depth_h > -BORDER_H) & (view.share > 0)), BRIDGE_S):
        now = (view.times >= start_s) & (view.times <= end_s)
        inside = view.times[now & (depth_h > 0)]
        if len(inside):
            clear = tuple(bridged(spans(view.times, now & surely), BRIDGE_S))
            yield Stay(person.id, zone.name, float(inside[0]), float(inside[-1]), (start_s, end_s), clear)
        elif end_s - start_s >= 0.2:
            yield Stay(person.id, zone.name, start_s, end_s, (start_s, end_s))


def _crossings(person: Person, view: Views, line: Line, foot: F64, aspect: float) -> Iterator[Happening]:
    """When a person goes from clearly on one side of a line to clearly on the other, through it."""
    a, b = np.array(line.points[0]) * (aspect, 1.0), np.array(line.points[-1]) * (aspect, 1.0)
    along, across = b - a, np.array([a[1] - b[1], b[0] - a[0]]) / float(np.hypot(*(b - a)))
    inner = float(np.sign((np.array(line.inside) * (aspect, 1.0) - a) @ across))
    side_h = (foot - a) @ across * inner / view.heights
    share = (foot - a) @ along / float(along @ along)
    clear = np.where(np.abs(side_h) > BEYOND_H, np.sign(side_h), 0.0)
    known = np.flatnonzero(clear)
    for before, after in pairwise(known):
        if clear[before] != clear[after]:
            cut = before + int(np.argmin(np.abs(side_h[before : after + 1])))
            beside = max(-share[cut], share[cut] - 1.0, 0.0) * float(np.hypot(*along)) / view.heights[cut]
            if beside <= BESIDE_H:
                t_s = float(view.times[cut])
                sure = beside == 0.0 and seen_between(view, t_s - 0.8, t_s + 1.0)
                yield Happening(
                    "line_crossing", person.id, t_s, t_s, line.name, "in" if clear[after] > 0 else "out", sure
                )


def seen_between(view: Views, start_s: float, end_s: float) -> bool:
    """Whether a person is seen well at all times between two moments, both of them in the view's times."""
    during = (view.times >= start_s) & (view.times <= end_s)
    return bool(view.times[0] <= start_s and view.times[-1] >= end_s and (view.share[during] >= SEEN_SHARE).all())


def depth_inside(polygon: F64, points: F64) -> F64:
    """Distance of points (n, 2) to the border of a polygon (k, 2): positive inside, negative outside."""
    a, b = polygon[None], np.roll(polygon, -1, axis=0)[None]
    p = points[:, None]
    along = np.clip(((p - a) * (b - a)).sum(2) / np.maximum(((b - a) ** 2).sum(2), 1e-12), 0.0, 1.0)
    distance = np.hypot(*np.moveaxis(p - a - along[..., None] * (b - a), 2, 0)).min(1)
    spans_y = (a[..., 1] > p[..., 1]) != (b[..., 1] > p[..., 1])
    rise = np.where(a[..., 1] == b[..., 1], 1.0, b[..., 1] - a[..., 1])
    cuts = p[..., 0] < a[..., 0] + (p[..., 1] - a[..., 1]) / rise * (b[..., 0] - a[..., 0])
    inside = (spans_y & cuts).sum(1) % 2 == 1
    return np.asarray(np.where(inside, distance, -distance))


def spans(times: F64, flags: Flags) -> list[Span]:
    """Start and end of every unbroken run of true flags; the end is the last true moment."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(float(times[a]), float(times[b - 1])) for a, b in edges.reshape(-1, 2)]


def bridged(parts: Sequence[Span], gap_s: float) -> list[Span]:
    """The spans, with those joined that are at most `gap_s` apart."""
    joined: list[Span] = []
    for start_s, end_s in parts:
        if joined and start_s - joined[-1][1] <= gap_s:
            joined[-1] = joined[-1][0], end_s
        else:
            joined.append((start_s, end_s))
    return joined
