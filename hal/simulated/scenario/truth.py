"""What truly happens on a camera-day, by the definitions of the rules, from the people's ways alone.

Places in zones and sides of lines are judged in the picture, as the rules must: the floor point under the body against
the seen polygon. Whoever stays within BORDER_H of a border may be counted either way: such happenings are not `sure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hal.simulated.scenario.bodies import Views
from hal.simulated.scenario.day import HOUR_S, CameraDay, Person
from hal.simulated.scenario.frames import views
from hal.simulated.shop import Layout, Line, Zone

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]
Span = tuple[float, float]

TRUTH_FPS = 10.0
BORDER_H = 0.06
"""What jitter of a box leaves open about a foot, in body heights of the picture."""
BEYOND_H = 0.15
"""How far beyond a line a person has crossed it."""
SEEN_SHARE = 0.3
_BRIDGE_S = 0.8
_SURELY_S = 1.0
RUN_S = 1.0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a rule must notice: `kind` is the rule's name, `start_s` the first moment at which its condition holds.

    `place` is the zone or line, `direction` in or out. Where `sure` is false, noticing it is neither right nor wrong.
    """

    kind: str
    person: int
    start_s: float
    end_s: float
    place: str = ""
    direction: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's stay in one zone. `sure_s` is the longest time of it spent clear of the border and in sight."""

    person: int
    zone: str
    start_s: float
    end_s: float
    widest: Span
    sure_s: float


@dataclass(frozen=True, slots=True)
class _Way:
    """One person as seen, with what all definitions need."""

    person: Person
    view: Views
    stays: tuple[Stay, ...]
    crossings: tuple[Happening, ...]

    @property
    def in_sight(self) -> Flags:
        return np.asarray(self.view.share >= SEEN_SHARE)


def happenings(day: CameraDay, crowd: int = 4) -> tuple[Happening, ...]:
    """All that happens, by time; `crowd` people in a queue zone are a crowd."""
    ways = [_way(person, view, day.layout) for person, view in views(day, TRUTH_FPS)]
    found = [one for way in ways for one in _of_person(way, day)]
    found += [one for zone in day.layout.zones if zone.kind == "queue" for one in _crowds(ways, zone, crowd)]
    return tuple(sorted(found, key=lambda one: (one.start_s, one.person, one.kind)))


def _way(person: Person, view: Views, layout: Layout) -> _Way:
    aspect = layout.optics.aspect
    foot = view.foot * (aspect, 1.0)
    stays = tuple(stay for zone in layout.zones for stay in _stays(person, view, zone, foot, aspect))
    crossings = tuple(one for line in layout.lines for one in _crossings(person, view, line, foot, aspect))
    return _Way(person, view, stays, crossings)


def _of_person(way: _Way, day: CameraDay) -> Iterator[Happening]:
    kinds = {zone.name: zone.kind for zone in day.layout.zones}
    yield from way.crossings
    yield from _tailgating(way)
    yield from _running(way)
    yield from _after_hours(way, day)
    valuable = [stay for stay in way.stays if kinds[stay.zone] == "high_value"]
    for stay in way.stays:
        if kinds[stay.zone] == "restricted":
            yield Happening(
                "restricted", stay.person, stay.start_s, stay.end_s, stay.zone, sure=stay.sure_s >= _SURELY_S
            )
    for stay in valuable:
        yield from _loitering(stay, day.plan.after_s)
    yield from _revisits(valuable)
    yield from _bypass(way, valuable, [stay for stay in way.stays if kinds[stay.zone] == "checkout"])


def _loitering(stay: Stay, after_s: float) -> Iterator[Happening]:
    if stay.widest[1] - stay.widest[0] >= after_s - _SURELY_S:
        sure = stay.sure_s >= after_s + _SURELY_S
        start_s = min(stay.start_s + after_s, stay.end_s)
        yield Happening("loitering", stay.person, start_s, stay.end_s, stay.zone, sure=sure)


VISIT_IN_S, VISIT_OUT_S, VISITS, VISITS_WITHIN_S = 5.0, 20.0, 3, 1200.0


def _revisits(stays: Sequence[Stay]) -> Iterator[Happening]:
    """The visit that makes it three, from the moment when it is long enough to count."""
    visits: list[Stay] = []
    for stay in stays:
        if stay.end_s - stay.start_s < VISIT_IN_S or (visits and stay.start_s - visits[-1].end_s < VISIT_OUT_S):
            continue
        visits.append(stay)
        recent = [visit for visit in visits if stay.start_s - visit.start_s <= VISITS_WITHIN_S]
        if len(recent) >= VISITS:
            sure = all(visit.sure_s >= VISIT_IN_S + _SURELY_S for visit in recent)
            yield Happening("revisit", stay.person, stay.start_s + VISIT_IN_S, stay.end_s, stay.zone, sure=sure)


TOOK_S, PAYING_S = 3.0, 2.0


def _bypass(way: _Way, valuable: Sequence[Stay], tills: Sequence[Stay]) -> Iterator[Happening]:
    """Leaving after the expensive shelf without having been at the till since."""
    goods = [stay for stay in valuable if _lasted_s(stay) >= TOOK_S - _SURELY_S]
    for exit_ in way.crossings:
        before = [stay for stay in goods if stay.end_s <= exit_.start_s]
        if exit_.direction == "out" and before:
            since = [stay for stay in tills if stay.end_s > before[-1].end_s]
            if any(stay.sure_s >= PAYING_S + _SURELY_S for stay in since):
                continue
            unpaid = all(_lasted_s(stay) < PAYING_S - _SURELY_S / 2 for stay in since)
            sure = exit_.sure and unpaid and before[-1].sure_s >= TOOK_S + _SURELY_S
            yield Happening("checkout_bypass", way.person.id, exit_.start_s, exit_.end_s, exit_.place, sure=sure)


def _lasted_s(stay: Stay) -> float:
    """The longest that a stay may be said to have lasted."""
    return stay.widest[1] - stay.widest[0]


def _tailgating(way: _Way) -> Iterator[Happening]:
    if way.person.role == "tailgater":
        for one in way.crossings:
            if one.direction == "in":
                yield Happening("tailgating", one.person, one.start_s, one.end_s, one.place, sure=one.sure)


def _running(way: _Way) -> Iterator[Happening]:
    for leg in way.person.itinerary.legs:
        if leg.action == "run":
            during = (way.view.times >= leg.start_s) & (way.view.times < leg.end_s) & way.in_sight
            for start_s, end_s in spans(way.view.times, during):
                sure = end_s - start_s >= RUN_S + 0.3
                yield Happening("running", way.person.id, min(start_s + RUN_S, end_s), end_s, sure=sure)


def _after_hours(way: _Way, day: CameraDay) -> Iterator[Happening]:
    hours = way.view.times / HOUR_S % 24
    closed = (hours < day.plan.opens_h) | (hours >= day.plan.closes_h)
    for start_s, end_s in spans(way.view.times, closed & way.in_sight):
        yield Happening("after_hours", way.person.id, start_s, end_s, sure=end_s - start_s >= 2 * _SURELY_S)


CROWD_S = 10.0


def _crowds(ways: Sequence[_Way], zone: Zone, crowd: int) -> Iterator[Happening]:
    """When at least `crowd` people have been in a zone for CROWD_S."""
    stays = [stay for way in ways for stay in way.stays if stay.zone == zone.name]
    surely = _together([(stay.start_s + 0.3, stay.end_s - 0.3) for stay in stays if stay.sure_s >= _SURELY_S], crowd)
    for start_s, end_s in _together([stay.widest for stay in stays], crowd):
        if end_s - start_s >= CROWD_S - _SURELY_S:
            sure = any(b - a >= CROWD_S + _SURELY_S for a, b in surely if start_s <= a <= end_s)
            yield Happening("crowding", 0, min(start_s + CROWD_S, end_s), end_s, zone.name, sure=sure)


def _together(stays: Sequence[Span], least: int) -> list[Span]:
    """When at least `least` of the spans overlap."""
    changes = sorted([(start_s, 1) for start_s, _ in stays] + [(end_s, -1) for _, end_s in stays])
    found, count, since_s = [], 0, 0.0
    for t_s, change in changes:
        if count == least - 1 and change == 1:
            since_s = t_s
        if count == least and change == -1:
            found.append((since_s, t_s))
        count += change
    return found


def _stays(person: Person, view: Views, zone: Zone, foot: F64, aspect: float) -> Iterator[Stay]:
    """The stays of one person in one zone; foot points in frame heights."""
    depth_h = depth_inside(np.array(zone.polygon) * (aspect, 1.0), foot) / view.heights
    surely = (depth_h > BORDER_H) & (view.share >= SEEN_SHARE)
    for start_s, end_s in bridged(spans(view.times, (depth_h > -BORDER_H) & (view.share > 0)), _BRIDGE_S):
        now = (view.times >= start_s) & (view.times <= end_s)
        inside = view.times[now & (depth_h > 0)]
        if len(inside):
            clear = bridged(spans(view.times, now & surely), _BRIDGE_S)
            sure_s = max((b - a for a, b in clear), default=0.0)
            yield Stay(person.id, zone.name, float(inside[0]), float(inside[-1]), (start_s, end_s), sure_s)
        elif end_s - start_s >= 0.2:
            yield Stay(person.id, zone.name, start_s, end_s, (start_s, end_s), 0.0)


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
            if 0.0 <= share[cut] <= 1.0:
                t_s = float(view.times[cut])
                sure = _in_sight(view, t_s - 0.8, t_s + 1.0)
                yield Happening(
                    "line_crossing", person.id, t_s, t_s, line.name, "in" if clear[after] > 0 else "out", sure
                )


def _in_sight(view: Views, start_s: float, end_s: float) -> bool:
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
