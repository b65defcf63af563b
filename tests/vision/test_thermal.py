"""Warm bodies in pictures of 32 x 24 pixels, and arrays that cannot be believed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.thermal import LEAST_C, MOST_C, STUCK_PICTURES, WarmBodies, Warmth
from hal.simulated.thermal import Body, warm_picture

STANDING: Body = (0.4, 0.3, 0.52, 0.8)
FAR: Body = (0.7, 0.2, 0.76, 0.36)


def shown(bodies: list[Body], seconds: int = 4, *, seed: int = 1, room_c: float = 21.0) -> list[Warmth]:
    """What is made out of `seconds` with nobody, then of as many with these bodies; two pictures a second."""
    rng, eyes = np.random.default_rng(seed), WarmBodies()
    found = []
    for k in range(4 * seconds):
        found.append(eyes.look(k / 2, warm_picture(bodies if k >= 2 * seconds else [], rng, room_c)))
    return found


@pytest.mark.parametrize(("bodies", "count"), [([], 0), ([STANDING], 1), ([STANDING, FAR], 2), ([FAR], 1)])
def test_warm_bodies_are_counted(bodies: list[Body], count: int) -> None:
    found = shown(bodies)
    assert {w.bodies for w in found[:8]} == {0}
    assert {w.bodies for w in found[8:]} == {count}
    assert not any(w.trouble for w in found)


def test_a_hot_day_leaves_less_contrast_and_too_little_is_nobody() -> None:
    assert shown([STANDING], room_c=26.0)[-1].bodies == 1
    assert shown([STANDING], room_c=29.5)[-1].bodies == 0


def test_a_room_that_warms_up_is_nobody_and_a_heater_becomes_background() -> None:
    rng, eyes = np.random.default_rng(2), WarmBodies()
    for k in range(600):
        assert eyes.look(k / 2, warm_picture([], rng, 18.0 + k / 60)).bodies == 0
    heater = [eyes.look(300 + k * 10.0, warm_picture([FAR], rng, 25.0)).bodies for k in range(400)]
    assert heater[0] == 1
    assert heater[-1] == 0


def test_somebody_who_stands_for_ten_minutes_is_still_there() -> None:
    rng, eyes = np.random.default_rng(3), WarmBodies()
    eyes.look(0.0, warm_picture([], rng))
    assert {eyes.look(1 + k, warm_picture([STANDING], rng)).bodies for k in range(600)} == {1}


def test_an_array_that_repeats_itself_is_stuck_until_it_moves() -> None:
    rng, eyes = np.random.default_rng(4), WarmBodies()
    frozen = warm_picture([STANDING], rng)
    found = [eyes.look(k / 2, frozen) for k in range(STUCK_PICTURES + 2)]
    assert [w.trouble for w in found] == [""] * (STUCK_PICTURES - 1) + ["stuck"] * 3
    assert eyes.look(9.0, warm_picture([], rng)).trouble == ""


@pytest.mark.parametrize("wrong", [MOST_C + 1, LEAST_C - 1, float("inf"), float("-inf")])
def test_one_impossible_pixel_is_trouble(wrong: float) -> None:
    picture = warm_picture([], np.random.default_rng(5))
    picture[3, 4] = wrong
    assert WarmBodies().look(0.0, picture).trouble == "out of range"


def test_a_few_broken_pixels_are_bridged_and_many_are_trouble() -> None:
    rng, eyes = np.random.default_rng(6), WarmBodies()
    few, many = warm_picture([STANDING], rng), warm_picture([STANDING], rng)
    eyes.look(0.0, warm_picture([], rng))
    few[5, 5:9] = np.nan
    many[:4] = np.nan
    assert eyes.look(1.0, few).bodies == 1
    assert eyes.look(2.0, many).trouble == "broken"
    assert eyes.look(3.0, np.full_like(many, np.nan)).trouble == "broken"


def test_a_picture_full_of_warmth_tells_nothing() -> None:
    rng, eyes = np.random.default_rng(7), WarmBodies()
    eyes.look(0.0, warm_picture([], rng))
    hot = warm_picture([], rng)
    hot[:18] += 20.0
    assert eyes.look(1.0, hot).trouble in ("", "flooded")
    assert eyes.look(1.0, hot).bodies <= 1


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.05, 0.85),
    st.floats(0.05, 0.6),
    st.floats(0.08, 0.2),
    st.floats(0.2, 0.4),
    st.floats(10, 25),
    st.integers(0, 99),
)
def test_one_body_of_any_usual_size_is_one_wherever_it_stands(
    x: float, y: float, width: float, height: float, room_c: float, seed: int
) -> None:
    assert shown([(x, y, min(x + width, 1.0), min(y + height, 1.0))], seed=seed, room_c=room_c)[-1].bodies == 1
