"""Forecasts from daily medians: what is told, when, for which reason; and tickets over many days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.health.forecast import Forecast, Outlook, Series, Served, foretell, is_due
from agent.health.telling import fields, sentence
from agent.health.tickets import ASKED_DAYS, GONE_DAYS, Tickets
from agent.health.trends import F64
from agent.health.watched import KNOWN, PARTS, WATCHED, concerned, parts_named
from hal.simulated.board_traces import KINDS, persistent

TODAY = 400


def series(values: F64, load: float = 1.0) -> Series:
    """The days before TODAY, one by one."""
    count = len(values)
    nothing = np.full(count, np.nan)
    return Series(np.arange(TODAY - count, TODAY, dtype=np.int64), values, np.full(count, load), nothing)


def noise(count: int, deviation: float, seed: int = 1) -> F64:
    return persistent(np.random.default_rng(seed), count, deviation, 0.4)


def outlook(metric: str, values: F64, served: Served | None = None) -> Outlook:
    return foretell(WATCHED[metric], series(values), TODAY, served or Served())


def some(**figures: float) -> Forecast:
    told = outlook("disk_free_pct", 40 - 0.5 * np.arange(50) + noise(50, 0.3)).forecast
    assert told is not None
    return replace(told, **figures)  # type: ignore[arg-type]


def test_every_simulated_metric_is_watched_and_every_watched_one_known() -> None:
    assert set(KINDS) <= set(WATCHED) <= set(KNOWN)
    assert all(one.parts and {*one.parts, *one.touched_by} <= set(PARTS) for one in WATCHED.values())


def test_a_disk_that_fills_is_foretold_with_evidence() -> None:
    told = outlook("disk_free_pct", 40 - 0.5 * np.arange(50) + noise(50, 0.3)).forecast
    assert told is not None
    assert told.low_days < told.lead_days < told.high_days
    assert told.low_days < 21 < told.high_days, "15.5 % above 5 % at half a per cent a day, seen from the day after"
    assert told.slope_per_day == pytest.approx(-0.5, abs=0.03)
    assert told.p < 0.001
    assert (told.threshold, told.metric) == (5.0, "disk_free_pct")
    assert 1 <= told.check_again_days <= 14


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("soc_temp_c", 60 + noise(100, 1.0)),
        ("soc_temp_c", 60 - 0.2 * np.arange(60) + noise(60, 0.3)),
        ("soc_temp_c", 50 + 0.02 * np.arange(120) + noise(120, 0.2)),
        ("disk_free_pct", 40 - 0.5 * np.arange(9)),
    ],
    ids=["flat", "gets better", "too slow to matter", "too few days"],
)
def test_what_is_no_way_to_a_threshold_is_not_told(metric: str, values: F64) -> None:
    assert outlook(metric, values).forecast is None


def test_days_that_are_long_over_foretell_nothing() -> None:
    old = series(40 - 0.5 * np.arange(50) + noise(50, 0.3))
    assert foretell(WATCHED["disk_free_pct"], old, TODAY + 30).forecast is None


def test_a_relative_threshold_stands_beside_what_was_usual() -> None:
    loss = np.maximum(np.arange(60) - 20, 0) * 0.008
    told = outlook("lens_detail", 1.4 - loss + noise(60, 0.01))
    assert told.threshold == pytest.approx(0.9, abs=0.03)
    assert told.forecast is not None
    assert told.forecast.low_days < 23 < told.forecast.high_days


def test_a_noted_cleaning_begins_a_new_course() -> None:
    dirty = 1.4 - 0.008 * np.arange(40)
    values = np.concatenate([dirty, np.full(15, 1.4)]) + noise(55, 0.01)
    assert outlook("lens_detail", values, Served(restored=TODAY - 16)).forecast is None


def test_a_cleaning_that_nobody_noted_is_seen() -> None:
    dirty = 1.4 - 0.008 * np.arange(40)
    found = outlook("lens_detail", np.concatenate([dirty, np.full(20, 1.4)]) + noise(60, 0.01))
    assert found.forecast is None
    assert found.step is not None
    assert (found.step.day, found.step.size > 0.2) == (TODAY - 20, True)


def test_a_cleaned_lens_may_sharpen_the_picture_but_does_not_move_the_focus_back() -> None:
    drifting = 4.0 - 0.008 * np.arange(60) + np.where(np.arange(60) >= 40, 0.15, 0.0) + noise(60, 0.015)
    found = outlook("focus_detail", drifting, Served(touched=TODAY - 21))
    assert found.threshold == pytest.approx(3.3, abs=0.05)
    assert found.forecast is not None
    assert found.forecast.slope_per_day == pytest.approx(-0.008, abs=0.001)


def test_a_crystal_may_drift_to_either_side() -> None:
    told = outlook("clock_frequency_ppm", -(20 + 0.8 * np.arange(60)) + noise(60, 0.5)).forecast
    assert told is not None
    assert told.low_days < 41 < told.high_days


def test_wear_told_in_steps_is_drawn_on_within_them() -> None:
    told = outlook("storage_life_used_pct", np.ceil((30 + 0.25 * np.arange(200)) / 10) * 10).forecast
    assert told is not None
    assert told.low_days <= 41 <= told.high_days
    assert "guess" in fields(told)


def test_a_ticket_needs_an_end_that_is_near_and_sure() -> None:
    near, unsure, far = some(lead_days=20.0, high_days=40.0), some(lead_days=20.0, high_days=90.0), some(lead_days=50.0)
    assert is_due(near, before=False)
    assert not is_due(unsure, before=False)
    assert is_due(unsure, before=True), "what was said stands until the end is clearly further off"
    assert not is_due(far, before=True)


def test_tickets_are_opened_once_and_closed_when_it_is_over() -> None:
    tickets, near = Tickets(), some(lead_days=20.0, high_days=40.0)
    changes = [tickets.update(day, {near.metric: replace(near, day=day)}) for day in range(100, 110)]
    assert [len(one) for one in changes] == [1, *[0] * (ASKED_DAYS - 2), 1, *[0] * (10 - ASKED_DAYS)]
    assert changes[ASKED_DAYS - 1][0][0].due
    gone = [tickets.update(day, {near.metric: None}) for day in range(110, 110 + GONE_DAYS)]
    assert [len(one) for one in gone] == [*[0] * (GONE_DAYS - 1), 1]
    assert gone[-1][0][1] is False
    assert tickets.told == {}


def test_a_forecast_is_told_in_a_sentence() -> None:
    assert sentence(some(low_days=9.3, high_days=14.2)).endswith("within 9-14 days")
    assert sentence(some(low_days=0.2, high_days=0.9)).endswith("within 0-1 days")
    assert fields(some())["state"] == "foreseen"


def test_words_name_parts_and_parts_begin_trends_anew() -> None:
    assert parts_named("Cleaned lens") == ("lens",)
    assert {"lens_detail", "focus_detail"} <= set(concerned(parts_named("cleaned the lens")))
    assert {"storage_wear_pct", "storage_life_used_pct"} <= set(concerned(parts_named("new card")))
    assert parts_named("had a coffee") == ()
