"""Which camera-days are run: layouts and seeds that nothing was tuned on, with errors drawn from the whole range."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hal.simulated.scenario.day import NIGHT, DayPlan
from hal.simulated.scenario.noise import Noise, random_noise
from tools.rule_scores.runs import Job

FIRST_SEED = 1000
LAYOUTS = (0, 1001, 1002, 1003, 1004, 1005)
"""The shipped shop and five random ones."""

DAY_RULES = ("restricted", "loitering", "revisit", "running", "crowding", "checkout_bypass")
FEW_MISSES, MANY_MISSES = 0.05, 0.20
DOOR_RULES = ("tailgating",)
BURGLED_EVERY = 3


USUAL_DAY = DayPlan()


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is run."""

    seeds: Sequence[int]
    line_days: int
    nights: int
    line_shoppers: int
    door_days: int
    day: DayPlan = USUAL_DAY


def extent(*, quick: bool, seeds: Sequence[int] | None = None) -> Extent:
    """The usual amount, or that of a quick look; `seeds` are those of the camera-days."""
    if quick:
        return Extent(seeds or range(FIRST_SEED, FIRST_SEED + 4), 2, 30, 40, 1)
    return Extent(seeds or range(FIRST_SEED, FIRST_SEED + 30), 12, 300, 120, 12)


def day_jobs(size: Extent, rules: Collection[str]) -> list[Job]:
    """Whole days with everything that happens."""
    watching = tuple(rule for rule in DAY_RULES if rule in rules)
    return [Job(_layout(seed), seed, size.day, random_noise(seed), watching) for seed in size.seeds]


def line_jobs(size: Extent, misses: float) -> list[Job]:
    """Comings and goings under a given share of misses; people hide each other, nothing else hides them."""
    plan = DayPlan(size.line_shoppers, 8, 1, 1, 0, 1, 2, 0, 1, 1)
    return [
        Job(
            _layout(seed),
            seed,
            plan,
            _unhidden(seed, misses),
            ("line_crossing",),
        )
        for seed in range(FIRST_SEED + 100, FIRST_SEED + 100 + size.line_days)
    ]


def night_jobs(size: Extent) -> list[Job]:
    """Nights with nobody but, every third night, a burglar; light stirs the detector in all of them."""
    return [
        Job(
            _layout(seed),
            seed,
            replace(NIGHT, burglars=int(seed % BURGLED_EVERY == 0)),
            random_noise(seed),
            ("after_hours",),
        )
        for seed in range(FIRST_SEED + 200, FIRST_SEED + 200 + size.nights)
    ]


def door_jobs(size: Extent) -> list[Job]:
    """Members who hold a card to the reader, every third with somebody close behind; clocks agree to a second."""
    plan = replace(NIGHT, burglars=0, stirs=0, members=40, tailgaters=20)
    return [
        Job(
            _layout(seed),
            seed,
            plan,
            replace(_unhidden(seed, FEW_MISSES), skew_s=random_noise(seed).skew_s / 3),
            DOOR_RULES,
        )
        for seed in range(FIRST_SEED + 600, FIRST_SEED + 600 + size.door_days)
    ]


def _unhidden(seed: int, misses: float) -> Noise:
    return replace(random_noise(seed, misses=misses), hidden_every_s=math.inf)


def _layout(seed: int) -> int:
    return LAYOUTS[seed % len(LAYOUTS)]
