"""Counting at the entrance, with few and with many missed detections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hal.simulated.scenario.day import DayPlan
from tools.rule_scores import table
from tools.rule_scores.match import tally
from tools.rule_scores.runs import Job, Outcome, run_day, unhidden
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

WANTED = ((0.05, 0.97), (0.20, 0.90))
"""Shares of missed detections, and how well must be counted nevertheless."""


def jobs(run: Run, misses: float) -> list[Job]:
    """Comings and goings; people hide each other, nothing else hides them."""
    plan = DayPlan(run.amount(120, 40), 8, 1, 1, 0, 1, 2, 0, 1, 1)
    return [
        Job(run.layout(seed), seed, plan, unhidden(seed, misses), ("line_crossing",))
        for seed in run.seeds(run.amount(12, 2), 100)
    ]


def judged(days: Sequence[Outcome], misses: float, target: float) -> Row:
    """The row for one share of misses."""
    found = tally(days, "line_crossing")
    prevalence = f"{found.happened / len(days):.3g} a camera-day"
    return table.accuracy("line_crossing", f"counted right, {misses:.0%} missed", found, target, prevalence)


def rows(run: Run) -> Iterator[Row]:
    """Run and judge both."""
    for misses, target in WANTED:
        yield judged(run.map(run_day, jobs(run, misses)), misses, target)


SECTION = Section(
    "lines",
    "Line: twice 12 camera-days at the stated misses, the other errors as above, nobody hidden but by others.",
    rows,
)
