"""Nights with nobody but, every third night, a burglar."""

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

BURGLED_EVERY = 3


def jobs(run: Run) -> list[Job]:
    """Light stirs the detector in all nights."""
    return [
        Job(
            run.layout(seed),
            seed,
            replace(NIGHT, burglars=int(seed % BURGLED_EVERY == 0)),
            random_noise(seed),
            ("after_hours",),
        )
        for seed in run.seeds(run.amount(300, 30), 200)
    ]


def judged(nights: Sequence[Outcome]) -> Iterator[Row]:
    """The rows for some nights."""
    found = tally(nights, "after_hours")
    prevalence = f"{found.happened} people in {len(nights)} nights"
    yield table.share("after_hours", "detection", found.found, found.happened, 0.99, prevalence=prevalence)
    yield table.rate("after_hours", "false a night", found.false, len(nights), 0.01)


def rows(run: Run) -> Iterator[Row]:
    """Run the nights and judge them."""
    yield from judged(run.map(run_day, jobs(run)))


SECTION = Section("nights", "Nights: 300, in each of which light stirs the detector 40 times.", rows)
