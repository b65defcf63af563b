"""The alert budget's arithmetic: within bounds whatever people say, monotonic, and fair to quiet rules."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.review.budget import (
    AIM,
    FALL_PER_DAY,
    LEAST_REVIEWED,
    Alarm,
    Tally,
    follow,
    tune,
)

ALARMS = st.builds(Alarm, st.floats(0.5, 20), st.floats(-1, 40), st.one_of(st.none(), st.booleans()))
TALLIES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.builds(Tally, st.lists(ALARMS, max_size=30), st.floats(1, 10)), min_size=1
)
WATCHED = st.lists(st.tuples(st.floats(-1, 40), st.floats(0, 1)), max_size=10)


def many(count: int, ratios: tuple[float, ...], dismissed: bool | None, days: float = 5.0) -> list[Alarm]:
    return [Alarm(ratios[n % len(ratios)], days * n / count, dismissed) for n in range(count)]


WEEK = [(day + 0.5, 1.0) for day in range(7)]


@settings(deadline=None)
@given(TALLIES, WATCHED, st.floats(0.05, 100))
def test_whatever_people_say_factors_stay_within_bounds(
    tallies: dict[str, Tally], watched: list[tuple[float, float]], budget: float
) -> None:
    shifts = tune(tallies, watched, budget)
    assert shifts.keys() == tallies.keys()
    for rule, shift in shifts.items():
        assert 1.0 <= shift.factor <= tallies[rule].most + 1e-9
        assert shift.per_day <= shift.unshifted_per_day + 1e-9


@settings(deadline=None)
@given(st.lists(st.builds(Alarm, st.floats(0.5, 20), st.floats(0, 40), st.none()), max_size=60), st.floats(0.05, 100))
def test_incidents_that_nobody_reviewed_change_nothing(alarms: list[Alarm], budget: float) -> None:
    shift = tune({"a": Tally(alarms, 3.0)}, WEEK, budget)["a"]
    assert (shift.factor, shift.per_day) == (1.0, 0.0)


@settings(deadline=None)
@given(st.lists(st.builds(Alarm, st.floats(1, 20), st.floats(0, 40), st.just(False)), max_size=60))
def test_what_people_confirm_makes_nothing_stricter(alarms: list[Alarm]) -> None:
    assert tune({"a": Tally(alarms, 3.0)}, WEEK, 1.0)["a"].factor == 1.0


@settings(deadline=None)
@given(TALLIES, st.floats(0.05, 10), st.floats(1.1, 10))
def test_a_larger_budget_never_makes_rules_stricter(tallies: dict[str, Tally], budget: float, more: float) -> None:
    tight, wide = tune(tallies, WEEK, budget), tune(tallies, WEEK, budget * more)
    # A small budget also expects less of what it has not seen: compare where something was reviewed.
    for rule in tallies:
        if sum(alarm.dismissed is True for alarm in tallies[rule].alarms) >= 5:
            assert wide[rule].factor <= tight[rule].factor + 0.05


def test_a_rule_within_the_budget_is_left_alone() -> None:
    shifts = tune({"quiet": Tally(many(2, (1.2,), True), 3.0)}, WEEK, 1.0)
    assert shifts["quiet"].factor == 1.0


def test_a_noisy_rule_gives_way_and_a_quiet_one_does_not() -> None:
    noisy = many(60, (1.05, 1.1, 1.2, 1.4, 1.8), True)
    shifts = tune(
        {"noisy": Tally(noisy, 4.0), "quiet": Tally([Alarm(1.1, age, True) for age in (6.0, 12.0, 13.0)], 4.0)},
        WEEK,
        1.0,
    )
    assert shifts["quiet"].factor == 1.0
    assert 1.4 < shifts["noisy"].factor <= 2.5
    assert sum(shift.per_day for shift in shifts.values()) <= AIM + 1e-6


@pytest.mark.parametrize("reviews", range(LEAST_REVIEWED))
def test_few_reviews_change_nothing(reviews: int) -> None:
    alarms = [Alarm(1.5, 0.1, True)] * reviews
    assert tune({"a": Tally(alarms, 4.0)}, [(0.1, 0.2)], 0.1)["a"].factor == 1.0


def test_unreviewed_incidents_count_by_what_was_dismissed_of_the_others() -> None:
    reviewed = many(LEAST_REVIEWED, (1.5,), True)
    few = tune({"a": Tally(reviewed, 4.0)}, WEEK, 1.0)["a"]
    more = tune({"a": Tally([*reviewed, *many(30, (1.5,), None)], 4.0)}, WEEK, 1.0)["a"]
    mixed = tune({"a": Tally([*reviewed, *many(9, (1.5,), False), *many(30, (1.5,), None)], 4.0)}, WEEK, 1.0)["a"]
    assert few.unshifted_per_day < mixed.unshifted_per_day < more.unshifted_per_day
    assert more.unshifted_per_day / few.unshifted_per_day > 5


def test_false_critical_alarms_leave_less_for_the_others() -> None:
    noisy = many(30, tuple(1.02 + 0.05 * n for n in range(30)), True)
    critical = [Alarm(2.5, age / 5, True, critical=True) for age in range(10)]
    alone = tune({"a": Tally(noisy, 4.0), "b": Tally([], 4.0)}, WEEK, 1.0)
    beside = tune({"a": Tally(noisy, 4.0), "b": Tally(critical, 4.0)}, WEEK, 1.0)
    assert beside["b"].factor == 1.0
    assert beside["b"].per_day > 0.5
    assert beside["a"].factor > alone["a"].factor


def test_old_dismissals_are_forgotten() -> None:
    lately = tune({"a": Tally([Alarm(1.5, 1.0, True)] * 20, 4.0)}, WEEK, 1.0)["a"]
    long_ago = tune({"a": Tally([Alarm(1.5, 25.0, True)] * 20, 4.0)}, WEEK, 1.0)["a"]
    assert lately.factor > 1.3
    assert long_ago.factor == 1.0


def test_it_goes_up_at_once_down_slowly_and_nowhere_for_a_trifle() -> None:
    assert follow(1.0, 2.0, 0.0) == pytest.approx(2.0)
    assert follow(2.0, 1.0, 1.0) == pytest.approx(2.0 * 2.718281828**-FALL_PER_DAY)
    assert follow(1.5, 1.51, 0.0) == 1.5
    assert follow(1.02, 1.0, 10.0) == pytest.approx(1.0)


@settings(deadline=None)
@given(st.floats(1, 10), st.floats(1, 10), st.floats(0, 100))
def test_following_stays_between_where_it_is_and_where_it_goes(now: float, wanted: float, days: float) -> None:
    there = follow(now, wanted, days)
    assert min(now, wanted) - 1e-9 <= there <= max(now, wanted) + 1e-9
    assert log(there) >= log(now) - FALL_PER_DAY * days - 1e-9
