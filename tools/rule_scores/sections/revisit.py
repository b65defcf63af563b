"""Coming back to one shelf again and again, while ids are lost: with the appearance memory, and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hal.simulated.scenario.day import DayPlan
from hal.simulated.scenario.noise import random_noise
from tools.rule_scores import table
from tools.rule_scores.match import tally
from tools.rule_scores.runs import Job, run_day
from tools.rule_scores.section import Run, Section
from tools.rule_scores.separation import Watched, distances, nearer, rendered_looks
from tools.rule_scores.table import Row

RULE = "revisit"
BUSY = DayPlan(returners=6, prams=3, pacers=3)
CALLERS = replace(BUSY, returners=0, callers=6)


def jobs(run: Run, plan: DayPlan, days: int, *, appearance: bool) -> list[Job]:
    """Days on which the same people come back, whether or not their clothes are looked at."""
    return [
        Job(run.layout(seed), seed, plan, random_noise(seed), (RULE,), appearance) for seed in run.seeds(days, 1000)
    ]


def rows(run: Run) -> Iterator[Row]:
    """The targets are those of the rule as it is shipped; the others tell what the memory adds, and where it ends."""
    days = run.amount(20, 2)
    found, without, calling = (
        tally(run.map(run_day, jobs(run, plan, days, appearance=appearance)), RULE)
        for plan, appearance in ((BUSY, True), (BUSY, False), (CALLERS, True))
    )
    yield from table.precision_recall(RULE, found, days, 0.90, 0.70)
    yield from table.told(RULE, "without appearance", without, days)
    yield from table.told(RULE, "who leave the shop in between", calling, days)
    yield _rendered(run)


def _rendered(run: Run) -> Row:
    """How well the looks themselves tell people apart, in pictures."""
    shops = [Watched(run.layout(seed), seed, 200) for seed in run.seeds(run.amount(6, 1), 1100)]
    found = [distances(looks) for looks in run.map(rendered_looks, shops)]
    pairs = sum(len(same) * len(others) for same, others in found)
    hits = sum(nearer(same, others) for same, others in found)
    people = sum(len(same) for same, _ in found)
    figure = "rendered people nearer to themselves than to others"
    return Row(RULE, figure, hits / pairs, note=f"{people} people, {pairs} pairs of pairs")


SECTION = Section(
    "revisit",
    "Coming back: 20 camera-days with 6 people each who come back to a shelf, errors as on the days; clothes' colours"
    " are simulated at the points that the camera would look at (everybody dressed from one wardrobe, staff in uniform,"
    " light that differs by place and hour, folds, noise, people before each other).",
    rows,
)
