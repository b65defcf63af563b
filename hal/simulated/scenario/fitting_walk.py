"""The walk of whoever fitted a camera: alone through all of the shop, with a short stop at each place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hal.simulated.itinerary import Planner
from hal.simulated.scenario.bodies import LOOKS, look_of
from hal.simulated.scenario.day import Person
from hal.simulated.scripts import Stage
from hal.simulated.shop import Layout

STOP_S = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class FittingWalk:
    """One person in a shop, and nothing else that stirs."""

    layout: Layout
    people: tuple[Person, ...]
    stirs: tuple[tuple[float, float], ...] = ()

    @property
    def stature_m(self) -> float:
        """How tall the person is."""
        return look_of(self.people[0].look).height_m


def fitting_walk(layout: Layout, seed: int, seconds: float = 60.0) -> FittingWalk:
    """A walk by one of the simulated people; the same arguments give the same walk."""
    rng = np.random.default_rng((seed, 6))
    stage, look = Stage(layout, 0, rng), int(rng.integers(LOOKS))
    plan = Planner(stage.pick("door").at, 0.0)
    places = [place for place in layout.places if place.kind != "door"]
    while plan.time_s < seconds:
        for number in rng.permutation(len(places)):
            place = places[number]
            stage.walk(plan, place).stay(stage.between(*STOP_S), place.facing_deg, "browse")
            if plan.time_s >= seconds:
                break
    return FittingWalk(layout, (Person(1, "fitter", look, plan.done()),))
