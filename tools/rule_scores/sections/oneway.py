"""Mornings at an entrance that must not be used to leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hal.simulated.scenario.day import NIGHT
from hal.simulated.scenario.noise import random_noise
from tools.rule_scores import table
from tools.rule_scores.match import tally
from tools.rule_scores.runs import Job, Outcome, run_day
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

MORNING = replace(NIGHT, burglars=0, stirs=10, entrants=60, strays=8)


def jobs(run: Run) -> list[Job]:
    """Most come in, a few go out."""
    return [
        Job(run.layout(seed), seed, MORNING, random_noise(seed), ("wrong_way",))
        for seed in run.seeds(run.amount(30, 1), 700)
    ]


def judged(mornings: Sequence[Outcome]) -> Iterator[Row]:
    """The rows for some mornings."""
    yield from table.precision_recall("wrong_way", tally(mornings, "wrong_way"), len(mornings), 0.90, 0.90)


def rows(run: Run) -> Iterator[Row]:
    """Run the mornings and judge them."""
    yield from judged(run.map(run_day, jobs(run)))


SECTION = Section(
    "oneway", "One-way entrance: 30 mornings with 60 who come in and 8 who leave by it, errors as on the days.", rows
)
