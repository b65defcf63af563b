"""The statistics of trends: against figures worked out by hand, and against noise of known kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.health.trends import (
    Step,
    destaired,
    hinge,
    mann_kendall,
    median,
    persistence,
    spliced,
    steps,
    theil_sen,
    trend,
    without,
)
from hal.simulated.board_traces import persistent

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def days(count: int, first: int = 100) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(first, first + count, dtype=np.int64)


@given(VALUES)
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == pytest.approx(float(np.median(values)))


@given(st.floats(-50, 50), st.floats(-5, 5), st.integers(5, 60))
def test_a_straight_line_is_found_exactly(start: float, slope: float, count: int) -> None:
    line = trend(days(count), np.array([start + slope * day for day in range(count)]))
    assert line.slope == pytest.approx(slope, abs=1e-9)
    assert line.level == pytest.approx(start + slope * (count - 1), abs=1e-6)


def test_theil_sen_is_not_moved_by_outliers_and_gaps() -> None:
    when = np.array([0, 1, 2, 3, 5, 8, 9, 12, 13, 20], np.int64)
    values = np.array([2.0 * day + 7.0 for day in when])
    values[[2, 6]] = 500.0
    assert theil_sen(when, values) == pytest.approx(2.0)


def test_mann_kendall_is_that_of_the_textbook() -> None:
    """Nine pairs in order and one not: S = 8, variance 50 / 3, z = 7 / 4.08."""
    assert mann_kendall(days(5), np.array([1.0, 3, 2, 4, 5])) == pytest.approx(0.0864, abs=2e-4)
    assert mann_kendall(days(8), np.full(8, 3.0)) == 1.0
    assert mann_kendall(days(3), np.array([1.0, 2, 3])) == 1.0


@pytest.mark.parametrize(("phi", "most"), [(0.0, 0.03), (0.4, 0.05), (0.7, 0.12)])
def test_noise_that_persists_is_seldom_taken_for_a_trend(phi: float, most: float) -> None:
    rng = np.random.default_rng(3)
    found = [mann_kendall(days(60), persistent(rng, 60, 1.0, phi)) < 0.01 for _ in range(400)]
    assert np.mean(found) <= most


def test_without_the_correction_such_noise_would_be_taken_for_one() -> None:
    """What Hamed and Rao's widening is for: the plain test's p, taken of shuffled ranks, stays small too often."""
    rng = np.random.default_rng(4)
    noise = [persistent(rng, 60, 1.0, 0.7) for _ in range(300)]
    spread = [abs(float(np.sign(one[None] - one[:, None])[np.triu_indices(60, 1)].sum())) for one in noise]
    plain = np.mean(np.array(spread) / np.sqrt(60 * 59 * 125 / 18) > 2.576)
    widened = np.mean([mann_kendall(days(60), one) < 0.01 for one in noise])
    assert widened < plain / 2


def test_load_is_taken_out_and_the_trend_is_left() -> None:
    rng = np.random.default_rng(5)
    load = 1 + 0.4 * np.sin(np.arange(90) * 2 * np.pi / 7) + rng.normal(0, 0.1, 90)
    values = 50 + 0.1 * np.arange(90) + 6 * load + rng.normal(0, 0.1, 90)
    cleaned = without(values, [load, np.full(90, np.nan)])
    rest = cleaned - np.polyval(np.polyfit(np.arange(90), cleaned, 1), np.arange(90))
    assert rest.std() < 0.25 < 1.5 < values.std()
    assert theil_sen(days(90), cleaned) == pytest.approx(0.1, abs=0.01)


def test_a_covariate_with_a_trend_of_its_own_takes_no_trend_away() -> None:
    rng = np.random.default_rng(6)
    warmth = 20 + 0.05 * np.arange(120) + rng.normal(0, 1, 120)
    values = 0.02 * np.arange(120) + rng.normal(0, 0.2, 120)
    assert theil_sen(days(120), without(values, [warmth])) == pytest.approx(0.02, abs=0.004)


def test_nothing_to_regress_on_changes_nothing() -> None:
    values = np.arange(5.0)
    assert without(values, [np.ones(5)]) is values
    long = np.arange(30.0)
    assert without(long, [np.full(30, np.nan)]) is long


@pytest.mark.parametrize("size", [-8.0, 8.0])
def test_a_step_is_found_where_it_is_and_spliced_away(size: float) -> None:
    rng = np.random.default_rng(7)
    values = persistent(rng, 80, 0.5, 0.4) + 0.02 * np.arange(80)
    values[50:] += size
    (step,) = steps(days(80), values)
    assert step.day == 150
    assert step.size == pytest.approx(size, abs=1.0)
    assert theil_sen(days(80), spliced(days(80), values, [step])) == pytest.approx(0.02, abs=0.02)


def test_slopes_bends_outliers_and_noise_are_no_steps() -> None:
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(60):
        values = persistent(rng, 90, 1.0, 0.6) + np.maximum(np.arange(90) - 45, 0) * 0.3
        values[30] += 15
        found += len(steps(days(90), values))
    assert found <= 6


def test_where_a_course_bends_it_begins_anew() -> None:
    rng = np.random.default_rng(9)
    straight = rng.normal(0, 0.3, 90) + 0.1 * np.arange(90)
    bent = rng.normal(0, 0.3, 90) + np.maximum(np.arange(90) - 50, 0) * 0.2
    assert hinge(days(90), straight) == 0
    assert 44 <= hinge(days(90), bent) <= 56
    assert hinge(days(12), bent[:12]) == 0


def test_a_figure_told_in_steps_gets_its_course_back() -> None:
    true = 12 + 0.25 * np.arange(240)
    told = np.ceil(true / 10) * 10
    when, course = destaired(days(240), told, 10.0)
    assert when[0] > 100
    assert np.abs(course - true[when - 100]).max() < 0.6
    assert len(destaired(days(60), told[:60], 10.0)[0]) == 0


def test_persistence_is_that_of_the_noise() -> None:
    rng = np.random.default_rng(10)
    assert persistence(persistent(rng, 500, 1.0, 0.6)) == pytest.approx(0.6, abs=0.1)
    assert persistence(rng.normal(0, 1, 500)) < 0.15
    assert persistence(np.zeros(50)) == 0.0
    assert Step(5, 1.0) < Step(6, 0.0)
