"""How well failures are foretold: simulated years of units that nothing was tuned or calibrated on."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median

import numpy as np

from agent.health.history import History
from agent.health.watched import KNOWN
from hal.simulated.board_traces import DAYS, LEAST_LIFE, YEAR
from tools.health_scores.baselines import fixed_level, least_squares
from tools.health_scores.follow import EARLY_DAYS, TRUE_WITHIN_DAYS, Point, Story, follow, told_by
from tools.rule_scores import table
from tools.rule_scores.section import Run
from tools.rule_scores.table import Row

NAME = "forecasts"
ALPHA, LAMBDA = 0.2, 0.5
LATE_DAYS = 4
RESAMPLES = 2000
ABOUT = (
    f"Simulated units, {DAYS} days each (`hal/simulated/board_traces.py`): noise that persists, weeks and seasons, "
    "lasting changes that mean nothing, days without figures, repairs of which four in five are noted, one gradual "
    f"failure in five prevented. Gradual takes at least {LEAST_LIFE:g} days. A ticket asks for action within 30 days; "
    f"it is true when the threshold is really reached, or would be, within {TRUE_WITHIN_DAYS:g}. Constants were chosen "
    "on seeds from 5000 on, intervals calibrated on seeds from 9000 on, figures taken on seeds from 1000 on. "
    f"alpha-lambda (Saxena et al. 2010): half-way from the first forecast to the failure the lead is right within "
    f"{ALPHA:.0%}. Coverage: each course counts once; bounds by bootstrap over units. Compared in the same run: "
    "ordinary least squares on raw values with its own test, and a fixed level at 80 % of the way."
)


def rows(run: Run) -> Iterator[Row]:
    """The rows of the table."""
    seeds = run.seeds(run.amount(100, 3), 600)
    stories = run.map(follow, seeds)
    yield from scored(stories)
    yield from _beside("least squares on raw values", stories, run.map(partial(told_by, least_squares), seeds))
    yield from _beside("a fixed level", stories, run.map(partial(told_by, fixed_level), seeds))
    yield Row(NAME, "history, ms a minute", cost_ms(), 5.0, most=True, note=f"{len(KNOWN)} metrics, median of minutes")


def scored(stories: Sequence[Story]) -> Iterator[Row]:
    """The figures with a target, and what else should be known."""
    years = sum(story.days for story in stories) / YEAR
    failed = [(story, index) for story in stories for index in story.failed()]
    sudden = sum(one.sudden and one.fails < DAYS for story in stories for one in story.episodes)
    prevalence = f"{len(failed)} gradual and {sudden} sudden failures in {years:.0f} device-years"
    warned = sum(story.warned(index) for story, index in failed)
    missed = sorted({story.episodes[index].metric for story, index in failed if not story.warned(index)})
    figure = f"gradual failures warned of >= {EARLY_DAYS:g} days ahead"
    yield table.share(NAME, figure, warned, len(failed), 0.9, prevalence, f"missed: {', '.join(missed) or 'none'}")
    tickets, true = judged(stories)
    yield table.share(NAME, "tickets that were true", true, tickets, 0.8)
    yield table.rate(NAME, "false tickets a device-year", tickets - true, years, 0.2)
    right = sum(is_right(story, index) for story, index in failed)
    yield table.share(NAME, f"alpha-lambda ({ALPHA:g}) at {LAMBDA:g}", right, len(failed), 0.7)
    yield from _covered(stories)
    stray = sum(story.stray[0] for story in stories)
    yield Row(NAME, "days with a forecast of nothing, a device-year", stray / years, note="shown, no ticket")


def judged(stories: Sequence[Story]) -> tuple[int, int]:
    """How many tickets there were, and how many of them were true."""
    tickets = [(story, ticket) for story in stories for ticket in story.tickets]
    return len(tickets), sum(story.is_true(ticket) for story, ticket in tickets)


def is_right(story: Story, index: int) -> bool:
    """alpha-lambda: whether the forecast half-way to the failure is nearly right; false where there is none."""
    points = [point for point in story.points if point.episode == index]
    if not points:
        return False
    fails = story.episodes[index].fails
    at = points[0].day + LAMBDA * (fails - points[0].day)
    near = [point for point in points if at - LATE_DAYS < point.day <= at]
    return bool(near) and abs(near[-1].forecast.lead_days - (fails - near[-1].day)) <= ALPHA * (fails - near[-1].day)


def _covered(stories: Sequence[Story]) -> Iterator[Row]:
    """How often the true lead lay within the interval, from both sides of what is wanted."""
    shares = [_shares(story) for story in stories]
    known = [one for of_unit in shares for one in of_unit]
    if not known:
        yield Row(NAME, "80 % intervals cover", None, 0.75, note="nothing was foretold")
        return
    value, bounds = float(np.mean(known)), resampled(shares)
    yield Row(NAME, "80 % intervals cover", value, 0.75, bounds=bounds, prevalence=f"{len(known)} courses")
    yield Row(NAME, "80 % intervals cover no more than", value, 0.85, most=True, bounds=bounds)


def _shares(story: Story) -> list[float]:
    """For each course of a unit the share of its forecasts whose interval held."""
    held: dict[int, list[bool]] = defaultdict(list)
    for point in story.points:
        held[point.episode].append(_holds(point, story.episodes[point.episode].fails))
    return [float(np.mean(of_one)) for of_one in held.values()]


def _holds(point: Point, fails: float) -> bool:
    return point.forecast.low_days <= fails - point.day <= point.forecast.high_days


def resampled(groups: Sequence[Sequence[float]]) -> tuple[float, float]:
    """95 % bounds of the mean of all values, by the bootstrap over groups (Efron 1979)."""
    full = [group for group in groups if group]
    sums = np.array([sum(group) for group in full])
    counts = np.array([len(group) for group in full])
    drawn = np.random.default_rng(1).integers(len(full), size=(RESAMPLES, len(full)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _beside(name: str, stories: Sequence[Story], others: Sequence[Story]) -> Iterator[Row]:
    """The same units by a simpler method, as ratios of ours to it."""
    (ours, our_true), (theirs, their_true) = judged(stories), judged(others)
    failed = [(index, one, other) for one, other in zip(stories, others, strict=True) for index in one.failed()]
    our_recall = sum(one.warned(index) for index, one, _ in failed)
    their_recall = sum(other.warned(index) for index, _, other in failed)
    false, recall = theirs - their_true, f"{our_recall} of {len(failed)} against {their_recall}"
    note = f"{ours - our_true} against {false}"
    yield Row(NAME, f"false tickets / those of {name}", (ours - our_true) / false if false else None, note=note)
    yield Row(NAME, f"warned / warned by {name}", our_recall / their_recall if their_recall else None, note=recall)


def cost_ms() -> float:
    """Milliseconds that a minute's readings of all metrics take, hours and days included."""
    history, spent = History(), []
    for minute in range(24 * 60):
        begun = time.perf_counter()
        for number, metric in enumerate(KNOWN):
            history.take(metric, float(number + minute % 7), minute * 60.0, True)
        spent.append(1000 * (time.perf_counter() - begun))
    return median(spent)
