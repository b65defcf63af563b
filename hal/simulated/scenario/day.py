"""One camera-day: who comes when, does what, what the sensors tell; a pure function of layout, plan and seed.

Nothing is computed for the hours in which nobody is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hal.simulated.itinerary import Itinerary
from hal.simulated.scenario import visits
from hal.simulated.scenario.bodies import LOOKS
from hal.simulated.scripts import Stage
from hal.simulated.shop import Layout

HOUR_S = 3600.0
_ARRIVALS = (0.4, 0.6, 0.8, 1.1, 1.4, 1.2, 0.9, 0.9, 1.2, 1.5, 1.2, 0.6)
"""How busy each twelfth of the opening time is."""
_REVISITS = 3
LEAD_S = (1.0, 2.5)
"""How long before stepping over the line somebody held their card to the reader."""
_APART_S = 40.0
STAFF, PRAM = "restocker", "pram"


@dataclass(frozen=True, slots=True)
class DayPlan:
    """How many of what happen on a day. `stirs` wake the detector with nobody there (a lamp, headlights).

    Each of the `members` is granted access at the door, and behind each of the `tailgaters` comes one more. `prams` are
    pushed through the shop, `pacers` go to and fro, `seekers` wait for somebody to ask, `entrants` come in and
    leave through a back room, `strays` the other way round, `callers` leave and come back twice. Restockers are staff
    and wear a badge that tells so.

    `opens_h` and `closes_h` are hours of the day, `after_s` is what counts as loitering.
    """

    shoppers: int = 70
    families: int = 6
    restockers: int = 2
    loiterers: int = 5
    hesitants: int = 5
    intruders: int = 5
    runners: int = 3
    returners: int = 2
    bypassers: int = 3
    queues: int = 2
    burglars: int = 0
    members: int = 0
    tailgaters: int = 0
    prams: int = 0
    pacers: int = 0
    seekers: int = 0
    entrants: int = 0
    strays: int = 0
    callers: int = 0
    stirs: int = 40
    opens_h: float = 8.0
    closes_h: float = 20.0
    after_s: float = 30.0


NIGHT = DayPlan(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
"""Nobody but one who should not be there."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes: `look` is a look's number, `role` says what for."""

    id: int
    role: str
    look: int
    itinerary: Itinerary


@dataclass(frozen=True, slots=True)
class SensorInput:
    """What a sensor tells at `t_s`: `kind` is pir, door, grant or staff; `active` is false when it falls back."""

    kind: str
    source: str
    t_s: float
    active: bool = True


class CameraDay:
    """The people and inputs of one day; times in seconds since midnight."""

    def __init__(self, layout: Layout, plan: DayPlan, seed: int) -> None:
        self.layout, self.plan, self.seed = layout, plan, seed

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody, by arrival."""
        rng = np.random.default_rng((self.seed, 1))
        cast = [
            (role, int(rng.integers(LOOKS)), itinerary)
            for role, party in _parties(Stage(self.layout, 0, rng), self.plan)
            for itinerary in party
        ]
        cast.sort(key=lambda entry: entry[2].start_s)
        return tuple(Person(number + 1, *entry) for number, entry in enumerate(cast))

    @cached_property
    def stirs(self) -> tuple[tuple[float, float], ...]:
        """When something moves that is nobody: start and end of each."""
        rng = np.random.default_rng((self.seed, 4))
        starts = np.sort(rng.uniform(0.0, 24 * HOUR_S, self.plan.stirs))
        return tuple((float(start_s), float(start_s + rng.uniform(1.0, 6.0))) for start_s in starts)

    @cached_property
    def staff(self) -> tuple[tuple[float, float], ...]:
        """When staff is in the shop: from and to for each of them."""
        return tuple(
            (person.itinerary.start_s, person.itinerary.end_s) for person in self.people if person.role == STAFF
        )

    @cached_property
    def inputs(self) -> tuple[SensorInput, ...]:
        """What door contact, motion sensor, card reader and badges tell, by time."""
        rng = np.random.default_rng((self.seed, 5))
        told = [one for person in self.people for one in _told_by(person)]
        told += [
            SensorInput("grant", "card reader", entering_s(person.itinerary, self.layout) - float(rng.uniform(*LEAD_S)))
            for person in self.people
            if person.role == "member"
        ]
        return tuple(sorted(told, key=lambda one: one.t_s))


def entering_s(itinerary: Itinerary, layout: Layout) -> float:
    """When somebody first steps over the layout's first line."""
    times = np.arange(itinerary.start_s, itinerary.end_s, 0.05)
    (ax, ay), (bx, by) = layout.lines[0].floor[0], layout.lines[0].floor[-1]
    side = (itinerary.positions(times) - (ax, ay)) @ np.array([ay - by, bx - ax])
    return float(times[int(np.argmax(side * side[0] < 0))])


def _told_by(person: Person) -> Iterator[SensorInput]:
    """A person opens the door twice and keeps the motion sensor busy in between."""
    start_s, end_s = person.itinerary.start_s, person.itinerary.end_s
    for at_s in (start_s + 1.5, end_s - 3.5):
        yield SensorInput("door", "front door", at_s)
        yield SensorInput("door", "front door", at_s + 2.5, active=False)
    if person.role == STAFF:
        yield SensorInput("staff", f"badge {person.id}", start_s)
        yield SensorInput("staff", f"badge {person.id}", end_s, active=False)
    yield SensorInput("pir", "ceiling", start_s + 4.0)
    yield SensorInput("pir", "ceiling", end_s, active=False)


Party = tuple[str, list[Itinerary]]
Visit = Callable[[Stage, float], Itinerary]


def _parties(stage: Stage, plan: DayPlan) -> Iterator[Party]:
    """Everybody who comes together, with their role."""
    single: list[tuple[str, int, Visit]] = [
        ("shopper", plan.shoppers, visits.shopper),
        (STAFF, plan.restockers, visits.restocker),
        ("loiterer", plan.loiterers, lambda s, t: visits.loiterer(s, t, plan.after_s)),
        ("hesitant", plan.hesitants, lambda s, t: visits.hesitant(s, t, plan.after_s)),
        ("intruder", plan.intruders, visits.intruder),
        ("runner", plan.runners, visits.runner),
        ("returner", plan.returners, lambda s, t: visits.returner(s, t, _REVISITS)),
        ("bypasser", plan.bypassers, visits.bypasser),
        (PRAM, plan.prams, visits.pusher),
        ("pacer", plan.pacers, visits.pacer),
        ("seeker", plan.seekers, visits.seeker),
        ("entrant", plan.entrants, visits.entrant),
        ("stray", plan.strays, visits.stray),
        ("caller", plan.callers, lambda s, t: visits.caller(s, t, _REVISITS)),
    ]
    for role, count, visit in single:
        for _ in range(count):
            yield role, [visit(stage, _arrival(stage, plan))]
    for _ in range(plan.families):
        yield "family", list(visits.family(stage, _arrival(stage, plan), int(stage.rng.integers(2, 5))))
    for _ in range(plan.queues):
        start_s = _arrival(stage, plan)
        yield "queue", [visits.queueing(stage, start_s + 2.5 * k, k) for k in range(int(stage.rng.integers(4, 7)))]
    for number in range(plan.members + plan.tailgaters):
        start_s = plan.opens_h * HOUR_S + _APART_S * (number + stage.rng.random() / 2)
        together = list(visits.family(stage, start_s, 2 if number < plan.tailgaters else 1))
        yield from (("member", [one]) for one in together[:1])
        yield from (("tailgater", [one]) for one in together[1:])
    for _ in range(plan.burglars):
        yield "burglar", [visits.bypasser(stage, stage.between(0.5, plan.opens_h - 1.0) * HOUR_S)]


def _arrival(stage: Stage, plan: DayPlan) -> float:
    """A moment while the shop is open, more likely when it is busy; early enough to be gone when it closes."""
    weights = np.array(_ARRIVALS) / sum(_ARRIVALS)
    share = (int(stage.rng.choice(len(weights), p=weights)) + stage.rng.random()) / len(weights)
    last_s = (plan.closes_h - plan.opens_h - 0.4) * HOUR_S
    return plan.opens_h * HOUR_S + share * last_s
