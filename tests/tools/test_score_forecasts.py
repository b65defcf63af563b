"""The score of the forecasts counts what it says it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.health.calibration import CORRECTIONS, Correction
from agent.health.forecast import MODEL_ERROR, Forecast, bounds
from hal.simulated.board_traces import Episode
from tools.calibrate_forecasts import Stray, correction, drawn
from tools.health_scores.follow import Point, Story, Ticket, follow
from tools.health_scores.forecasts import is_right, judged, resampled, scored

FORECAST = Forecast("lens_detail", 0, 1.0, 1.2, -0.01, 20.0, 12.0, 30.0, 0.001, 30, 70)
GRADUAL = Episode("lens_detail", 100.0, 160.0, 163.0, False)
SUDDEN = Episode("lens_detail", 300.0, 301.0, 305.0, True)


def story(tickets: list[Ticket], leads: dict[int, float] | None = None) -> Story:
    points = [
        Point(0, day, replace(FORECAST, lead_days=lead, low_days=lead * 0.8, high_days=lead * 1.3))
        for day, lead in (leads or {}).items()
    ]
    return Story(1, 420, [GRADUAL, SUDDEN], tickets, points)


def figures(told: Story) -> dict[str, float | None]:
    return {row.figure: row.value for row in scored([told])}


def test_a_warning_counts_when_it_stands_a_week_before() -> None:
    assert story([Ticket("lens_detail", 140, 163)]).warned(0)
    assert not story([Ticket("lens_detail", 154, 163)]).warned(0), "too late"
    assert not story([Ticket("lens_detail", 130, 150)]).warned(0), "taken back"
    assert not story([Ticket("focus_detail", 140, 163)]).warned(0)


def test_tickets_are_true_when_the_end_is_near_and_gradual() -> None:
    tickets = [Ticket("lens_detail", day, day + 5) for day in (50, 101, 140, 299, 300)]
    assert judged([story(tickets)]) == (5, 1)
    found = figures(story(tickets))
    assert found["tickets that were true"] == pytest.approx(0.2)
    assert found["false tickets a device-year"] == pytest.approx(4 / (420 / 365.25))


def test_half_way_the_lead_must_be_nearly_right() -> None:
    assert is_right(story([], {120: 99.0, 140: 23.0}), 0)
    assert not is_right(story([], {120: 99.0, 140: 25.0}), 0)
    assert not is_right(story([]), 0)
    assert not is_right(story([], {120: 40.0}), 0), "nothing was told half-way"


def test_intervals_count_course_by_course() -> None:
    found = figures(story([], {120: 40.0, 130: 30.0, 140: 90.0, 150: 10.0}))
    assert found["80 % intervals cover"] == pytest.approx(0.75)
    low, high = resampled([[1.0], [0.0], [1.0], [1.0], []])
    assert 0.0 <= low < 0.75 < high <= 1.0


def test_corrections_are_quantiles_in_which_each_course_weighs_the_same() -> None:
    many = [Stray("x", (1, 0), 5.0)] * 500 + [Stray("x", (seed, 0), float(seed)) for seed in range(2, 12)]
    assert correction(many).middle == pytest.approx(6.0, abs=1.0)


def test_what_was_drawn_is_found_again_in_what_was_told() -> None:
    told = CORRECTIONS.get("lens_detail", Correction(0, 0, 0))
    low, middle, high = bounds(20.0, 0.2, told)
    lead, doubt = drawn(replace(FORECAST, lead_days=middle, low_days=low, high_days=high))
    assert lead == pytest.approx(20.0)
    assert doubt == pytest.approx(0.2)
    assert MODEL_ERROR < 0.2


def test_a_unit_is_followed_by_the_products_own_method() -> None:
    told = follow(5000)
    assert told.episodes
    assert all(0 <= ticket.opened < ticket.closed <= told.days for ticket in told.tickets)
    assert all(not told.episodes[point.episode].sudden for point in told.points)
