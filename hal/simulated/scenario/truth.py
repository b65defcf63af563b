"""What truly happens on a camera-day, by the definitions of the rules, from the people's ways alone.

Places in zones and sides of lines are judged in the picture, as the rules must: the floor point under the body against
the seen polygon. Whoever stays within BORDER_H of a border may be counted either way: such happenings are not `sure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from hal.simulated.scenario.day import HOUR_S, CameraDay
from hal.simulated.scenario.gatherings import gathered, queued, waiting_for_help
from hal.simulated.scenario.moves import moves
from hal.simulated.scenario.ways import SURELY_S, Happening, Span, Stay, Way, spans, ways_of
from hal.simulated.shop import Layout

__all__ = ["Happening", "happenings"]

NOBODY: Mapping[int, Sequence[Span]] = MappingProxyType({})
CLOCK_S = 4.0
"""By how much the clocks of sensors may be off."""


def happenings(
    day: CameraDay, crowd: int = 4, queue: int = 3, hidings: Mapping[int, Sequence[Span]] = NOBODY
) -> tuple[Happening, ...]:
    """All that happens, by time; `crowd` people in a queue zone are a crowd, `queue` who stand there a long queue.

    `hidings` tell when people were hidden by something that is not in the layout, such as errors bring (see `noise`).
    """
    ways = ways_of(day, hidings)
    found = [one for way in ways for one in _of_person(way, day)]
    for zone in day.layout.zones:
        if zone.kind == "queue":
            stays = [(way, stay) for way in ways for stay in way.stays if stay.zone == zone.name]
            found += gathered("crowding", [stay for _, stay in stays], crowd)
            found += gathered("queue", [part for way, stay in stays for part in queued(way, stay)], queue)
    return tuple(sorted(found, key=lambda one: (one.start_s, one.person, one.kind)))


def _of_person(way: Way, day: CameraDay) -> Iterator[Happening]:
    kinds = {zone.name: zone.kind for zone in day.layout.zones}
    yield from way.crossings
    yield from _tailgating(way)
    yield from moves(way, day.layout)
    yield from _after_hours(way, day)
    valuable = [stay for stay in way.stays if kinds[stay.zone] == "high_value"]
    for stay in way.stays:
        if kinds[stay.zone] == "restricted":
            yield from _restricted(way, stay, day.staff)
    for stay in valuable:
        yield from _loitering(way, stay, day.plan.after_s)
        yield from waiting_for_help(stay, day.staff)
    yield from _revisits(valuable)
    tills = [stay for stay in way.stays if kinds[stay.zone] == "checkout"]
    yield from _bypass(way, _exits(way, day.layout), valuable, tills)


def _restricted(way: Way, stay: Stay, staff: Sequence[Span]) -> Iterator[Happening]:
    """A stay in a restricted zone; while staff is about everybody may be there."""
    if not any(a + CLOCK_S <= stay.start_s <= b - CLOCK_S for a, b in staff):
        alone = not any(a - CLOCK_S <= stay.end_s and stay.start_s <= b + CLOCK_S for a, b in staff)
        sure = alone and stay.sure_s >= SURELY_S
        shown_s = way.shown_s(stay, stay.start_s)
        yield Happening("restricted", stay.person, stay.start_s, stay.end_s, stay.zone, sure=sure, shown_s=shown_s)


def _loitering(way: Way, stay: Stay, after_s: float) -> Iterator[Happening]:
    if stay.lasted_s >= after_s - SURELY_S:
        sure = stay.sure_s >= after_s + SURELY_S
        start_s = min(stay.start_s + after_s, stay.end_s)
        shown_s = way.shown_s(stay, way.shown_s(stay, stay.start_s) + after_s)
        yield Happening("loitering", stay.person, start_s, stay.end_s, stay.zone, sure=sure, shown_s=shown_s)


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
            sure = all(visit.sure_s >= VISIT_IN_S + SURELY_S for visit in recent)
            yield Happening("revisit", stay.person, stay.start_s + VISIT_IN_S, stay.end_s, stay.zone, sure=sure)


TOOK_S, PAYING_S = 3.0, 2.0
GOING_S = 3.0
"""So much earlier than out of the door somebody may be seen to step over its line."""


def _exits(way: Way, layout: Layout) -> Iterator[Happening]:
    """Every step out over a line, and for good: whoever is out of the shop in the end has left, be it by a way that the
    picture does not show clearly (past the end of the line, along it, or running).
    """
    out = [one for one in way.crossings if one.direction == "out"]
    yield from out
    indoors = np.asarray(((way.floor >= 0) & (way.floor <= layout.size)).all(axis=1))
    if indoors.any() and not indoors[-1]:
        gone_s = float(way.view.times[np.flatnonzero(indoors)[-1]])
        if not any(one.start_s >= gone_s - GOING_S for one in out):
            yield Happening("line_crossing", way.person.id, gone_s, gone_s, layout.lines[0].name, "out", sure=False)


def _bypass(
    way: Way, exits: Iterable[Happening], valuable: Sequence[Stay], tills: Sequence[Stay]
) -> Iterator[Happening]:
    """Leaving after the expensive shelf without having been at the till since."""
    goods = [stay for stay in valuable if stay.lasted_s >= TOOK_S - SURELY_S]
    for exit_ in exits:
        before = [stay for stay in goods if stay.end_s <= exit_.start_s]
        if before:
            since = [stay for stay in tills if stay.end_s > before[-1].end_s]
            if any(stay.sure_s >= PAYING_S + SURELY_S for stay in since):
                continue
            unpaid = all(stay.lasted_s < PAYING_S - SURELY_S / 2 for stay in since)
            sure = exit_.sure and unpaid and before[-1].sure_s >= TOOK_S + SURELY_S
            yield Happening("checkout_bypass", way.person.id, exit_.start_s, exit_.end_s, exit_.place, sure=sure)


def _tailgating(way: Way) -> Iterator[Happening]:
    if way.person.role == "tailgater":
        for one in way.crossings:
            if one.direction == "in":
                yield Happening("tailgating", one.person, one.start_s, one.end_s, one.place, sure=one.sure)


def _after_hours(way: Way, day: CameraDay) -> Iterator[Happening]:
    hours = way.view.times / HOUR_S % 24
    closed = (hours < day.plan.opens_h) | (hours >= day.plan.closes_h)
    for start_s, end_s in spans(way.view.times, closed & way.in_view):
        yield Happening("after_hours", way.person.id, start_s, end_s, sure=end_s - start_s >= 2 * SURELY_S)
