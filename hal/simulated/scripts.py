"""What happens in a simulated shop: each scenario casts the people of one cycle, with variation from cycle to cycle."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hal.simulated.itinerary import RUN_MPS, WALK_MPS, Itinerary, Planner
from hal.simulated.optics import inside
from hal.simulated.people import Look, random_look
from hal.simulated.routes import route
from hal.simulated.shop import Layout, Place, Xy

F64 = NDArray[np.float64]

_TRIES = 8
INTRUSION_S = 12.0
"""When the demo's intruder enters the restricted zone in the first cycle."""


@dataclass(frozen=True, slots=True)
class Role:
    """One person of the cast."""

    look: Look
    itinerary: Itinerary


Script = Callable[["Stage"], None]


@dataclass(frozen=True, slots=True)
class Emptied:
    """In every cycle `items` goods of the shelf go one by one within `taken_s` (from, to) and come back in `back_s`."""

    items: int
    taken_s: tuple[float, float]
    back_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script that repeats every `cycle_s` seconds (0: nothing ever happens)."""

    script: Script
    cycle_s: float
    night: bool = False
    emptied: Emptied | None = None


class Stage:
    """One cycle being cast: times are relative to its beginning and may reach past both its ends."""

    def __init__(self, layout: Layout, cycle: int, rng: np.random.Generator) -> None:
        self.layout, self.cycle, self.rng = layout, cycle, rng
        self.cast: list[Role] = []

    def add(self, plan: Callable[[], Itinerary]) -> None:
        """Cast a person; of some tries, keep the plan that bumps least into those already cast and hides them least."""
        tries = [plan() for _ in range(_TRIES)]
        self.cast.append(Role(random_look(self.rng), min(tries, key=self._in_the_way)))

    def _in_the_way(self, plan: Itinerary) -> int:
        """Half seconds spent within arm's length of others, or between them and the camera."""
        times = np.arange(plan.start_s, plan.end_s, 0.5)
        eye = np.array(self.layout.optics.position[:2])
        mine, total = plan.positions(times), 0
        for role in self.cast:
            there = (times >= role.itinerary.start_s) & (times <= role.itinerary.end_s)
            theirs = role.itinerary.positions(times)
            touching = np.hypot(*(mine - theirs).T) < 0.55
            total += int(((touching | _hides(mine - eye, theirs - eye)) & there).sum())
        return total

    def pick(self, kind: str) -> Place:
        """A place of a kind, by chance."""
        places = self.layout.of_kind(kind)
        return places[int(self.rng.integers(len(places)))]

    def near(self, place: Place, spread_m: float) -> Xy:
        """A point close to a place."""
        dx, dy = self.rng.uniform(-spread_m, spread_m, 2)
        return place.at[0] + float(dx), place.at[1] + float(dy)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def walk(
        self, plan: Planner, place: Place, *, spread_m: float = 0.12, speed_mps: float = 0.0, action: str = "walk"
    ) -> Planner:
        """Go near a place round the furniture, from the place where the plan is now."""
        origin = min(self.layout.places, key=lambda p: math.dist(p.at, plan.at))
        way = route(self.layout, origin.at, place.at)
        speed = speed_mps or WALK_MPS * self.between(0.85, 1.15)
        return plan.go((plan.at, *way[1:-1], self.near(place, spread_m)), speed, action)


def _hides(mine: F64, theirs: F64) -> NDArray[np.bool_]:
    """Where someone at `mine` stands before `theirs`, both (n, 2) in metres from the camera."""
    off_line = np.abs(mine[:, 0] * theirs[:, 1] - mine[:, 1] * theirs[:, 0]) / np.maximum(np.hypot(*theirs.T), 0.1)
    ahead = (mine * theirs).sum(1) < (theirs**2).sum(1)
    return np.asarray((off_line < 0.4) & ahead)


def entering_at(plan: Itinerary, corners: tuple[Xy, ...], moment_s: float) -> Itinerary:
    """The plan, shifted so that its person first stands inside a floor polygon at a moment."""
    times = np.arange(plan.start_s, plan.end_s, 0.05)
    points = plan.positions(times)
    first = next((t for t, (x, y) in zip(times, points, strict=True) if inside(corners, x, y)), plan.start_s)
    return plan.shifted(moment_s - float(first))


def _zone(layout: Layout, kind: str) -> tuple[Xy, ...]:
    return next(zone.floor for zone in layout.zones if zone.kind == kind)


def _enter(stage: Stage, start_s: float) -> Planner:
    return Planner(stage.pick("door").at, start_s)


def _leave(stage: Stage, plan: Planner, speed_mps: float = 0.0, action: str = "walk") -> Itinerary:
    return stage.walk(plan, stage.pick("door"), spread_m=0.0, speed_mps=speed_mps, action=action).done()


def _browse(stage: Stage, plan: Planner, stops: int) -> Planner:
    """Visit some shelves; most people take something into their hand."""
    for _ in range(stops):
        place = stage.pick("browse")
        stage.walk(plan, place)
        if stage.rng.random() < 0.7:
            plan.stay(stage.between(4, 9), place.facing_deg, "reach", stage.between(0.8, 1.6))
        else:
            plan.stay(stage.between(3, 8), place.facing_deg, "browse")
    return plan


def _pay(stage: Stage, plan: Planner) -> Planner:
    till = stage.pick("till")
    stage.walk(plan, till, spread_m=0.08)
    return plan.stay(stage.between(5, 9), till.facing_deg, "queue")


def shopper(stage: Stage, start_s: float, spread_s: float = 0.0) -> Itinerary:
    """Enters within `spread_s` of a moment, browses, mostly pays, leaves."""
    plan = _browse(stage, _enter(stage, start_s + stage.between(0, spread_s)), int(stage.rng.integers(1, 4)))
    if stage.rng.random() < 0.75:
        _pay(stage, plan)
    return _leave(stage, plan)


def early_bird(stage: Stage, start_s: float) -> Itinerary:
    """Stands at a shelf when the cycle begins, browses on, pays and leaves."""
    place = stage.layout.of_kind("browse")[0]
    plan = Planner(stage.near(place, 0.1), start_s).stay(stage.between(5, 8), place.facing_deg, "reach", 1.2)
    return _leave(stage, _pay(stage, _browse(stage, plan, 1)))


def intruder(stage: Stage, moment_s: float, spread_s: float = 0.0, stay_s: float = 20.0) -> Itinerary:
    """Walks straight into the restricted zone at a moment, rummages there about `stay_s` and leaves."""
    stops = stage.layout.of_kind("stock")
    plan = _enter(stage, 0.0)
    for place in stops:
        stage.walk(plan, place, spread_m=0.08, speed_mps=WALK_MPS)
        plan.stay(stay_s / len(stops) - 1.2, place.facing_deg, "reach", 1.0)
    return entering_at(_leave(stage, plan), _zone(stage.layout, "restricted"), moment_s + stage.between(0.0, spread_s))


def loiterer(stage: Stage, moment_s: float, spread_s: float = 0.0, stay_s: float = 42.0) -> Itinerary:
    """Reaches the high-value shelf at a moment and stays there, now and then looking round."""
    place = stage.pick("linger")
    plan = stage.walk(_enter(stage, 0.0), place)
    for share, turn_deg, action in (
        (0.3, 0, "linger"),
        (0.15, 130, "linger"),
        (0.35, 0, "reach"),
        (0.2, -120, "linger"),
    ):
        plan.stay(stay_s * share, place.facing_deg + turn_deg, action, 1.35)
    return entering_at(_leave(stage, plan), _zone(stage.layout, "high_value"), moment_s + stage.between(0.0, spread_s))


def runner(stage: Stage, start_s: float, spread_s: float = 0.0) -> Itinerary:
    """Takes something and runs out."""
    place = stage.pick("browse")
    plan = stage.walk(_enter(stage, start_s + stage.between(0, spread_s)), place)
    plan.stay(4.0, place.facing_deg, "reach", 1.2)
    return _leave(stage, plan, RUN_MPS, "run")


def _shop(stage: Stage) -> None:
    if stage.cycle == 0:
        stage.add(partial(intruder, stage, INTRUSION_S))
        stage.add(partial(loiterer, stage, 4.0, 2.0))
        stage.add(partial(early_bird, stage, -3.0))
    else:
        stage.add(partial(intruder, stage, 8.0, 32.0))
        stage.add(partial(loiterer, stage, 0.0, 25.0))
    for start_s in (-5.0, 14.0, 30.0, 52.0)[: 4 if stage.rng.random() < 0.7 else 3]:
        stage.add(partial(shopper, stage, start_s, 6.0))
    if stage.cycle % 2 == 1:
        stage.add(partial(runner, stage, 30.0, 20.0))


def _walker(stage: Stage) -> None:
    stage.add(partial(shopper, stage, 1.0))


def _intruder(stage: Stage) -> None:
    stage.add(partial(intruder, stage, INTRUSION_S))


def _loiterer(stage: Stage) -> None:
    stage.add(partial(loiterer, stage, 8.0))


def _runner(stage: Stage) -> None:
    stage.add(partial(runner, stage, 1.0))


def _crowd(stage: Stage) -> None:
    for start_s in np.linspace(-20, 50, 12):
        stage.add(partial(shopper, stage, float(start_s), 4.0))


SWEPT = Emptied(16, (80.0, 89.0), (150.0, 172.0))


def _sweep(stage: Stage) -> None:
    """Somebody empties the shelf and goes; staff fill it again."""
    for start_s, end_s in (SWEPT.taken_s, SWEPT.back_s):
        stage.add(partial(_at_shelf, stage, start_s - 1.5, end_s + 2.0))


def _at_shelf(stage: Stage, start_s: float, end_s: float) -> Itinerary:
    """Stands at the expensive shelf between two moments, reaching into it."""
    place = stage.layout.of_kind("linger")[0]
    plan = stage.walk(_enter(stage, 0.0), place)
    arrived_s = plan.time_s
    return _leave(stage, plan.stay(end_s - start_s, place.facing_deg, "reach", 1.2)).shifted(start_s - arrived_s)


def _nobody(stage: Stage) -> None:
    """The shop stays empty."""


SCENARIOS: dict[str, Scenario] = {
    "shop": Scenario(_shop, 80.0),
    "empty": Scenario(_nobody, 0.0),
    "walker": Scenario(_walker, 90.0),
    "intruder": Scenario(_intruder, 60.0),
    "loiterer": Scenario(_loiterer, 90.0),
    "runner": Scenario(_runner, 40.0),
    "crowd": Scenario(_crowd, 70.0),
    "night": Scenario(_intruder, 60.0, night=True),
    "sweep": Scenario(_sweep, 200.0, emptied=SWEPT),
}
"""Every scenario by the name that `HalSettings.scene` takes."""
