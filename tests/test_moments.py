"""Other devices' words for a time, on this camera's clock."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.moments import BadMoment, Told, moment_of
from hal.simulated.clock import ManualClock

NOW = 1_767_225_600.0


def clock(*, synchronised: bool = True) -> ManualClock:
    return ManualClock(1000.0, utc_s=NOW, synchronised=synchronised)


def utc(age_s: float) -> str:
    return datetime.fromtimestamp(NOW - age_s, UTC).isoformat()


def test_without_a_time_it_is_now() -> None:
    assert moment_of(Told(), clock(), least_error_s=3.0, oldest_s=60) == (moment_of(Told(), clock(), oldest_s=60))
    assert (moment_of(Told(), clock(), oldest_s=60).t_s, moment_of(Told(), clock(), oldest_s=60).error_s) == (
        1000.0,
        0.0,
    )


@given(st.floats(0, 3000), st.sampled_from([-11, 0, 5]))
def test_utc_and_age_mean_the_same(age_s: float, hours: int) -> None:
    by_age = moment_of(Told(age_s=age_s), clock(), oldest_s=3600)
    zone = timezone(timedelta(hours=hours))
    by_utc = moment_of(Told(utc=datetime.fromtimestamp(NOW - age_s, zone).isoformat()), clock(), oldest_s=3600)
    assert by_age.t_s == pytest.approx(1000.0 - age_s)
    assert by_utc.t_s == pytest.approx(by_age.t_s, abs=1e-5)


def test_the_larger_bound_of_the_two_holds() -> None:
    assert moment_of(Told(utc=utc(5), error_s=1), clock(), least_error_s=3, oldest_s=60).error_s == 3
    assert moment_of(Told(utc=utc(5), error_s=9), clock(), least_error_s=3, oldest_s=60).error_s == 9
    assert moment_of(Told(age_s=5), clock(), least_error_s=3, oldest_s=60).error_s == 3


@pytest.mark.parametrize("here", [True, False])
def test_an_absolute_time_means_nothing_while_a_clock_is_not_set(here: bool) -> None:
    told = Told(utc=utc(5), synchronised=not here)
    assert math.isinf(moment_of(told, clock(synchronised=here), oldest_s=60).error_s)
    assert moment_of(Told(age_s=5), clock(synchronised=here), oldest_s=60).t_s == 995.0


def test_a_little_ahead_is_now_and_far_ahead_is_a_mistake() -> None:
    assert moment_of(Told(utc=utc(-1.5)), clock(), oldest_s=60).t_s == 1000.0
    with pytest.raises(BadMoment, match="30 s ahead"):
        moment_of(Told(utc=utc(-30)), clock(), oldest_s=60)
    assert moment_of(Told(utc=utc(-30)), clock(), least_error_s=40, oldest_s=60).error_s == 40


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (Told(utc=utc(1), age_s=1), "not both"),
        (Told(utc=utc(61)), "61 s old"),
        (Told(age_s=61), "61 s old"),
        (Told(utc="yesterday"), "no ISO 8601"),
        (Told(utc="2026-01-01T00:00:00"), "offset"),
        (Told(utc="0001-01-01T00:00:00+23:59"), "old|calendar"),
    ],
)
def test_what_cannot_be_used_is_said(told: Told, message: str) -> None:
    with pytest.raises(BadMoment, match=message):
        moment_of(told, clock(), oldest_s=60)


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    try:
        moment = moment_of(Told(utc=text), clock(), oldest_s=60)
    except BadMoment:
        return
    assert moment.t_s <= 1000.0
