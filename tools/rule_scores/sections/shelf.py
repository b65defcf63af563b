"""Rendered days at a shelf: swept, refilled, things left and taken away, in changing light."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hal.simulated.scenario.noise import random_noise
from hal.simulated.scenario.shelf_diary import ShelfPlan
from tools.rule_scores import table
from tools.rule_scores.match import Tally, match
from tools.rule_scores.rendered import RULES, ShelfJob, ShelfOutcome, run_shelf
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

LEAST_RECALL, MOST_FALSE = 0.90, 0.1
QUICK = ShelfPlan(shoppers=2, sweeps=1, refills=1, tidies=0, left=1, removed=1, parked=1, fetched=0, lights=4)


def jobs(run: Run) -> list[ShelfJob]:
    """Thirty days, or a short one for a quick look."""
    plan = QUICK if run.quick else ShelfPlan()
    return [ShelfJob(run.layout(seed), seed, plan, random_noise(seed)) for seed in run.seeds(run.amount(30, 1), 1200)]


def judged(days: Sequence[ShelfOutcome]) -> Iterator[Row]:
    """The rows for some days."""
    for rule in RULES:
        found = _tally(days, rule)
        prevalence = f"{found.happened / len(days):.2g} a camera-day"
        note = f"{found.repeats} repeated, {found.unsure} unsure"
        yield table.share(rule, "recall", found.found, found.happened, LEAST_RECALL, prevalence=prevalence, note=note)
        yield table.rate(rule, "false alarms a camera-day", found.false, len(days), MOST_FALSE)
    hours = sum(day.rendered_s for day in days) / 3600
    spent_s = sum(day.spent_s for day in days)
    yield Row("shelf rules", "rendered hours", hours, note=f"{spent_s / hours:.0f} s of one core an hour")


def _tally(days: Sequence[ShelfOutcome], rule: str) -> Tally:
    total = Tally()
    for day in days:
        truth = [one for one in day.truth if one.kind == rule]
        total.add(match(truth, [one for one in day.said if one.kind == rule]))
    return total


def rows(run: Run) -> Iterator[Row]:
    """Render the days and judge them."""
    yield from judged(run.map(run_shelf, jobs(run)))


SECTION = Section(
    "shelf",
    "Shelves, rendered at 320 x 180, two pictures and six times boxes a second with the errors of the other days: 30"
    " camera-days of about 35 minutes each, in which a day's visits and changes of light (30: lamps, sun on floor and"
    " goods, exposure, flicker, white balance) follow one another closely; empty hours in unchanged light are left out"
    " and counted as free of alarms. The camera trembles by up to 0.4 pixels and is nudged once a day by up to 1.5 a"
    " side; on every other day or so the pictures are coded (JPEG, quality 45-85). A day has 30 shoppers, 3 sweeps of"
    " 6 to 24 items, 3 refills (half of them without staff key), 2 tidied boards, up to 2 things left and 1 taken"
    " away, 7 put down by people who stay or come back at once. A sweep counts as sure when 5 of its items stand out"
    " from what is behind them by 12 levels.",
    rows,
)
