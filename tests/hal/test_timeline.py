"""Times rise strictly whatever the stamps do, and follow them where they make sense."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.timeline import ArrivalTime, VideoTime

STAMPS = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=50)


@given(STAMPS)
def test_video_time_starts_at_zero_and_rises(stamps: list[float | None]) -> None:
    times = VideoTime(0.1)
    placed = [times.place(stamp) for stamp in stamps]
    assert placed[:1] == [0.0][: len(placed)]
    assert all(a < b for a, b in pairwise(placed))


def test_uneven_stamps_are_kept() -> None:
    times = VideoTime(0.1)
    assert [times.place(stamp) for stamp in (5.0, 5.1, 7.0, 7.05)] == pytest.approx([0.0, 0.1, 2.0, 2.05])


def test_missing_stamps_follow_at_the_frame_rate() -> None:
    times = VideoTime(0.1)
    assert [times.place(None) for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2])
    assert times.place(9.0) == pytest.approx(0.3)
    assert times.place(9.1) == pytest.approx(0.4)


def test_a_jump_back_goes_on_without_a_hole() -> None:
    times = VideoTime(0.1)
    assert [times.place(stamp) for stamp in (0.0, 0.1, 0.0, 0.1)] == pytest.approx([0.0, 0.1, 0.2, 0.3])


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e5), st.floats(0, 2)), max_size=50))
def test_arrival_time_rises_and_is_never_in_the_future(pictures: list[tuple[float | None, float]]) -> None:
    times, arrival_s, placed = ArrivalTime(), 1000.0, []
    for stamp_s, wait_s in pictures:
        arrival_s += wait_s
        placed.append(times.place(stamp_s, arrival_s))
        assert placed[-1] <= arrival_s + 1e-3
    assert all(a < b for a, b in pairwise(placed))


def test_network_jitter_is_taken_out() -> None:
    times = ArrivalTime()
    jitter_s = [0.0, 0.12, 0.03, 0.2, 0.0, 0.15, 0.08, 0.01]
    placed = [times.place(0.1 * n, 50.0 + 0.1 * n + late_s) for n, late_s in enumerate(jitter_s)]
    assert [b - a for a, b in pairwise(placed)] == pytest.approx([0.1] * 7, abs=0.01)


def test_a_restarted_stream_is_stamped_from_its_arrival() -> None:
    times = ArrivalTime()
    times.place(500.0, 50.0)
    assert times.place(0.0, 60.0) == pytest.approx(60.0)
    assert times.place(9000.0, 61.0) == pytest.approx(61.0)
