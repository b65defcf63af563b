"""The assignment is exact: compared with trying everything, and indifferent to the order of its pairs."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from agent.vision.assign import Pair, assign, hungarian

GAINS = st.one_of(st.sampled_from([0.25, 0.5, 1.0]), st.floats(0.01, 1.0))
GRIDS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), GAINS, max_size=20)


def best_total(gains: dict[tuple[int, int], float], row: int = 0, used: frozenset[int] = frozenset()) -> float:
    if row == 5:
        return 0.0
    total = best_total(gains, row + 1, used)
    for column in set(range(5)) - used:
        if (row, column) in gains:
            total = max(total, gains[row, column] + best_total(gains, row + 1, used | {column}))
    return total


@given(GRIDS)
def test_no_choice_gains_more(gains: dict[tuple[int, int], float]) -> None:
    pairs: list[Pair] = [(gain, row, column) for (row, column), gain in gains.items()]
    chosen = assign(pairs)
    assert len(set(chosen.values())) == len(chosen)
    assert abs(sum(gains[pair] for pair in chosen.items()) - best_total(gains)) < 1e-9


@given(GRIDS)
def test_the_order_of_the_pairs_changes_no_total(gains: dict[tuple[int, int], float]) -> None:
    pairs: list[Pair] = [(gain, row, column) for (row, column), gain in gains.items()]
    turned = pairs[::-1]
    totals = [sum(gains[pair] for pair in assign(some).items()) for some in (pairs, turned)]
    assert abs(totals[0] - totals[1]) < 1e-9


@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=1, max_size=4))
def test_hungarian_finds_the_least_cost(costs: list[list[float]]) -> None:
    columns = hungarian(costs)
    assert len(set(columns)) == len(costs)
    least = min(sum(costs[i][j] for i, j in enumerate(some)) for some in permutations(range(4), len(costs)))
    assert abs(sum(costs[i][j] for i, j in enumerate(columns)) - least) < 1e-9


def test_two_who_want_the_same_column_are_settled_for_the_good_of_both() -> None:
    assert assign([(0.9, 0, 0), (0.8, 0, 1), (0.85, 1, 0), (0.1, 1, 1)]) == {0: 1, 1: 0}


def test_nothing_to_assign() -> None:
    assert assign([]) == {}
    assert hungarian([]) == []
