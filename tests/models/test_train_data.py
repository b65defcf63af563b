"""Splits, augmentation, degradations and metrics of the recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.train.augment import Augmenter, Source
from models.train.data import EVALUATION_ONLY, SPLITS, data_root, scene_of
from models.train.degrade import KINDS
from models.train.metrics import Found, curve, recall_by_height

F32 = np.float32
#: The name of a drawing's language, which is no address to fetch from.
SVG = "http://www.w3.org/2000/svg"


def _names(part: str) -> list[str]:
    return (SPLITS / f"{part}.txt").read_text().split()


def test_no_picture_is_in_two_splits() -> None:
    train, val, test = (set(_names(part)) for part in ("train", "val", "test"))
    assert train
    assert val
    assert test
    assert not train & val
    assert not (train | val) & test


def test_nothing_that_may_only_be_evaluated_is_trained_on() -> None:
    assert not {name.split("/")[0] for name in _names("train")} & set(EVALUATION_ONLY)


@pytest.mark.skipif(not data_root().exists(), reason="the shared pictures are not here (AISLEWATCH_DATA)")
def test_no_scene_is_in_two_splits() -> None:
    train, val = ({scene_of(*name.split("/")) for name in _names(part)} for part in ("train", "val"))
    assert not train & val


def _source(boxes: list[list[float]]) -> Source:
    random = np.random.default_rng(0)
    levels = tuple(random.integers(0, 255, (side, side, 3)).astype(np.uint8) for side in (416, 208, 104, 52))
    return Source(levels, np.array(boxes, F32), np.ones(len(boxes), F32))


def test_samples_are_whole_and_repeatable() -> None:
    augmenter = Augmenter([_source([[0.4, 0.2, 0.6, 0.9]]), _source([[0.1, 0.1, 0.3, 0.5]])], (224, 384))
    for seed in range(40):
        sample = augmenter.draw(np.random.default_rng(seed))
        again = augmenter.draw(np.random.default_rng(seed))
        assert sample.image.shape == (224, 384, 3)
        assert sample.image.dtype == np.uint8
        assert len(sample.boxes) == len(sample.weights)
        assert (sample.boxes >= -1e-3).all()
        assert (sample.boxes[:, [0, 2]] <= 384.01).all()
        np.testing.assert_array_equal(sample.image, again.image)


@pytest.mark.parametrize("kind", KINDS)
def test_degradations_keep_the_size_and_are_fixed(kind: str) -> None:
    image = np.random.default_rng(3).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    first, second = (KINDS[kind](image, "name") for _ in range(2))
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


def test_average_precision_of_a_known_case() -> None:
    truth = np.array([[0, 0, 0.2, 0.2], [0.5, 0.5, 0.9, 0.9]], F32)
    boxes = np.array([[0, 0, 0.2, 0.2], [0.3, 0, 0.4, 0.2], [0.5, 0.5, 0.9, 0.9]], F32)
    found = curve([Found(boxes, np.array([0.9, 0.8, 0.7], F32), truth)])
    assert found.average_precision() == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert found.at_score(0.75) == pytest.approx((0.5, 0.5))
    assert found.score_for_precision(0.6) == pytest.approx(0.7)


def test_recall_by_height_counts_only_that_height() -> None:
    truth = np.array([[0, 0, 0.1, 0.08], [0.5, 0, 0.6, 0.07], [0, 0.2, 0.5, 0.9]], F32)
    results = [Found(truth[:1], np.array([0.9], F32), truth)]
    assert recall_by_height(results, 0.5, 0.05, 0.10) == (0.5, 2)


def test_every_file_of_the_recipe_is_free_of_addresses() -> None:
    for path in Path(SPLITS.parent).rglob("*"):
        if path.suffix in (".py", ".md", ".txt"):
            assert "://" not in path.read_text().replace(SVG, ""), path
