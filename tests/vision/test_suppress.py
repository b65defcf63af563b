"""Suppression against its definitions, by example and on random boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Box, iou
from agent.vision.suppress import SOFT_FLOOR, SUPPRESSORS, Suppressor, diou, distances, greedy, overlaps, soft
from hal.ports import F32

coordinate = st.floats(0, 0.875, width=32)
side = st.floats(0.015625, 0.5, width=32)
score = st.floats(0.0625, 1.0, width=32)
people = st.lists(st.tuples(coordinate, coordinate, side, side, score), min_size=1, max_size=40)


def arrays(rows: list[tuple[float, float, float, float, float]]) -> tuple[F32, F32]:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in rows], np.float32)
    return boxes, np.array([row[4] for row in rows], np.float32)


@given(people)
def test_overlaps_are_those_of_the_domain(rows: list[tuple[float, float, float, float, float]]) -> None:
    boxes, _ = arrays(rows)
    expected = [[iou(Box(*a), Box(*b)) for b in boxes.tolist()] for a in boxes.tolist()]
    np.testing.assert_allclose(overlaps(boxes), expected, atol=1e-4)


@given(people, st.floats(0.1, 0.9))
def test_greedy_keeps_exactly_what_the_definition_keeps(
    rows: list[tuple[float, float, float, float, float]], overlap: float
) -> None:
    boxes, scores = arrays(rows)
    shared = overlaps(boxes)
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if all(shared[index, other] <= overlap for other in kept):
            kept.append(index)
    found_boxes, found_scores = greedy(boxes, scores, overlap)
    np.testing.assert_array_equal(found_boxes, boxes[kept])
    np.testing.assert_array_equal(found_scores, scores[kept])


@given(people, st.floats(0.1, 0.9))
def test_diou_keeps_no_less_than_greedy_and_no_pair_that_clashes(
    rows: list[tuple[float, float, float, float, float]], overlap: float
) -> None:
    boxes, scores = arrays(rows)
    kept, _ = diou(boxes, scores, overlap)
    assert len(kept) >= 1
    first, second = np.triu_indices(len(kept), 1)
    apart = overlaps(kept)[first, second] - distances(kept[first], kept[second])
    assert (apart <= overlap + 1e-6).all()


@pytest.mark.parametrize("suppress", SUPPRESSORS.values(), ids=SUPPRESSORS)
@given(rows=people)
def test_every_suppressor_keeps_the_best_box_and_sorts(
    suppress: Suppressor, rows: list[tuple[float, float, float, float, float]]
) -> None:
    boxes, scores = arrays(rows)
    kept, left = suppress(boxes, scores, 0.5)
    assert left[0] == scores.max()
    assert (np.diff(left) <= 0).all()
    assert len(kept) == len(left) <= len(boxes)
    assert {tuple(box) for box in kept.tolist()} <= {tuple(box) for box in boxes.tolist()}


@pytest.mark.parametrize("suppress", SUPPRESSORS.values(), ids=SUPPRESSORS)
def test_one_of_two_equal_boxes_is_left(suppress: Suppressor) -> None:
    boxes = np.array([[0.1, 0.1, 0.3, 0.6]] * 2, np.float32)
    kept, scores = suppress(boxes, np.array([0.6, 0.3], np.float32), 0.5)
    assert scores[0] == np.float32(0.6)
    assert len(kept) == 1 or scores[1] < 0.3


def test_diou_spares_a_person_behind_another() -> None:
    """Two people side by side share 0.51 of their boxes, but their centres lie apart."""
    boxes = np.array([[0.0, 0.0, 0.4, 0.4], [0.13, 0.0, 0.53, 0.4]], np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert len(greedy(boxes, scores, 0.5)[0]) == 1
    assert len(diou(boxes, scores, 0.5)[0]) == 2


def test_soft_lowers_by_the_published_formula() -> None:
    boxes = np.array([[0.0, 0.0, 0.4, 0.4], [0.1, 0.0, 0.5, 0.4]], np.float32)
    _, scores = soft(boxes, np.array([0.9, 0.8], np.float32), 0.5)
    assert scores[1] == pytest.approx(0.8 * np.exp(-(0.6**2) / 0.5), abs=1e-5)
    assert scores[1] > SOFT_FLOOR
