"""Simulated weeks of counts: reproducible, with the pattern, holidays, outages and bursts that they claim."""

from dataclasses import replace

import numpy as np
import pytest

from hal.simulated.scenario.weeks import DAY_QUARTERS, QUARTER_S, WEEK_QUARTERS, WeeksPlan, ZoneWeeks, random_plan

CALM = WeeksPlan(weeks=6, drift=0.0, holidays=0, promotions=0, power_cuts=0, blindings=0, bursts_per_week=0.0)


def come(zone: ZoneWeeks) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How many people come, a quarter."""
    return np.array([len(zone.stays(quarter)) for quarter in range(zone.quarters)], np.float64)


def test_the_same_seed_gives_the_same_weeks() -> None:
    first, again, other = (ZoneWeeks(random_plan(3), seed) for seed in (3, 3, 4))
    assert [first.stays(q) for q in range(800)] == [again.stays(q) for q in range(800)]
    assert first.bursts == again.bursts
    assert [first.stays(q) for q in range(800)] != [other.stays(q) for q in range(800)]


def test_as_many_come_as_are_expected_and_nobody_at_night() -> None:
    zone = ZoneWeeks(CALM, 1)
    count = come(zone)
    assert count.sum() == pytest.approx(zone.expected.sum(), rel=0.05)
    assert not count[zone.usual == 0].any()
    assert np.corrcoef(count, zone.usual)[0, 1] > 0.7


def test_people_in_groups_vary_more_than_poisson() -> None:
    zone = ZoneWeeks(CALM, 2)
    busy = zone.usual > 3
    ratio = ((come(zone) - zone.expected)[busy] ** 2).sum() / zone.expected[busy].sum()
    assert 1.6 < ratio < 3.5


def test_a_burst_brings_five_times_as_many() -> None:
    zone = ZoneWeeks(replace(CALM, bursts_per_week=7.0, busiest=20.0), 3)
    assert len(zone.bursts) > 10
    ratios = []
    for burst in zone.bursts:
        quarters = range(int(burst.start_s // QUARTER_S), int(burst.end_s // QUARTER_S) + 1)
        people = [s for q in quarters for s in zone.stays(q) if burst.start_s <= s.start_s < burst.end_s]
        usual = np.mean([zone.expected[q] for q in quarters]) * (burst.end_s - burst.start_s) / QUARTER_S
        ratios.append(len(people) / usual)
    assert np.mean(ratios) == pytest.approx(5.0, rel=0.1)
    assert min(burst.start_s for burst in zone.bursts) >= 2 * WEEK_QUARTERS * QUARTER_S


def test_holidays_are_closed_and_covered_cameras_see_nobody() -> None:
    zone = ZoneWeeks(replace(CALM, holidays=2, blindings=3), 5)
    days = zone.expected.reshape(-1, DAY_QUARTERS).sum(1)
    assert 1 <= (days == 0).sum() - (zone.usual.reshape(-1, DAY_QUARTERS).sum(1) == 0).sum() <= 2
    assert len(zone.blindings) == 3
    for dark in zone.blindings:
        for quarter in range(int(dark.start_s // QUARTER_S) + 1, min(int(dark.end_s // QUARTER_S), zone.quarters)):
            assert not zone.stays(quarter)


def test_the_level_drifts_by_as_much_as_planned() -> None:
    zone = ZoneWeeks(replace(CALM, drift=0.4, weeks=8), 6)
    weeks = zone.usual.reshape(8, -1).sum(1)
    assert weeks[-1] / weeks[0] == pytest.approx(1.35 / 1.0, rel=0.03)
