"""How fast a way is and how jumpy: a runner's is even, a box that jumps or bursts is no runner's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.trails import Step, cut_to, pace


def way(places: list[float], step_s: float = 0.1) -> list[Step]:
    return [Step(i * step_s, place, -place / 2, 0.0, 0.0) for i, place in enumerate(places)]


@given(st.floats(0.1, 4.0), st.integers(3, 20), st.floats(0.07, 0.5))
def test_going_evenly_has_its_speed_and_is_not_jumpy(speed: float, count: int, step_s: float) -> None:
    found, jumpy = pace(way([speed * step_s * i for i in range(count)], step_s))
    assert found == pytest.approx(speed * 1.25**0.5)
    assert jumpy < 1e-3


@given(st.integers(1, 10), st.floats(0.3, 3.0))
def test_one_jump_is_jumpy(at: int, jump_h: float) -> None:
    _, jumpy = pace(way([0.0] * at + [jump_h] * (11 - at)))
    assert jumpy > 1.0


def test_standing_has_no_speed() -> None:
    assert pace(way([0.0] * 8))[0] == pytest.approx(0.0, abs=1e-5)


def test_a_short_burst_counts_for_no_more_than_the_way_made() -> None:
    places = [min(max(i - 3, 0), 4) * 0.25 for i in range(11)]
    assert pace(way(places))[0] == pytest.approx(1.0 / 0.9 * 1.25**0.5, rel=0.01)


def test_a_gap_in_a_run_changes_nothing() -> None:
    steps = way([0.2 * i for i in range(11)])
    assert pace(steps[:3] + steps[8:]) == pytest.approx(pace(steps), abs=1e-6)


def test_who_stood_before_a_gap_is_as_fast_as_in_the_last_second() -> None:
    steps = [Step(0.0, 0.0, 0.0, 0.0, 0.0), *(Step(1.0 + t, 2 * t, 0.0, 0.0, 0.0) for t in (0.0, 0.4, 0.8))]
    assert pace(steps)[0] < 1.1
    cut = cut_to(steps, 1.0)
    assert cut[0].t_s == pytest.approx(0.8)
    assert pace(cut)[0] > 1.5


def test_a_tail_that_is_hardly_longer_or_too_short_to_cut_stays() -> None:
    hardly, few = way([0.2 * i for i in range(12)]), way([0.0, 0.0, 1.0], 0.9)
    assert cut_to(hardly, 1.0) is hardly
    assert [step.t_s for step in cut_to(few, 0.5)] == [step.t_s for step in few]


@given(st.floats(0.1, 4.0), st.floats(0.3, 3.0), st.integers(2, 8))
def test_cutting_changes_no_even_way(speed: float, gap_s: float, count: int) -> None:
    steps = [Step(0.0, 0.0, 0.0, 0.0, 0.0)]
    steps += [Step(t, speed * t, 0.0, 0.0, 0.0) for t in (gap_s + 0.1 * i for i in range(count))]
    cut = cut_to(steps, 0.1 * count)
    assert pace(cut)[0] == pytest.approx(speed, rel=1e-6)
    assert cut[1:] == steps[1:]
