"""What clothes look like: colours in any light, distances as published, and that only colours are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agent.domain import Box
from agent.vision.looks import (
    COLUMNS,
    ROWS,
    SIZE,
    Cast,
    body_points,
    body_samples,
    cast_of,
    hellinger,
    look_of,
)
from hal.ports import Yuv420

DAYLIGHT = Cast(100.0, 0.0, 0.0, 9.0)
POINTS = 2 * ROWS * COLUMNS
RED, BLUE, GREY = (90.0, 110.0, 190.0), (70.0, 170.0, 110.0), (120.0, 128.0, 128.0)

samples = arrays(np.float32, (POINTS, 3), elements=st.floats(0, 255, width=32))


def dressed(upper: tuple[float, float, float], lower: tuple[float, float, float], seed: int = 0) -> np.ndarray:
    """Samples of somebody in two colours, with some noise."""
    noise = np.random.default_rng(seed).normal(0, 3, (POINTS, 3))
    return (np.repeat([upper, lower], POINTS // 2, axis=0) + noise).astype(np.float32)


@given(samples)
@settings(max_examples=50, deadline=None)
def test_a_look_is_a_share_of_each_colour(values: np.ndarray) -> None:
    look = look_of(values, DAYLIGHT)
    assert look.shape == (SIZE,)
    assert (look >= 0).all()
    assert look.sum() == pytest.approx(1.0, abs=1e-4)
    assert hellinger(look, look) == pytest.approx(0.0, abs=1e-3)


@given(samples, samples)
@settings(max_examples=50, deadline=None)
def test_the_distance_is_one(a: np.ndarray, b: np.ndarray) -> None:
    first, second = look_of(a, DAYLIGHT), look_of(b, DAYLIGHT)
    assert 0.0 <= hellinger(first, second) <= 1.0
    assert hellinger(first, second) == hellinger(second, first)


def test_the_distance_of_two_distributions_is_that_of_hellinger() -> None:
    a, b = np.array([0.5, 0.5, 0.0], np.float32), np.array([0.0, 0.5, 0.5], np.float32)
    assert hellinger(a, b) == pytest.approx(np.sqrt(((np.sqrt(a) - np.sqrt(b)) ** 2).sum() / 2))
    assert hellinger(a, np.array([0.0, 0.0, 1.0], np.float32)) == pytest.approx(1.0)


def test_clothes_of_other_colours_are_far_apart_and_the_same_ones_near() -> None:
    look = look_of(dressed(RED, GREY), DAYLIGHT)
    assert hellinger(look, look_of(dressed(RED, GREY, seed=1), DAYLIGHT)) < 0.05
    assert hellinger(look, look_of(dressed(BLUE, GREY), DAYLIGHT)) > 0.4
    assert hellinger(look, look_of(dressed(GREY, RED), DAYLIGHT)) > 0.5, "it matters which half wears what"


@given(st.floats(0.6, 1.5), st.floats(-12, 12), st.floats(-12, 12))
@settings(max_examples=60, deadline=None)
def test_another_light_makes_nobody_another_person(gain: float, u: float, v: float) -> None:
    """A cast shifts U and V in proportion to the luma, and light multiplies the luma: the gray world undoes both."""
    there = dressed(RED, GREY)
    luma = (there[:, :1] - 16) * gain
    shift = np.concatenate([np.zeros_like(luma), luma / (100 * gain) * u, luma / (100 * gain) * v], axis=1)
    chroma = np.concatenate([luma + 16, 128 + (there[:, 1:] - 128) * gain], axis=1)
    here = (chroma + shift).astype(np.float32)
    corrected = look_of(here, Cast(100 * gain, u, v, 9.0))
    assert hellinger(corrected, look_of(there, DAYLIGHT)) < 0.05
    assert hellinger(corrected, look_of(dressed(BLUE, GREY), DAYLIGHT)) > 0.3


def picture(width: int = 320, height: int = 180) -> Yuv420:
    """A bluish scene with somebody in red above grey in the middle, whose box is 0.4..0.6 and 0.2..0.8."""
    y = np.full((height, width), 116, np.uint8)
    u, v = np.full((height // 2, width // 2), 138, np.uint8), np.full((height // 2, width // 2), 122, np.uint8)
    body = slice(int(0.2 * height / 2), int(0.5 * height / 2)), slice(int(0.4 * width / 2), int(0.6 * width / 2))
    v[body], u[body] = 190, 110
    return Yuv420(y, u, v)


def test_the_cast_is_that_of_the_background_without_the_people() -> None:
    scene, person = picture(), Box(0.38, 0.15, 0.62, 0.85)
    cast = cast_of(scene, [person])
    assert (cast.luma, cast.u, cast.v) == pytest.approx((100.0, 10.0, -6.0))
    assert cast_of(scene, []).v > cast.v
    assert cast_of(scene, [Box(-0.5, -0.5, 1.5, 1.5)]).v > cast.v, "where people leave nothing, all of it counts"


def test_a_grey_picture_is_known_for_one() -> None:
    scene = picture()
    grey = Yuv420(scene.y, np.full_like(scene.u, 128), np.full_like(scene.v, 128))
    assert cast_of(grey, []).colour == 0.0
    assert cast_of(scene, []).colour > 5.0


def test_samples_come_from_the_halves_of_the_body() -> None:
    values = body_samples(picture(), Box(0.4, 0.2, 0.6, 0.8))
    assert values.shape == (POINTS, 3)
    assert (values[: POINTS // 2, 2] == 190).mean() > 0.95
    assert (values[POINTS // 2 :, 2] == 122).all()


@given(st.tuples(*[st.floats(-0.3, 1.3)] * 4))
@settings(max_examples=50, deadline=None)
def test_any_box_can_be_looked_at(corners: tuple[float, float, float, float]) -> None:
    (x1, x2), (y1, y2) = sorted(corners[:2]), sorted(corners[2:])
    assert body_points(Box(x1, y1, x2, y2)).shape == (POINTS, 2)
    assert np.isfinite(body_samples(picture(), Box(x1, y1, x2, y2))).all()
