"""The sections on what is unusual and on who comes back: what is found and what false, with and without clothes."""

from dataclasses import replace

import pytest

from agent.domain import Severity
from hal.simulated.scenario.day import DayPlan
from hal.simulated.scenario.noise import random_noise
from hal.simulated.scenario.weeks import Burst, WeeksPlan, ZoneWeeks
from tools.rule_scores.match import tally
from tools.rule_scores.runs import Job, run_day
from tools.rule_scores.section import HELD_OUT, Run
from tools.rule_scores.sections import SECTIONS, baseline, revisit
from tools.rule_scores.sections.baseline import DAY_S, Weeks, judged, watch
from tools.rule_scores.separation import distances, nearer

QUIET = DayPlan(0, 0, 0, 0, 0, 0, 0, returners=2, bypassers=0, queues=0, stirs=0)


class Zone(ZoneWeeks):
    """Weeks with one burst at a known time."""

    bursts = (Burst(20 * DAY_S + 36000, 20 * DAY_S + 39600, 5.0),)


def test_what_is_said_about_a_burst_is_neither_false_nor_counted_twice() -> None:
    zone, start_s = Zone(WeeksPlan(weeks=4), 1), Zone.bursts[0].start_s
    said = [
        (9 * DAY_S, Severity.INFO),
        (15 * DAY_S, Severity.WARNING),
        (start_s - 60, Severity.WARNING),
        (start_s + 900, Severity.WARNING),
        (start_s + 4400, Severity.WARNING),
        (start_s + 9000, Severity.WARNING),
    ]
    told = judged(zone, said)
    assert (told.bursts, told.late_s) == (1, (900.0,))
    assert (told.false, told.false_learning, told.days) == (3, 1, 14)


@pytest.mark.parametrize("measure", ["count", "dwell"])
def test_a_zone_is_watched_for_its_weeks_through_restarts(measure: str) -> None:
    told = watch(Weeks(31, measure))
    assert told.days == 49
    assert len(told.late_s) >= 0.7 * told.bursts > 0
    assert told.false <= 6


def test_the_sections_are_hooked_in_and_use_held_out_seeds() -> None:
    assert {baseline.SECTION, revisit.SECTION} <= set(SECTIONS)
    run = Run(quick=True)
    assert all(job.seed >= HELD_OUT for job in revisit.jobs(run, QUIET, 3, appearance=True))


def test_clothes_let_revisits_be_found_although_ids_are_lost() -> None:
    noise = replace(random_noise(3, misses=0.1), hidden_every_s=40.0, hidden_s=(4.0, 9.0), fps=5.0)
    days = [
        [run_day(Job(0, seed, QUIET, noise, ("revisit",), appearance)) for seed in (3, 4)]
        for appearance in (True, False)
    ]
    dressed, bare = (tally(outcomes, "revisit") for outcomes in days)
    assert dressed.happened == bare.happened >= 3
    assert dressed.found > bare.found
    assert dressed.false == bare.false == 0


def test_the_area_under_the_curve_counts_pairs() -> None:
    assert nearer([0.1, 0.3], [0.2, 0.4]) == 3
    assert distances({}) == ([], [])
