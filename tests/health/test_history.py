"""The history of the camera's own figures: hours, days, and clocks that jump."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agent.health.history import (
    DAY_S,
    DAYS_KEPT,
    HOUR_S,
    HOURS_KEPT_DAYS,
    MOST_AN_HOUR,
    UNSURE_HOURS,
    DayRecord,
    History,
)

NOON_S = 20_000 * DAY_S + 12 * HOUR_S
DAY = 20_000


def filled(hours: int, *, metric: str = "soc_temp_c", sure: bool = True, from_s: float = NOON_S) -> History:
    """The temperature is the number of the hour; four readings each."""
    history = History()
    for hour in range(hours):
        for minute in range(0, 60, 15):
            history.take(metric, float(hour), from_s + hour * HOUR_S + minute * 60, sure)
    return history


def test_hours_and_days_are_medians() -> None:
    history = filled(25)
    assert list(history.hourly("soc_temp_c"))[:2] == [(NOON_S, 0.0), (NOON_S + HOUR_S, 1.0)]
    assert dict(history.daily("soc_temp_c")) == {DAY: 5.5, DAY + 1: 17.5}
    assert dict(history.daily("soc_temp_c", before_day=DAY + 1)) == {DAY: 5.5}
    assert history.changed == {DAY, DAY + 1}


def test_an_outlier_moves_nothing_and_flags_are_shares() -> None:
    history = History()
    for minute in range(60):
        history.take("soc_temp_c", 500.0 if minute == 7 else 50.0, NOON_S + minute * 60, True)
        history.take("throttled", float(minute < 15), NOON_S + minute * 60, True)
    history.close_hour()
    assert history.hours[NOON_S // HOUR_S] == {"soc_temp_c": 50.0, "throttled": 0.25}


def test_what_is_unknown_or_no_number_is_left_out() -> None:
    history = History()
    for metric, value in (("nonsense", 1.0), ("soc_temp_c", math.nan), ("soc_temp_c", math.inf)):
        history.take(metric, value, NOON_S, True)
    history.close_hour()
    assert history.days == {}


def test_an_hour_holds_only_so_much() -> None:
    history = History()
    for second in range(3599):
        history.take("soc_temp_c", float(second), NOON_S + second, True)
    assert len(history._open["soc_temp_c"]) == MOST_AN_HOUR
    history.close_hour()
    assert history.hours[NOON_S // HOUR_S]["soc_temp_c"] == pytest.approx(3538, abs=60)


def test_a_day_is_kept_and_comes_back() -> None:
    history, again = filled(30), History()
    for day in history.changed:
        again.restore(day, history.record(day))
    assert list(again.hourly("soc_temp_c")) == list(history.hourly("soc_temp_c"))
    assert again.days == history.days
    again.restore(DAY - 9, DayRecord({"gone_metric": 1.0, "fps": 9.0}, {"gone_metric": [1.0]}))
    assert again.days[DAY - 9] == {"fps": 9.0}


def test_what_is_old_goes() -> None:
    history = filled(3)
    history.changed.clear()
    history.trim(NOON_S + (HOURS_KEPT_DAYS + 1) * DAY_S)
    assert (history.hours, len(history.days), history.changed) == ({}, 1, {DAY})
    history.trim(NOON_S + (DAYS_KEPT + 1) * DAY_S)
    assert (history.days, history.changed) == ({}, set())


def test_hours_of_an_unsure_clock_wait_and_move_when_it_is_set() -> None:
    history = filled(4, sure=False, from_s=3 * HOUR_S)
    assert history.days == {}
    history.moved(NOON_S - 3 * HOUR_S, True)
    history.close_hour()
    assert dict(history.daily("soc_temp_c")) == {DAY: 1.5}
    assert next(iter(history.hourly("soc_temp_c")))[0] == NOON_S


def test_a_clock_that_nobody_ever_sets_goes_on_where_the_history_ends() -> None:
    history = filled(3)
    for hour in range(UNSURE_HOURS + 1):
        history.take("soc_temp_c", 70.0, hour * HOUR_S, False)
    hours = [begun // HOUR_S for begun, _ in history.hourly("soc_temp_c")]
    assert hours == list(range(hours[0], hours[0] + len(hours)))
    assert len(hours) >= UNSURE_HOURS + 1


def test_what_lies_in_the_future_was_a_mistake() -> None:
    history = filled(30)
    history.forget_after(NOON_S + HOUR_S)
    assert [value for _, value in history.hourly("soc_temp_c")] == [0.0, 1.0]
    assert list(history.days) == [DAY]


def test_series_bring_load_and_what_stands_in_for_warmth() -> None:
    history = History()
    for day in range(5):
        for metric, value in (("soc_temp_c", 50.0 + day), ("load_1min", 1.0), ("fps", 15.0)):
            history.take(metric, value, NOON_S + day * DAY_S, True)
    history.turn(NOON_S + 5 * DAY_S, True)
    fps, heat = history.series("fps", DAY + 4), history.series("soc_temp_c", DAY + 4)
    assert (list(fps.days), list(fps.values)) == ([DAY, DAY + 1, DAY + 2, DAY + 3], [15.0] * 4)
    assert list(fps.warmth) == [50.0, 51.0, 52.0, 53.0]
    assert np.isnan(heat.warmth).all()
    assert list(heat.load) == [1.0] * 4
    assert history.series("wifi_signal_dbm", DAY).days.size == 0
