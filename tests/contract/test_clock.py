"""Every clock keeps the same promises: never backwards, sleeping takes at least as long as asked."""

from __future__ import annotations

import threading

import pytest

from hal.ports import Clock, WallTime
from hal.simulated.clock import ManualClock
from hal.system import SystemClock


@pytest.fixture(params=["system", "manual"])
def clock(request: pytest.FixtureRequest) -> Clock:
    return SystemClock() if request.param == "system" else ManualClock()


def test_monotonic_never_goes_back(clock: Clock) -> None:
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.02])
def test_sleep_lasts_at_least_as_long_as_asked(clock: Clock, seconds: float) -> None:
    before = clock.monotonic()
    clock.sleep(seconds)
    assert clock.monotonic() - before >= seconds


def test_a_negative_sleep_is_refused(clock: Clock) -> None:
    with pytest.raises(ValueError):
        clock.sleep(-0.1)


def test_wall_time_is_of_this_century_and_runs_along(clock: Clock) -> None:
    before = clock.wall()
    clock.sleep(0.01)
    assert before.utc_s > 1_700_000_000
    assert clock.wall().utc_s >= before.utc_s


def test_manual_clock_jumps_the_whole_way_at_once() -> None:
    clock = ManualClock(5.0, utc_s=1000.0)
    clock.sleep(86_400)
    assert clock.monotonic() == 86_405.0
    assert clock.wall().utc_s == 87_400.0


def test_manual_wall_time_steps_apart_from_the_monotonic() -> None:
    clock = ManualClock()
    clock.set_wall(2_000_000_000.0, synchronised=False)
    assert clock.monotonic() == 0.0
    assert clock.wall() == WallTime(2_000_000_000.0, False)


def test_manual_clock_loses_no_sleep_between_threads() -> None:
    clock = ManualClock()

    def sleep_often() -> None:
        for _ in range(500):
            clock.sleep(1.0)

    threads = [threading.Thread(target=sleep_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() == 2000.0
