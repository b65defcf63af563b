"""Days at a till: bookings with and without a customer, staff behind the counter, what hides them, clocks that differ.

A pure function of layout, plan and seed, like every camera-day. The till's own clock is off by up to `skew_s`, some
bookings are delivered minutes late, and now and then the camera is blind.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hal.simulated.itinerary import Itinerary, Planner
from hal.simulated.scenario.bodies import LOOKS
from hal.simulated.scenario.day import HOUR_S, NIGHT, CameraDay, Person
from hal.simulated.scenario.frames import Frame
from hal.simulated.scenario.ways import SURELY_S, Span, Way, ways_of
from hal.simulated.scripts import Stage
from hal.simulated.shop import Layout, Xy

BEFORE_S, AFTER_S = 20.0, 10.0
"""The time round a booking in which a customer should be there, as semantics.md has it."""
EXCEPTIONS = ("refund", "void", "no_sale")
AROUND_S = 50.0
"""How long before and after a booking the idle camera's looks are played."""
LOOK_S = 2.0
LATE_SHARE, LATE_S = 0.2, (60.0, 480.0)
STAFFED = 0.8
BEHIND_M, BEFORE_M = 1.45, 1.5
HIDING_SHARE, HIDING_S = 0.15, 1.5

CASES: dict[str, int] = {
    "served": 10,
    "empty": 12,
    "left": 5,
    "just left": 4,
    "comes after": 3,
    "hidden": 2,
    "hidden customer": 2,
    "blind": 4,
    "blind customer": 2,
    "sale": 6,
}
"""How often each happens in a day. A customer who left was gone before the window, one who just left was not."""


@dataclass(frozen=True, slots=True)
class TillPlan:
    """What happens on a day, besides `shoppers` who come and pay as they like."""

    cases: tuple[tuple[str, int], ...] = tuple(CASES.items())
    shoppers: int = 12
    skew_s: float = 3.0


class Booking(NamedTuple):
    """One booking: made at `t_s`, at `told_s` by the till's clock, heard of at `delivered_s`."""

    id: str
    kind: str
    case: str
    t_s: float
    told_s: float
    delivered_s: float


@dataclass(frozen=True, slots=True)
class TillTruth:
    """What is true of a booking: whether a customer was there (None: at the edge of the zone or of the window).

    `knowable` says that the camera could see all of it at every time the till may have meant, `blind` that it was blind
    in the window itself.
    """

    booking: Booking
    customer: bool | None
    knowable: bool
    blind: bool


@dataclass(slots=True)
class _Cast:
    """What the cases of a day bring in."""

    people: list[tuple[str, Itinerary]] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    blind: list[Span] = field(default_factory=list)


class TillDay(CameraDay):
    """A camera-day with bookings; `zone` is the number of the till's zone in the layout."""

    def __init__(self, layout: Layout, plan: TillPlan, seed: int) -> None:
        super().__init__(layout, replace(NIGHT, burglars=0, stirs=0, shoppers=plan.shoppers), seed)
        self.till_plan = plan
        self.zone = next(number for number, zone in enumerate(layout.zones) if zone.kind == "checkout")

    @cached_property
    def _cast(self) -> _Cast:
        rng = np.random.default_rng((self.seed, 70))
        cases = [case for case, count in self.till_plan.cases for _ in range(count)]
        rng.shuffle(cases)
        stage, cast = Stage(self.layout, 0, rng), _Cast()
        skew_s = float(rng.uniform(-self.till_plan.skew_s, self.till_plan.skew_s))
        apart_s = (self.plan.closes_h - self.plan.opens_h - 1.0) * HOUR_S / max(len(cases), 1)
        for number, case in enumerate(cases):
            t_s = self.plan.opens_h * HOUR_S + (number + 0.5) * apart_s + float(rng.uniform(-0.2, 0.2)) * apart_s
            _stage_case(cast, stage, case, t_s)
            late_s = float(rng.uniform(*LATE_S)) if rng.random() < LATE_SHARE else float(rng.uniform(0.1, 1.5))
            kind = "sale" if case == "sale" else str(rng.choice(EXCEPTIONS))
            cast.bookings.append(Booking(str(number), kind, case, t_s, t_s + skew_s, t_s + late_s))
        return cast

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """The shoppers, and everybody whom the cases bring."""
        rng = np.random.default_rng((self.seed, 71))
        staged = [(role, int(rng.integers(LOOKS)), itinerary) for role, itinerary in self._cast.people]
        shoppers = [(person.role, person.look, person.itinerary) for person in super().people]
        everybody = sorted([*shoppers, *staged], key=lambda entry: entry[2].start_s)
        return tuple(Person(number + 1, *entry) for number, entry in enumerate(everybody))

    @property
    def bookings(self) -> Sequence[Booking]:
        """All bookings, by their time."""
        return self._cast.bookings

    @property
    def blind(self) -> Sequence[Span]:
        """When the camera is blind."""
        return self._cast.blind

    def truths(self) -> list[TillTruth]:
        """What is true of every booking."""
        ways = ways_of(self, {})
        return [self._truth(booking, ways) for booking in self.bookings]

    def _truth(self, booking: Booking, ways: Sequence[Way]) -> TillTruth:
        name = self.layout.zones[self.zone].name
        start_s, end_s = booking.t_s - BEFORE_S, booking.t_s + AFTER_S
        # The till's clock may be off either way, by as much as it is told to be; a second more for being confirmed.
        first_s, last_s = start_s - 2 * self.till_plan.skew_s - 1.5, end_s + 2 * self.till_plan.skew_s + 1.5
        stays = [stay for way in ways for stay in way.stays if stay.zone == name]
        near = [stay for stay in stays if _meet(stay.widest, (start_s - 0.5, end_s + 0.5))]
        sure = any(_overlap_s(span, (start_s + 0.5, end_s - 0.5)) >= SURELY_S for stay in near for span in stay.clear)
        alone = not any(_meet(stay.widest, (first_s, last_s)) for stay in stays)
        blind = any(_meet(span, (first_s, last_s)) for span in self.blind)
        knowable = alone and not blind and not self._is_hidden(ways, first_s, last_s)
        return TillTruth(
            booking,
            True if sure else (None if near else False),
            knowable,
            any(_meet(span, (start_s, end_s)) for span in self.blind),
        )

    def _is_hidden(self, ways: Sequence[Way], start_s: float, end_s: float) -> bool:
        """Whether people stand before a good part of the zone for longer than a moment."""
        corners = np.array(self.layout.zones[self.zone].polygon)
        (x1, y1), (x2, y2) = corners.min(0), corners.max(0)
        hidden_s = 0.0
        for way in ways:
            times, boxes = way.view.times, way.view.boxes
            now = (times >= start_s) & (times <= end_s) & (way.view.share > 0)
            wide = np.clip(np.minimum(boxes[now, 2], x2) - np.maximum(boxes[now, 0], x1), 0, None)
            high = np.clip(np.minimum(boxes[now, 3], y2) - np.maximum(boxes[now, 1], y1), 0, None)
            hiding = wide * high > HIDING_SHARE * (x2 - x1) * (y2 - y1)
            hidden_s += float(hiding.sum()) * (float(times[1] - times[0]) if len(times) > 1 else 0.0)
        return hidden_s > HIDING_S


def watched(frames: Iterable[Frame], day: TillDay) -> Iterator[Frame]:
    """The frames round every booking and when one is told; the idle camera looks now and then when nobody is there."""
    spans = [(b.t_s - AROUND_S, b.t_s + AROUND_S) for b in day.bookings]
    spans = _joined([*spans, *((b.delivered_s, b.delivered_s + LOOK_S) for b in day.bookings)])
    looks = deque(t_s for start_s, end_s in spans for t_s in np.arange(start_s, end_s, LOOK_S / 2).tolist())
    edges = [edge for span in spans for edge in span]
    last_s = -np.inf
    for frame in frames:
        if bisect(edges, frame.t_s) % 2 == 0:
            continue
        while looks and looks[0] < frame.t_s:
            t_s = looks.popleft()
            if t_s - last_s >= LOOK_S / 2:
                last_s = t_s
                yield Frame(t_s, ())
        last_s = frame.t_s
        yield frame
    yield from (Frame(t_s, ()) for t_s in looks)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The spans by time, with those that overlap as one."""
    joined: list[Span] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_s)
        else:
            joined.append((start_s, end_s))
    return joined


def _stage_case(cast: _Cast, stage: Stage, case: str, t_s: float) -> None:
    """Cast the people of one case."""
    rng = stage.rng
    if rng.random() < STAFFED:
        cast.people.append(("staff", _stands(_behind(stage), t_s - 45, t_s + 45, 270.0)))
    if case in ("served", "sale", "blind customer", "hidden customer"):
        cast.people.append(("customer", _customer(stage, t_s - stage.between(6, 40), t_s + stage.between(4, 30))))
    elif case == "left":
        left_s = t_s - stage.between(34, 70)
        cast.people.append(("customer", _customer(stage, left_s - stage.between(10, 40), left_s)))
    elif case == "just left":
        left_s = t_s - stage.between(1, 15)
        cast.people.append(("customer", _customer(stage, left_s - stage.between(10, 40), left_s)))
    elif case == "comes after":
        came_s = t_s + stage.between(22, 40)
        cast.people.append(("customer", _customer(stage, came_s, came_s + stage.between(10, 30))))
    if case.startswith("hidden"):
        cast.people.append(("obstacle", _stands(_before(stage), t_s - 42, t_s + 40, 45.0)))
    if case.startswith("blind"):
        start_s = t_s + stage.between(-40, 5)
        cast.blind.append((start_s, start_s + stage.between(12, 60)))


def _stands(at: Xy, start_s: float, end_s: float, facing_deg: float) -> Itinerary:
    return Planner(at, start_s).stay(end_s - start_s, facing_deg, "work").done()


def _customer(stage: Stage, came_s: float, left_s: float) -> Itinerary:
    """Comes in, stands at the till from `came_s` to `left_s`, goes."""
    till = stage.pick("till")
    plan = stage.walk(Planner(stage.pick("door").at, 0.0), till)
    plan.stay(left_s - came_s, till.facing_deg, "browse")
    whole = stage.walk(plan, stage.pick("door"), spread_m=0.0).done()
    arrived_s = next(leg.start_s for leg in whole.legs if len(leg.points) == 1)
    return whole.shifted(came_s - arrived_s)


def _behind(stage: Stage) -> Xy:
    """The staff's side of the counter."""
    till = stage.layout.of_kind("till")[0]
    angle = np.radians(till.facing_deg)
    return till.at[0] + BEHIND_M * float(np.cos(angle)), till.at[1] + BEHIND_M * float(np.sin(angle))


def _before(stage: Stage) -> Xy:
    """Between the camera and the middle of the till's zone."""
    zone = next(zone for zone in stage.layout.zones if zone.kind == "checkout")
    middle, eye = np.mean(zone.floor, axis=0), np.array(stage.layout.optics.position[:2])
    away = (eye - middle) / np.linalg.norm(eye - middle)
    x, y = middle + BEFORE_M * away
    return float(x), float(y)


def _meet(a: Span, b: Span) -> bool:
    return a[0] <= b[1] and a[1] >= b[0]


def _overlap_s(a: Span, b: Span) -> float:
    return min(a[1], b[1]) - max(a[0], b[0])
