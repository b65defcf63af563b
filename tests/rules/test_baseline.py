"""What is unusual for the hour: the tail of the counts, what is learned, when it is silent, how often it is wrong."""

import json
from math import comb, exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Severity
from agent.rule_config import UnusualForHourRule
from agent.rules.base import Hit, View
from agent.rules.baseline import UnusualForHour
from agent.rules.senses import Senses
from agent.rules.usual import SLOTS_PER_DAY, critical_count
from agent.rules.zones import Stay

RULE = UnusualForHourRule(kind="unusual_for_hour", name="busy", zone="z")
SLOT_S = 900.0
WEEK = 7 * SLOTS_PER_DAY


def usual(slot: int) -> float:
    """People a quarter: closed at night, busy at noon, twice as many on Saturday."""
    hour, day = slot % SLOTS_PER_DAY // 4, slot // SLOTS_PER_DAY % 7
    return 0.0 if not 8 <= hour < 20 else (6.0 - abs(hour - 13) * 0.5) * (2 if day == 5 else 1)


def poisson(chance: Random, mean: float) -> int:
    count, product, floor = 0, chance.random(), exp(-mean)
    while product > floor:
        count, product = count + 1, product * chance.random()
    return count


def quarter(rule: UnusualForHour, slot: int, count: int) -> list[Hit]:
    """One quarter of an hour in which so many people come in, all at its middle."""
    hits: list[Hit] = []
    for part, people in ((0.0, 0), (0.5, count), (0.99, 0)):
        t_s = (slot + part) * SLOT_S
        stays = {(slot * 1000 + i, 0): Stay(slot * 1000 + i, 0, t_s, t_s) for i in range(people)}
        hits += rule.update(View(t_s, {}, stays, minute_of_week=slot % WEEK * 15))
    return hits


def weeks(rule: UnusualForHour, first: int, last: int, seed: int = 1, growth: float = 0.0) -> list[int]:
    """Ordinary weeks; returns the quarters in which it told of something."""
    chance = Random(seed)
    slots = range(first * WEEK, last * WEEK)
    return [slot for slot in slots if quarter(rule, slot, poisson(chance, usual(slot) * (1 + growth * slot / WEEK)))]


@given(st.floats(0.05, 60), st.floats(1e-6, 0.2))
def test_the_critical_count_is_the_first_beyond_the_tail_of_poisson(mean: float, probability: float) -> None:
    count = critical_count(mean, mean, probability)
    below, term = 0.0, exp(-mean)
    for k in range(count):
        below, term = below + term, term * mean / (k + 1)
    last = term * count / mean if count else 0.0
    assert 1 - below <= probability + 1e-4
    assert count == 1 or 1 - below + last >= probability - 1e-4


def test_the_critical_count_knows_overdispersion() -> None:
    # Variance 2 x mean: the probability of each count is comb(size + k - 1, k) / 2 ** (size + k) with size = mean.
    tail = {limit: 1 - sum(comb(9 + k, k) / 2 ** (10 + k) for k in range(limit)) for limit in range(60)}
    limit = critical_count(10.0, 20.0, 1e-3)
    assert tail[limit] <= 1e-3 < tail[limit - 1]


def test_it_is_silent_for_a_week_and_informs_only_for_another() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 1)
    assert not quarter(UnusualForHour(RULE, 0), 50, 500)
    noon = WEEK + 13 * 4
    for slot in range(WEEK, noon):
        quarter(rule, slot, round(usual(slot)))
    (hit, *_) = quarter(rule, noon, 60)
    assert hit.severity == Severity.INFO
    assert hit.factors["learning"] is True


def test_bursts_are_found_and_ordinary_weeks_of_a_growing_shop_are_not() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 3)
    false = weeks(rule, 3, 7, seed=2, growth=0.02)
    assert len(false) <= 4, "at most about one in twenty days, with room for chance"
    chance, found = Random(3), 0
    for day in range(7 * WEEK, 8 * WEEK, SLOTS_PER_DAY):
        burst = {day + quarter_ for quarter_ in range(11 * 4, 12 * 4)}
        told = {
            slot
            for slot in range(day, day + SLOTS_PER_DAY)
            if quarter(rule, slot, poisson(chance, usual(slot) * (5 if slot in burst else 1)))
        }
        found += bool(told & burst)
    assert found >= 6


def test_a_closed_day_makes_the_next_week_no_alarm() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 3)
    for slot in range(3 * WEEK, 3 * WEEK + SLOTS_PER_DAY):
        assert not quarter(rule, slot, 0)
    chance = Random(4)
    told = [
        slot for slot in range(3 * WEEK + SLOTS_PER_DAY, 5 * WEEK) if quarter(rule, slot, poisson(chance, usual(slot)))
    ]
    assert len(told) <= 2


def test_what_is_usual_survives_a_restart() -> None:
    before, after = UnusualForHour(RULE, 0), UnusualForHour(RULE, 0)
    weeks(before, 0, 3)
    after.restore(json.loads(json.dumps(before.snapshot(0.0))), -60.0, 1)
    noon = 3 * WEEK + 13 * 4
    assert not quarter(after, noon, 6)
    assert quarter(after, noon + 1, 60)


@pytest.mark.parametrize("part", ["counts", "slots", "learned", "spreads", "level", "doubted"])
def test_what_is_no_snapshot_is_refused_and_changes_nothing(part: str) -> None:
    before, after = UnusualForHour(RULE, 0), UnusualForHour(RULE, 0)
    weeks(before, 0, 1)
    state, fresh = before.snapshot(0.0), after.snapshot(0.0)
    assert isinstance(state, dict)
    with pytest.raises(ValueError, match=r"snapshot|week|rows"):
        after.restore({**state, part: [] if part != "doubted" else None}, 0.0, 1)
    assert after.snapshot(0.0) == fresh


def test_a_covered_camera_is_not_learned_as_a_quiet_shop_but_a_closed_tuesday_is() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 3)

    def tuesday(week: int) -> float:
        state = rule.snapshot(0.0)
        assert isinstance(state, dict)
        counts, slots = state["counts"], state["slots"]
        assert isinstance(counts, list)
        assert isinstance(slots, list)
        day = slice(24 + 9, 24 + 19)
        return sum(float(str(count)) for count in counts[day]) / sum(float(str(slot)) for slot in slots[day])

    def week_with_a_silent_tuesday(week: int) -> None:
        chance = Random(week)
        for slot in range(week * WEEK, (week + 1) * WEEK):
            silent = slot // SLOTS_PER_DAY % 7 == 1
            quarter(rule, slot, 0 if silent else poisson(chance, usual(slot)))

    before = tuesday(2)
    week_with_a_silent_tuesday(3)
    assert tuesday(3) == pytest.approx(before, rel=0.02)
    for week in range(4, 8):
        week_with_a_silent_tuesday(week)
    assert tuesday(7) < 0.75 * before


def test_a_blind_camera_teaches_nothing() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 1)
    learned = rule.snapshot(0.0)
    for slot in range(WEEK, WEEK + SLOTS_PER_DAY):
        for part in (0.0, 0.5, 0.99):
            view = View((slot + part) * SLOT_S, {}, {}, minute_of_week=slot % WEEK * 15, senses=Senses(blind="covered"))
            assert not list(rule.update(view))
    quarter(rule, WEEK + SLOTS_PER_DAY, 0)
    after = rule.snapshot(0.0)
    assert isinstance(learned, dict)
    assert isinstance(after, dict)
    assert after["counts"] == learned["counts"]


def test_what_was_told_of_is_not_learned_and_is_told_once() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 3)
    before = rule.snapshot(0.0)
    noon = 3 * WEEK + 12 * 4
    told = [bool(quarter(rule, slot, 40)) for slot in range(noon, noon + 4)]
    assert told == [True] * 4
    after = rule.snapshot(0.0)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["counts"] == before["counts"]
    assert not any(quarter(rule, slot, round(usual(slot))) for slot in range(noon + 9, noon + 16))


def test_five_times_as_many_for_good_are_usual_after_some_weeks() -> None:
    rule = UnusualForHour(RULE, 0)
    weeks(rule, 0, 3)
    first = weeks(rule, 3, 4, growth=1.2)
    assert len(first) > 50
    weeks(rule, 4, 8, seed=2, growth=0.6)
    assert len(weeks(rule, 8, 9, seed=3, growth=0.5)) < 0.1 * len(first)


def test_it_knows_nothing_without_the_time_of_the_week() -> None:
    rule = UnusualForHour(RULE, 0)
    assert not list(rule.update(View(0.0, {}, {})))


def test_minutes_spent_are_measured_too() -> None:
    rule = UnusualForHour(UnusualForHourRule(kind="unusual_for_hour", name="d", zone="z", measure="dwell"), 0)
    for slot in range(2 * WEEK):
        rule.update(View(slot * SLOT_S, {}, {}, minute_of_week=slot % WEEK * 15))
        list(rule.update(View(slot * SLOT_S, {}, {}, minute_of_week=slot % WEEK * 15)))
        list(rule.update(View((slot + 0.95) * SLOT_S, {}, {}, minute_of_week=slot % WEEK * 15)))
    start_s = 2 * WEEK * SLOT_S
    stays = {(i, 0): Stay(i, 0, start_s, start_s) for i in range(5)}
    hits = [hit for i in range(800) for hit in rule.update(View(start_s + i, {}, stays, minute_of_week=0))]
    assert hits
    assert hits[-1].factors["count"] == pytest.approx(5 * 799 / 60, rel=0.05)
