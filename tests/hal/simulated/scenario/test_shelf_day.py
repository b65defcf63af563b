"""A day at a shelf: what its diary says happens in its pictures, and its truth follows from it."""

import itertools
from functools import cache

import pytest

from hal.simulated.scenario.shelf_acts import QUIET_S
from hal.simulated.scenario.shelf_day import ShelfDay
from hal.simulated.scenario.shelf_diary import ShelfPlan
from hal.simulated.scenario.shelf_layouts import shelf_layout

SEEDS = (3, 7, 12)


@cache
def day(seed: int) -> ShelfDay:
    return ShelfDay(shelf_layout(seed % 3), ShelfPlan(), seed)


def gone(seed: int, t_s: float) -> frozenset[int]:
    return day(seed).scenery(t_s).furnishing.gone


def test_the_same_seed_is_the_same_day() -> None:
    again = ShelfDay(shelf_layout(0), ShelfPlan(), 3)
    assert again.truth == day(3).truth
    assert again.people == day(3).people
    assert again.scenery(500.0).furnishing == day(3).scenery(500.0).furnishing
    assert ShelfDay(shelf_layout(0), ShelfPlan(), 4).truth != day(3).truth


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sweep_takes_six_items_within_half_a_minute(seed: int) -> None:
    sweeps = [one for one in day(seed).truth if one.kind == "shelf_sweep" and one.sure]
    assert sweeps
    for sweep in sweeps:
        before, after = gone(seed, sweep.start_s - 30.0), gone(seed, sweep.start_s + 25.0)
        assert len(after - before) >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_stands_there_with_nobody_who_brought_it(seed: int) -> None:
    for left in (one for one in day(seed).truth if one.kind == "left_object"):
        there = day(seed).scenery((left.start_s + left.end_s) / 2).furnishing.things
        assert set(there) - set(day(seed).scenery(left.end_s + 1.0).furnishing.things)
        assert left.end_s - left.start_s > 60


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_removed_was_there_from_the_beginning(seed: int) -> None:
    for removed in (one for one in day(seed).truth if one.kind == "removed_object"):
        gone_s = removed.start_s - 60
        assert set(day(seed).scenery(10.0).furnishing.things) - set(day(seed).scenery(gone_s + 1.0).furnishing.things)


@pytest.mark.parametrize("seed", range(3, 11))
def test_no_two_things_stand_in_one_place(seed: int) -> None:
    for step in day(seed).diary.steps:
        there = [thing.rect for thing in day(seed).scenery(step.t_s + 0.01).furnishing.things]
        for first, second in itertools.combinations(there, 2):
            apart = first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
            assert apart, f"{first} and {second} at {step.t_s}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_begins_quiet_and_ends_with_everybody_gone(seed: int) -> None:
    assert not day(seed).figures(QUIET_S - 20)
    assert not day(seed).figures(day(seed).length_s - 1)
    assert day(seed).length_s >= max(one.end_s for one in day(seed).truth)
    assert all(way.start_s > 0 for way in (person.itinerary for person in day(seed).people))


def test_staff_take_their_key_with_them() -> None:
    inputs = [one for seed in SEEDS for one in day(seed).inputs]
    assert sum(one.active for one in inputs) == sum(not one.active for one in inputs) > 0


def test_the_light_changes_and_comes_back() -> None:
    scenes = [day(3).scenery(t_s) for t_s in range(0, int(day(3).length_s), 5)]
    assert len({one.gain for one in scenes}) > 3
    assert any(one.sun for one in scenes)
    assert any(one.furnishing.lamps for one in scenes)
    assert sum(one.gain == 1.0 and one.sun is None for one in scenes) > len(scenes) / 5
