"""Days at a till: each case is what it says, and the same seed gives the same day."""

from collections import defaultdict
from itertools import pairwise

import pytest

from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.till import CASES, EXCEPTIONS, LATE_S, TillDay, TillPlan, TillTruth, watched

PLAN = TillPlan(
    (("served", 2), ("empty", 2), ("left", 2), ("just left", 2), ("hidden", 1), ("blind", 2), ("sale", 1)), 1
)


@pytest.fixture(scope="module", params=[0, 7])
def day(request: pytest.FixtureRequest) -> TillDay:
    return TillDay(shop_layout(request.param), PLAN, seed=11)


@pytest.fixture(scope="module")
def truths(day: TillDay) -> dict[str, list[TillTruth]]:
    found: dict[str, list[TillTruth]] = defaultdict(list)
    for truth in day.truths():
        found[truth.booking.case].append(truth)
    return found


def test_each_case_is_what_it_says(truths: dict[str, list[TillTruth]]) -> None:
    assert {case: len(found) for case, found in truths.items()} == dict(PLAN.cases)
    assert not any(truth.customer is False for truth in truths["served"])
    assert not any(truth.customer for case in ("empty", "left", "hidden", "blind") for truth in truths[case])
    assert sum(truth.knowable for case in ("empty", "left") for truth in truths[case]) >= 3
    assert all(truth.blind and not truth.knowable for truth in truths["blind"])
    assert not any(truth.knowable for truth in truths["hidden"])


def test_bookings_keep_to_the_clock_bound_and_some_come_late(day: TillDay) -> None:
    assert {round(b.told_s - b.t_s, 6) for b in day.bookings} == {
        round(day.bookings[0].told_s - day.bookings[0].t_s, 6)
    }
    assert all(abs(b.told_s - b.t_s) <= PLAN.skew_s and 0 < b.delivered_s - b.t_s <= LATE_S[1] for b in day.bookings)
    assert {b.kind for b in day.bookings if b.case == "sale"} == {"sale"}
    assert {b.kind for b in day.bookings if b.case != "sale"} <= set(EXCEPTIONS)


def test_the_same_seed_gives_the_same_day(day: TillDay) -> None:
    again = TillDay(day.layout, PLAN, seed=11)
    assert again.bookings == day.bookings
    assert [person.itinerary for person in again.people] == [person.itinerary for person in day.people]
    assert TillDay(day.layout, PLAN, seed=12).bookings != day.bookings


def test_an_idle_camera_looks_round_every_booking_and_time_never_runs_back(day: TillDay) -> None:
    times = [frame.t_s for frame in watched(frames(day, 5.0), day)]
    assert times == sorted(times)
    for booking in day.bookings:
        near = [t_s for t_s in times if booking.t_s - 40 <= t_s <= booking.t_s + 40]
        assert max(b - a for a, b in pairwise(near)) <= 2.0
        assert any(booking.delivered_s <= t_s <= booking.delivered_s + 2 for t_s in times)


def test_the_usual_day_has_every_case() -> None:
    assert dict(TillPlan().cases) == CASES
