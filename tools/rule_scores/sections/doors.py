"""Mornings at a card reader: one grant lets one person in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hal.simulated.scenario.day import NIGHT
from tools.rule_scores import table
from tools.rule_scores.match import tally
from tools.rule_scores.runs import Job, Outcome, run_day, unhidden
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

MISSES, LATE_S = 0.05, 10.0
MORNING = replace(NIGHT, burglars=0, stirs=0, members=40, tailgaters=20)


def jobs(run: Run) -> list[Job]:
    """Members who hold a card to the reader, some with another one behind them; the reader's clock is up to 3 s off."""
    return [
        Job(
            run.layout(seed),
            seed,
            MORNING,
            unhidden(seed, MISSES),
            ("tailgating",),
        )
        for seed in run.seeds(run.amount(12, 1), 600)
    ]


def judged(mornings: Sequence[Outcome]) -> Iterator[Row]:
    """The rows for some mornings."""
    found = tally(mornings, "tailgating", LATE_S)
    grants = sum(outcome.job.plan.members + outcome.job.plan.tailgaters for outcome in mornings)
    prevalence = f"{found.happened} on {grants} grants"
    yield table.share("tailgating", "recall", found.found, found.happened, 0.95, prevalence=prevalence)
    yield table.share("tailgating", "false of grants", found.false, grants, 0.01, most=True)


def rows(run: Run) -> Iterator[Row]:
    """Run the mornings and judge them."""
    yield from judged(run.map(run_day, jobs(run)))


SECTION = Section(
    "doors",
    "Card reader: 12 mornings with 60 people each, 5 % of detections missed, a reader's clock up to 3 s off.",
    rows,
)
