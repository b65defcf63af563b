"""The figures of aim, on pictures whose focus, light and lean are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Point
from agent.fitting.aim import Aim, look
from hal.ports import U8, Yuv420

SIZE = (640, 360)


def scene(lean_deg: float = 0.0, level: int = 128, spread: int = 90) -> U8:
    """Shelves: uprights and boards over soft texture, leaning to the right."""
    rng = np.random.default_rng(7)
    soft = cv2.resize(rng.normal(0, 12, (45, 80)).astype(np.float32), (900, 900), interpolation=cv2.INTER_CUBIC)
    picture = level + soft
    for x in range(0, 900, 60):
        picture[:, x : x + 20] += spread // 2
    for y in range(0, 900, 90):
        picture[y : y + 15] -= spread // 2
    turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D((450, 450), -lean_deg, 1.0), (900, 900))
    return np.clip(turned[270:630, 130:770], 16, 235).astype(np.uint8)


def aim(luma: U8, *masks: list[Point]) -> Aim:
    grey = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8)
    return look(Yuv420(luma, grey, grey), masks)


def blurred(luma: U8, sigma: float) -> U8:
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma), np.uint8)


def test_sharpness_falls_with_every_turn_of_the_lens() -> None:
    found = [aim(scene())] + [aim(blurred(scene(), sigma)) for sigma in (1, 2, 4, 8)]
    sharp = [one.sharpness for one in found]
    assert all(one is not None for one in sharp)
    assert sharp == sorted(sharp, reverse=True)  # type: ignore[type-var]
    assert sharp[0] > 60 > sharp[2]  # type: ignore[operator]


@given(st.floats(0.75, 1.3))
def test_sharpness_is_about_focus_not_about_light(gain: float) -> None:
    usual, other = aim(scene()).sharpness, aim(np.clip(scene() * gain, 16, 235).astype(np.uint8)).sharpness
    assert usual is not None
    assert other is not None
    assert abs(usual - other) < 8


def test_a_lens_that_is_sharp_on_one_side_shows_it_in_the_thirds() -> None:
    luma = scene()
    luma[:, 320:] = blurred(luma, 4)[:, 320:]
    tiles = aim(luma).tiles
    for row in range(3):
        left, right = tiles[3 * row], tiles[3 * row + 2]
        assert left is not None
        assert right is not None
        assert left > right + 15


def test_where_there_is_nothing_to_focus_on_that_is_said() -> None:
    flat = aim(np.full((360, 640), 120, np.uint8))
    assert (flat.sharpness, flat.tilt_deg, flat.exposure) == (None, None, "flat")
    noise = np.clip(120 + np.random.default_rng(1).normal(0, 0.8, (360, 640)), 0, 255).astype(np.uint8)
    assert aim(noise).sharpness is None


@pytest.mark.parametrize(
    ("level", "spread", "word"), [(128, 90, "ok"), (22, 4, "dark"), (40, 40, "dark"), (228, 90, "bright")]
)
def test_exposure_is_a_word(level: int, spread: int, word: str) -> None:
    assert aim(scene(level=level, spread=spread)).exposure == word


def test_what_a_privacy_mask_blackens_is_not_called_dark() -> None:
    luma = scene()
    luma[:, :448] = 16
    assert aim(luma).exposure == "dark"
    mask = [Point(0, 0), Point(0.71, 0), Point(0.71, 1), Point(0, 1)]
    masked = aim(luma, mask)
    assert (masked.exposure, masked.dark < 0.05) == ("ok", True)


@pytest.mark.parametrize("lean_deg", [-8.0, -3.0, 0.0, 3.0, 8.0])
def test_the_lean_of_uprights_is_measured(lean_deg: float) -> None:
    tilt = aim(scene(lean_deg)).tilt_deg
    assert tilt is not None
    assert tilt == pytest.approx(lean_deg, abs=1.0)
