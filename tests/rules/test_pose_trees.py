"""Sums of small trees: what each input did adds up to the sum, and what was learned can be read again."""

from collections.abc import Sequence
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.pose_learned import TREES
from agent.rules.pose_traits import FACTORS
from agent.rules.pose_trees import NODES, SPLITS, Tree, read_trees, shares, total
from models.train.hands.boosting import Recipe, boosted
from models.train.hands.cases import cases_of
from models.train.hands.fit import written

STEP = Tree(
    (1, *[0] * 6), (0.5, *[float("inf")] * 6), (0.0, -1.0, 2.0, -1.0, 0.0, 2.0, 0.0, -1.0, *[0.0] * 3, 2.0, *[0.0] * 3)
)
"""Asks only whether input 1 is above a half."""


@pytest.mark.parametrize(("value", "wanted"), [(0.4, -1.0), (0.5, -1.0), (0.6, 2.0), (nan, -1.0)])
def test_a_tree_asks_and_what_cannot_be_told_counts_as_little(value: float, wanted: float) -> None:
    assert total([STEP], [9.0, value]) == wanted
    assert shares([STEP], [9.0, value]) == (0.0, [0.0, wanted])


@given(st.lists(st.floats(-5, 200) | st.just(nan), min_size=len(FACTORS), max_size=len(FACTORS)))
def test_the_shares_of_what_was_learned_add_up(inputs: Sequence[float]) -> None:
    base, added = shares(TREES, inputs)
    assert base + sum(added) == pytest.approx(total(TREES, inputs), abs=1e-6)


def test_what_was_learned_fits_the_traits() -> None:
    assert TREES
    for tree in TREES:
        assert len(tree.asks) == len(tree.limits) == SPLITS
        assert len(tree.means) == NODES
        assert all(0 <= ask < len(FACTORS) for ask in tree.asks)


def test_boosting_finds_a_rule_of_two_inputs_and_is_read_back_as_written() -> None:
    rng = np.random.default_rng(3)
    inputs = rng.uniform(0, 1, (4000, 3)).astype(np.float32)
    inputs[::50, 2] = nan
    labels = (inputs[:, 0] > 0.5) ^ (inputs[:, 1] > 0.3)
    base, trees = boosted(inputs, labels, Recipe(trees=30, rate=0.3))
    logits = np.array([base + total(trees, row) for row in inputs.tolist()])
    assert ((logits > 0) == labels).mean() > 0.97
    read = _read(written(base, trees))
    again = np.array([base + total(read, row) for row in inputs[:200].tolist()])
    assert (np.abs(again - logits[:200]) < 0.1).mean() > 0.97, "but for cases at a limit, which is rounded"


def _read(module: str) -> tuple[Tree, ...]:
    return read_trees(module.split('read_trees("""')[1].split('"""')[0])


def test_held_out_days_are_not_learned_from() -> None:
    with pytest.raises(ValueError, match="held out"):
        cases_of(1000)
