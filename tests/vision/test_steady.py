"""Pictures of a camera that trembles, held still: on made-up scenes whose shift is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.likeness import Look
from agent.vision.steady import FARTHEST_PX, Steady
from hal.ports import F32, U8

W, H = 160, 90
EVERYWHERE: U8 = np.full((H, W), 255, np.uint8)
NEAR = st.floats(-1.5, 1.5)


def pattern(seed: int, right: float = 0.0, down: float = 0.0) -> F32:
    """Soft blobs, about 100 levels apart; drawn at four times the size, so that a shift by parts of a pixel is true."""
    rng = np.random.default_rng(seed)
    large = cv2.resize(rng.uniform(60, 160, (H // 5, W // 5)), (4 * W, 4 * H), interpolation=cv2.INTER_CUBIC)
    move = np.array([[1, 0, 4 * right], [0, 1, 4 * down]])
    moved = cv2.warpAffine(large, move, (4 * W, 4 * H), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(moved, (W, H), interpolation=cv2.INTER_AREA), np.float32)


def look(luma: F32) -> Look:
    return Look(luma, np.zeros((H // 2, W // 2, 2), np.float32))


SCENE = look(pattern(1))


@given(right=NEAR, down=NEAR, gain=st.floats(0.6, 1.4), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_it_finds_where_a_picture_lies_whatever_its_exposure(right: float, down: float, gain: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 2, (H, W)).astype(np.float32)
    steady = Steady()
    steady.still(look(pattern(1, right, down) * np.float32(gain) + noise), SCENE, EVERYWHERE)
    assert (steady.right, steady.down) == pytest.approx((right, down), abs=0.12)


def test_a_picture_held_still_is_the_scene_again() -> None:
    moved = look(pattern(1, 0.6, -0.4))
    held = Steady().still(moved, SCENE, EVERYWHERE)
    inner = (slice(4, -4), slice(4, -4))
    before, after = (float(np.abs(one.luma - SCENE.luma)[inner].mean()) for one in (moved, held))
    assert after < 0.2 * before


def test_what_another_thing_covers_tells_no_shift() -> None:
    steady = Steady()
    covered = pattern(1, 0.5, 0.0)
    covered[20:70, 30:70] = pattern(2)[20:70, 30:70]
    steady.still(look(covered), SCENE, EVERYWHERE)
    assert (steady.right, steady.down) == pytest.approx((0.5, 0.0), abs=0.12)


def test_what_may_not_be_looked_at_tells_nothing() -> None:
    steady, where = Steady(), EVERYWHERE.copy()
    where[:, 50:] = 0
    halves = np.hstack([pattern(1, 0.4, 0.3)[:, :50], pattern(1, -1.0, 0.0)[:, 50:]])
    steady.still(look(halves), SCENE, where)
    assert (steady.right, steady.down) == pytest.approx((0.4, 0.3), abs=0.12)


@pytest.mark.parametrize("luma", [pattern(2), np.full((H, W), 90, np.float32), pattern(1, 9.0, 9.0)])
def test_another_scene_a_plain_one_and_one_far_off_are_left_as_they_are(luma: F32) -> None:
    steady, picture = Steady(), look(luma)
    assert steady.still(picture, SCENE, EVERYWHERE) is picture


def test_a_picture_that_lies_where_the_scene_does_is_not_touched() -> None:
    picture = look(pattern(1))
    assert Steady().still(picture, SCENE, EVERYWHERE) is picture


@given(steps=st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4)), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_it_never_holds_a_picture_further_off_than_it_may(steps: list[tuple[float, float]]) -> None:
    steady = Steady()
    for right, down in steps:
        steady.still(look(pattern(1, right, down)), SCENE, EVERYWHERE)
        assert float(np.hypot(steady.right, steady.down)) <= FARTHEST_PX
