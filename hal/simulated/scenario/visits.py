"""What people do in a shop on one day: each function plans one visit, as an itinerary through the layout's places."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hal.simulated.itinerary import Itinerary, Planner
from hal.simulated.routes import leads
from hal.simulated.scripts import Stage
from hal.simulated.shop import Layout, Place

SIDE_M = 0.55
"""How far apart the members of a family stand."""


def _enter(stage: Stage, start_s: float) -> Planner:
    return Planner(stage.pick("door").at, start_s)


def _leave(stage: Stage, plan: Planner, *, speed_mps: float = 0.0, action: str = "walk") -> Itinerary:
    return stage.walk(plan, stage.pick("door"), spread_m=0.0, speed_mps=speed_mps, action=action).done()


def _stop(stage: Stage, plan: Planner, place: Place, seconds: float) -> Planner:
    """Walk to a place, take something, look at it."""
    stage.walk(plan, place)
    taking = min(seconds, stage.between(3, 7)) if stage.rng.random() < 0.7 else 0.0
    plan.stay(taking, place.facing_deg, "reach", stage.between(0.9, 1.5))
    return plan.stay(seconds - taking, place.facing_deg, "browse")


def _pay(stage: Stage, plan: Planner) -> Planner:
    return _stop(stage, plan, stage.pick("till"), stage.between(8, 16))


def _browse(stage: Stage, plan: Planner, stops: int) -> Planner:
    for _ in range(stops):
        _stop(stage, plan, stage.pick("browse"), stage.between(3, 15))
    return plan


def shopper(stage: Stage, start_s: float) -> Itinerary:
    """Browses; every third has a look at the expensive shelf, for less than loitering takes; pays, or took nothing."""
    plan = _browse(stage, _enter(stage, start_s), int(stage.rng.integers(1, 4)))
    looked = stage.rng.random() < 0.33
    if looked:
        _stop(stage, plan, stage.pick("linger"), stage.between(4, 22))
    if looked or stage.rng.random() < 0.7:
        _pay(stage, plan)
    return _leave(stage, plan)


def family(stage: Stage, start_s: float, members: int) -> Iterator[Itinerary]:
    """People who do the same things together, a step behind each other."""
    door, stops = stage.pick("door"), [stage.pick("browse") for _ in range(int(stage.rng.integers(1, 4)))]
    seconds = [stage.between(5, 15) for _ in stops]
    speed = stage.between(0.9, 1.1)
    for member in range(members):
        plan = Planner(door.at, start_s + 1.3 * member)
        for place, stay_s in zip(stops, seconds, strict=True):
            stage.walk(plan, place, spread_m=SIDE_M / 2, speed_mps=speed).stay(stay_s, place.facing_deg, "browse")
        yield stage.walk(plan, door, spread_m=0.0, speed_mps=speed).done()


def restocker(stage: Stage, start_s: float) -> Itinerary:
    """Staff who fill shelf after shelf for a quarter of an hour; nothing of it is a breach."""
    plan = _enter(stage, start_s)
    for place in stage.layout.of_kind("browse"):
        stage.walk(plan, place)
        for _ in range(int(stage.rng.integers(2, 6))):
            plan.stay(stage.between(10, 40), place.facing_deg, "reach", stage.between(0.4, 1.3))
    return _leave(stage, plan)


def loiterer(stage: Stage, start_s: float, after_s: float) -> Itinerary:
    """Stays at the expensive shelf for longer than `after_s`, now and then taking a step along it; pays."""
    plan = _browse(stage, _enter(stage, start_s), int(stage.rng.integers(0, 2)))
    place, left_s = stage.pick("linger"), after_s + stage.between(6, 60)
    while left_s > 0:
        stay_s = min(left_s, stage.between(8, 25))
        stage.walk(plan, place).stay(stay_s, place.facing_deg, "linger")
        left_s -= stay_s
    return _leave(stage, _pay(stage, plan))


def hesitant(stage: Stage, start_s: float, after_s: float) -> Itinerary:
    """Stays at the expensive shelf for nearly as long as loitering takes, and leaves without paying: no breach."""
    plan = _stop(stage, _enter(stage, start_s), stage.pick("linger"), stage.between(0.6, 0.8) * after_s)
    return _leave(stage, _pay(stage, plan))


def intruder(stage: Stage, start_s: float) -> Itinerary:
    """Goes into the restricted zone for some seconds."""
    plan = _browse(stage, _enter(stage, start_s), int(stage.rng.integers(0, 2)))
    for place in stage.layout.of_kind("stock")[: int(stage.rng.integers(1, 3))]:
        stage.walk(plan, place, spread_m=0.08).stay(stage.between(2, 14), place.facing_deg, "reach", 1.0)
    return _leave(stage, plan)


def runner(stage: Stage, start_s: float) -> Itinerary:
    """Runs to the expensive shelf, takes something and runs out."""
    plan, speed_mps = _stop(stage, _enter(stage, start_s), stage.pick("browse"), 3.0), stage.between(3.2, 4.5)
    place = stage.pick("linger")
    stage.walk(plan, place, speed_mps=speed_mps, action="run").stay(stage.between(3, 6), place.facing_deg, "reach")
    return _leave(stage, plan, speed_mps=speed_mps, action="run")


def returner(stage: Stage, start_s: float, visits: int) -> Itinerary:
    """Comes back to the expensive shelf again and again, browsing elsewhere in between; pays."""
    plan = _enter(stage, start_s)
    for _ in range(visits):
        _stop(stage, plan, stage.pick("linger"), stage.between(8, 16))
        for _ in range(2):
            _stop(stage, plan, stage.pick("browse"), stage.between(14, 20))
    return _leave(stage, _pay(stage, plan))


def bypasser(stage: Stage, start_s: float) -> Itinerary:
    """Takes something from the expensive shelf and leaves without stopping at the till, past which the way may lead."""
    plan = _stop(stage, _enter(stage, start_s), stage.pick("linger"), stage.between(8, 18))
    return _leave(stage, plan)


QUEUE_SPOTS = tuple((x, y) for y in (0.75, 0.28) for x in (0.2, 0.5, 0.8))
"""Where people stand in the rectangle of the queue zone, first to last; shares of its width and depth."""


def queueing(stage: Stage, start_s: float, number: int) -> Itinerary:
    """One of a queue: number 0 is at the till, the others wait behind each other until it is their turn to pay."""
    till = stage.pick("till")
    spot = _queue_spot(stage.layout, number - 1) if number else till
    plan = stage.walk(_enter(stage, start_s), spot, spread_m=0.06)
    plan.stay(stage.between(30, 45) + 8 * number, till.facing_deg, "queue")
    return _leave(stage, _pay(stage, plan))


def _queue_spot(layout: Layout, number: int) -> Place:
    """Where the one of that number waits: in the queue zone, or before the till in a shop without one.

    Furniture may stand in a corner of the zone: nobody waits where no way leads.
    """
    door, spots = layout.of_kind("door")[0].at, [_waiting(layout, *share) for share in QUEUE_SPOTS]
    free = [spot for spot in spots if leads(layout, door, spot.at)]
    return free[number % len(free)]


def _waiting(layout: Layout, x: float, y: float) -> Place:
    """A place in the rectangle where people wait, by shares of its width and depth."""
    floors = {zone.kind: zone.floor for zone in layout.zones}
    floor = floors.get("queue", floors["checkout"])
    (x0, *_, x1), (y0, *_, y1) = (sorted(values) for values in zip(*floor, strict=True))
    return Place("waiting", "queue", (x0 + x * (x1 - x0), y0 + y * (y1 - y0)), 90.0)


def pusher(stage: Stage, start_s: float) -> Itinerary:
    """Pushes a pram through the shop, slowly and with wide stops."""
    plan, speed_mps = _enter(stage, start_s), stage.between(0.75, 0.95)
    for _ in range(int(stage.rng.integers(2, 4))):
        place = stage.pick("browse")
        stage.walk(plan, place, speed_mps=speed_mps).stay(stage.between(5, 15), place.facing_deg, "browse")
    return _leave(stage, plan, speed_mps=speed_mps)


PACING_M = (1.7, 3.2)


def pacer(stage: Stage, start_s: float) -> Itinerary:
    """Goes to and fro between two places, on the telephone or upset; then leaves."""
    places = [place for place in stage.layout.places if place.kind in ("browse", "linger")]
    pairs = [(a, b) for a in places for b in places if PACING_M[0] <= math.dist(a.at, b.at) <= PACING_M[1]]
    a, b = pairs[int(stage.rng.integers(len(pairs)))]
    speed_mps = stage.between(1.0, 1.3)
    plan = stage.walk(_enter(stage, start_s), a)
    for number in range(int(stage.rng.integers(12, 18))):
        stage.walk(plan, a if number % 2 else b, speed_mps=speed_mps)
    return _leave(stage, plan)


def seeker(stage: Stage, start_s: float) -> Itinerary:
    """Stays at the expensive shelf for minutes because there is nobody to ask; pays."""
    place = stage.pick("linger")
    plan = stage.walk(_enter(stage, start_s), place)
    for _ in range(6):
        stage.walk(plan, place).stay(stage.between(23, 30), place.facing_deg, "linger")
    return _leave(stage, _pay(stage, plan))


def entrant(stage: Stage, start_s: float) -> Itinerary:
    """Comes in and goes on through a back room: who does so does not leave by the entrance."""
    plan = _browse(stage, _enter(stage, start_s), int(stage.rng.integers(1, 3)))
    return stage.walk(plan, stage.pick("stock"), spread_m=0.08).done()


def stray(stage: Stage, start_s: float) -> Itinerary:
    """Comes out of the back room, stops at a shelf and leaves by the entrance, against everybody else."""
    plan = Planner(stage.near(stage.pick("stock"), 0.08), start_s)
    return _leave(stage, _browse(stage, plan, 1))


def caller(stage: Stage, start_s: float, visits: int) -> Itinerary:
    """Comes to the expensive shelf again and again, and leaves the shop for some minutes in between."""
    plan = _enter(stage, start_s)
    for visit in range(visits):
        if visit:
            stage.walk(plan, stage.pick("door"), spread_m=0.0).stay(stage.between(40, 200), 0.0, "browse")
        _stop(stage, plan, stage.pick("linger"), stage.between(9, 16))
    return _leave(stage, plan)
