from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.simulated.optics import inside
from hal.simulated.scenario.day import NIGHT, CameraDay, DayPlan
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.truth import Happening, happenings
from hal.simulated.scenario.ways import bridged, depth_inside, spans

NOBODY = replace(NIGHT, burglars=0)


def planned(**counts: int) -> DayPlan:
    return replace(NOBODY, **counts)


def truth(layout: int = 1, seed: int = 3, **counts: int) -> tuple[Happening, ...]:
    return happenings(CameraDay(shop_layout(layout), planned(**counts), seed))


def kinds(found: Iterable[Happening]) -> set[str]:
    return {one.kind for one in found if one.sure}


def test_nobody_means_nothing() -> None:
    assert truth() == ()


@pytest.mark.parametrize("layout", [0, 1, 2])
def test_each_purpose_is_one_happening(layout: int) -> None:
    assert [one.kind for one in truth(layout, loiterers=1)].count("loitering") == 1
    assert [one.kind for one in truth(layout, intruders=1)].count("restricted") == 1
    assert [one.kind for one in truth(layout, returners=1)].count("revisit") == 1


@pytest.mark.parametrize("layout", [0, 1, 2])
def test_who_does_nothing_of_the_kind_is_not_said_to(layout: int) -> None:
    found = truth(layout, shoppers=10, hesitants=4, restockers=1)
    assert not {"loitering", "restricted", "revisit", "running"} & {one.kind for one in found}


def test_everybody_comes_in_and_goes_out_once() -> None:
    found = truth(shoppers=8, seed=4)
    crossings = [one for one in found if one.kind == "line_crossing"]
    for person in range(1, 9):
        assert [one.direction for one in crossings if one.person == person] == ["in", "out"]


def test_loitering_begins_after_the_time_that_it_takes() -> None:
    day = CameraDay(shop_layout(1), planned(loiterers=3), 3)
    for one in happenings(day):
        if one.kind == "loitering":
            way = next(person for person in day.people if person.id == one.person).itinerary
            spirits = next(zone for zone in day.layout.zones if zone.name == "spirits")
            at = way.positions(np.array([one.start_s - 29.9, one.start_s - 30.4]))
            assert [inside(spirits.floor, *point) for point in at] == [True, False]


def test_a_burglar_is_out_of_hours_from_the_first_moment_in_sight() -> None:
    found = happenings(CameraDay(shop_layout(1), NIGHT, 2))
    assert "after_hours" in kinds(found)
    assert all(one.start_s < 8 * 3600 for one in found)


def test_a_burglar_who_is_hidden_for_a_moment_is_still_the_same_burglar() -> None:
    day = CameraDay(shop_layout(1), NIGHT, 2)
    (one,) = (one for one in happenings(day) if one.kind == "after_hours" and one.sure)
    middle_s = (one.start_s + one.end_s) / 2
    hidden = happenings(day, hidings={one.person: [(middle_s - 1.0, middle_s + 1.0)]})
    assert [again for again in hidden if again.kind == "after_hours" and again.sure] == [one]


def test_who_comes_in_behind_a_member_tailgates() -> None:
    found = truth(members=2, tailgaters=3)
    assert sum(one.kind == "tailgating" for one in found) == 3
    assert all(one.place == "entrance" for one in found if one.kind == "tailgating")


def test_leaving_the_expensive_shelf_without_paying_is_a_bypass_and_with_paying_is_not() -> None:
    assert [one.kind for one in truth(bypassers=2)].count("checkout_bypass") == 2
    assert "checkout_bypass" not in kinds(truth(hesitants=3, loiterers=2))


@pytest.mark.parametrize("layout", [0, 5003, 5005])
def test_whoever_takes_something_and_is_out_in_the_end_has_bypassed_the_till_however_they_left(layout: int) -> None:
    found = [one for one in truth(layout, bypassers=5, runners=5) if one.kind == "checkout_bypass"]
    assert {one.person for one in found} == set(range(1, 11))
    assert all(one.direction == "" and one.place == "entrance" for one in found)


@pytest.mark.parametrize("layout", [0, 5002, 5004])
def test_nobody_who_pays_or_takes_nothing_has_surely_bypassed_the_till(layout: int) -> None:
    found = truth(layout, shoppers=12, hesitants=3, loiterers=2, families=1)
    assert "checkout_bypass" not in kinds(found)


def test_runners_run() -> None:
    assert "running" in kinds(truth(runners=2))


def test_a_queue_of_five_is_a_crowd_of_four() -> None:
    found = [one for seed in range(4) for one in truth(queues=1, seed=seed) if one.kind == "crowding"]
    assert found
    assert {one.place for one in found} == {"queue"}


@pytest.mark.parametrize("layout", [0, 1, 2])
def test_pacers_are_erratic_and_shoppers_are_not(layout: int) -> None:
    found = [one for one in truth(layout, pacers=5) if one.kind == "erratic"]
    assert len({one.person for one in found}) == 5
    assert sum(one.sure for one in found) >= 4
    assert "erratic" not in kinds(truth(layout, shoppers=10, restockers=1))


@pytest.mark.parametrize("layout", [0, 1, 2])
def test_leaving_by_the_entrance_is_the_wrong_way_and_coming_in_is_not(layout: int) -> None:
    assert "wrong_way" in kinds(truth(layout, strays=3))
    assert not [one for one in truth(layout, entrants=5) if one.kind == "wrong_way"]


def test_who_waits_for_minutes_needs_help_unless_staff_is_about() -> None:
    found = [one for one in truth(seekers=1) if one.kind == "assistance"]
    assert len(found) == 1
    day = CameraDay(shop_layout(1), replace(planned(seekers=4, restockers=3), closes_h=9.2), 3)
    helped = [one for one in happenings(day) if one.kind == "assistance"]
    assert len(helped) < 4
    assert not [one for one in helped if any(a <= one.start_s <= b + 290 for a, b in day.staff)]


def test_nobody_intrudes_while_staff_is_about() -> None:
    day = CameraDay(shop_layout(1), replace(planned(intruders=12, restockers=3), closes_h=9.2), 3)
    found = [one for one in happenings(day) if one.kind == "restricted" and one.sure]
    assert 0 < len(found) < 12
    assert not [one for one in found if any(a <= one.start_s <= b for a, b in day.staff)]


def test_a_queue_of_four_is_long() -> None:
    found = [one for seed in range(3) for one in truth(queues=1, seed=seed) if one.kind == "queue"]
    assert {one.place for one in found} == {"queue"}
    assert all(one.end_s > one.start_s for one in found)


SQUARE = np.array([(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)])


@given(st.floats(0, 1), st.floats(0, 1))
def test_depth_in_a_square(x: float, y: float) -> None:
    (depth,) = depth_inside(SQUARE, np.array([(x, y)]))
    edge = min(x - 0.2, 0.8 - x, y - 0.2, 0.8 - y)
    if edge > 1e-9:
        assert depth == pytest.approx(edge)
    else:
        outside = np.hypot(max(0.2 - x, 0, x - 0.8), max(0.2 - y, 0, y - 0.8))
        assert abs(depth) == pytest.approx(outside, abs=1e-9)
        assert depth <= 1e-9


def test_spans_and_bridges() -> None:
    times = np.arange(8) / 2
    found = spans(times, np.array([1, 1, 0, 1, 0, 0, 0, 1], dtype=bool))
    assert found == [(0.0, 0.5), (1.5, 1.5), (3.5, 3.5)]
    assert bridged(found, 1.0) == [(0.0, 1.5), (3.5, 3.5)]
    assert spans(times, np.zeros(8, dtype=bool)) == []


def test_an_onset_that_is_hidden_is_shown_when_the_person_is_in_sight_again() -> None:
    day = CameraDay(shop_layout(1), planned(intruders=1), 3)
    (plain,) = (one for one in happenings(day) if one.kind == "restricted")
    hidings = {plain.person: [(plain.start_s - 0.5, plain.start_s + 2.0)]}
    (hidden,) = (one for one in happenings(day, hidings=hidings) if one.kind == "restricted")
    assert plain.shown_s is not None
    assert hidden.shown_s is not None
    assert hidden.start_s == plain.start_s <= plain.shown_s
    assert hidden.shown_s == pytest.approx(plain.start_s + 2.0, abs=0.11)
    assert hidden.off_s(plain.start_s + 1.0) == 0.0
    assert hidden.off_s(hidden.shown_s + 0.7) == pytest.approx(0.7)
    assert hidden.off_s(plain.start_s - 0.4) == pytest.approx(-0.4)
