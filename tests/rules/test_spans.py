"""Stretches of time against a plain set of moments."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.spans import Spans

moments = st.integers(0, 40)
stretches = st.lists(st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair))), max_size=12)


def made(stretches: list[tuple[int, int]]) -> Spans:
    spans = Spans()
    for start, end in stretches:
        spans.add(start, end)
    return spans


def held(stretches: list[tuple[int, int]]) -> set[float]:
    """The half moments that any stretch holds."""
    return {k / 2 for k in range(-2, 90) if any(start <= k / 2 <= end for start, end in stretches)}


@given(stretches)
def test_whatever_the_order_they_are_apart_and_rising(stretches: list[tuple[int, int]]) -> None:
    spans = list(made(stretches))
    assert all(a[1] < b[0] for a, b in pairwise(spans))
    assert held([(int(a), int(b)) for a, b in spans]) == held(stretches)


@given(stretches, moments, moments)
def test_questions_about_a_window_are_answered_as_by_the_moments(
    stretches: list[tuple[int, int]], a: int, b: int
) -> None:
    start, end = min(a, b), max(a, b)
    spans, window = made(stretches), {k / 2 for k in range(2 * start, 2 * end + 1)}
    assert spans.touch(start, end) == bool(held(stretches) & window)
    assert spans.cover(start, end) == (window <= held(stretches))
    assert sum(last - first for first, last in spans.within(start, end)) == spans.length_s(start, end) <= end - start


def test_what_is_over_is_forgotten() -> None:
    spans = made([(0, 1), (2, 5), (7, 8)])
    spans.forget(3)
    assert list(spans) == [(3, 5), (7, 8)]


@given(stretches, stretches, moments)
def test_one_until_a_moment_and_another_from_then_on(
    one: list[tuple[int, int]], two: list[tuple[int, int]], t: int
) -> None:
    both = made(one).then(made(two), t)
    assert {s for s in held([(int(a), int(b)) for a, b in both]) if s != t} == {
        *(s for s in held(one) if s < t),
        *(s for s in held(two) if s > t),
    }


def test_the_latest_stretch_may_have_gaps() -> None:
    spans = made([(0, 1), (5, 8), (10, 12)])
    assert spans.latest(1.0) == (10, 12)
    assert spans.latest(2.0) == (5, 12)
    assert spans.latest(4.0) == (0, 12)
    assert made([]).latest(1.0) is None
