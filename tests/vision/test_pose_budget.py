"""The pose budget: never more than allowed, nobody forgotten, the urgent sooner."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.pose_budget import PoseBudget


def turns(budget: PoseBudget, people: dict[int, bool], seconds: float, fps: float = 15.0) -> Counter[int]:
    found: Counter[int] = Counter()
    for frame in range(round(seconds * fps)):
        found.update(budget.choose(frame / fps, people))
    return found


@given(
    people=st.integers(1, 12),
    share=st.integers(1, 5),
    rate_hz=st.floats(1.0, 15.0),
    fps=st.sampled_from([3.0, 15.0, 30.0]),
)
def test_no_more_than_people_times_rate(people: int, share: int, rate_hz: float, fps: float) -> None:
    found = turns(PoseBudget(share, rate_hz), dict.fromkeys(range(people), False), 10.0, fps)
    assert sum(found.values()) <= 10.0 * share * rate_hz + max(share, 2) + 1
    assert all(count <= 10.0 * rate_hz + 1 for count in found.values())


@given(people=st.integers(1, 15), urgent=st.sets(st.integers(0, 14)))
def test_everybody_gets_turns(people: int, urgent: set[int]) -> None:
    found = turns(PoseBudget(2, 5.0), {number: number in urgent for number in range(people)}, 20.0)
    assert set(found) == set(range(people))


def test_a_few_people_are_looked_at_as_often_as_wanted() -> None:
    assert turns(PoseBudget(2, 5.0), {1: False, 2: False}, 10.0) == pytest.approx({1: 50, 2: 50}, abs=2)


@given(fps=st.floats(5.0, 30.0), rate_hz=st.floats(1.0, 5.0), start_s=st.floats(0.0, 1e5))
def test_what_a_turn_was_late_by_is_made_good(fps: float, rate_hz: float, start_s: float) -> None:
    """Else a camera of 6 frames a second would give 3 looks a second where 5 are wanted."""
    budget = PoseBudget(1, rate_hz)
    count = sum(bool(budget.choose(start_s + frame / fps, {1: False})) for frame in range(round(20.0 * fps)))
    assert count == pytest.approx(20.0 * rate_hz, abs=2)


def test_a_long_wait_is_not_made_good_by_many_turns_at_once() -> None:
    budget = PoseBudget(2, 5.0)
    assert budget.choose(0.0, {1: False}) == [1]
    assert [bool(budget.choose(at_s, {1: False})) for at_s in (10.0, 10.05, 10.1, 10.15, 10.2)] == [
        True, True, False, False, True,
    ]  # fmt: skip


def test_many_share_fairly() -> None:
    found = turns(PoseBudget(2, 5.0), dict.fromkeys(range(10), False), 30.0)
    assert max(found.values()) - min(found.values()) <= 2


def test_the_urgent_come_sooner() -> None:
    found = turns(PoseBudget(1, 5.0), {number: number == 3 for number in range(8)}, 30.0)
    assert found[3] >= 2 * max(count for number, count in found.items() if number != 3)


def test_nobody_wanted_costs_nothing_and_saves_little() -> None:
    budget = PoseBudget(2, 5.0)
    assert budget.choose(0.0, {}) == []
    assert len(budget.choose(1000.0, dict.fromkeys(range(20), False))) == 2
