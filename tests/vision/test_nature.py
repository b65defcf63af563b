"""What a place that differs is, told from the place alone: light or a thing."""

import cv2
import numpy as np
import pytest

from agent.vision.likeness import Look, Texture
from agent.vision.nature import Glimpse, is_light
from hal.ports import F32, U8

W, H = 160, 90
PATCH = (slice(20, 70), slice(40, 120))


def seen(luma: F32) -> Texture:
    return Texture(Look(luma, np.zeros((H // 2, W // 2, 2), np.float32)))


def floor() -> F32:
    tiles = np.random.default_rng(1).normal(90, 12, (H // 10, W // 10)).astype(np.float32)
    return np.kron(tiles, np.ones((10, 10), np.float32))


def outline(*sides: str) -> U8:
    """Four pixels along some sides of the patch."""
    mask = np.zeros((H, W), np.uint8)
    lines = {"left": ((42, 20), (42, 69)), "low": ((40, 67), (119, 67)), "right": ((117, 20), (117, 69))}
    for side in sides:
        cv2.line(mask, *lines[side], 255, 4)
    return mask


def told(now: F32, mask: U8) -> bool:
    x, y, w, h = cv2.boundingRect(mask)
    return is_light(seen(now), seen(floor()), mask, (x, y, x + w, y + h))


@pytest.mark.parametrize("sides", [("left", "low"), ("left", "low", "right"), ("low",)])
def test_the_rim_of_a_large_patch_of_sun_is_light_also_where_a_shadow_falls_on_it(sides: tuple[str, ...]) -> None:
    lit = floor()
    lit[PATCH] *= 1.8
    lit[40:55, 38:50] = 40.0
    assert told(lit, outline(*sides))


def test_a_motley_thing_fills_its_outline_and_is_no_light() -> None:
    now, mask = floor(), np.zeros((H, W), np.uint8)
    now[PATCH] = np.random.default_rng(2).normal(80, 30, (50, 80)).astype(np.float32)
    mask[PATCH] = 255
    assert not told(now, mask)


@pytest.mark.parametrize("gain", [0.6, 1.0, 1.5])
def test_a_place_shows_the_same_in_another_light(gain: float) -> None:
    glimpse = Glimpse.of(seen(floor()).look, (40, 20, 120, 70))
    mask = np.zeros((H, W), np.uint8)
    mask[PATCH] = 255
    assert glimpse.shows(seen(floor() * np.float32(gain)).look, mask)


def test_a_place_where_something_stands_now_no_longer_shows_the_same() -> None:
    glimpse = Glimpse.of(seen(floor()).look, (40, 20, 120, 70))
    now, mask = floor(), np.zeros((H, W), np.uint8)
    now[PATCH] = np.random.default_rng(2).normal(80, 30, (50, 80)).astype(np.float32)
    mask[PATCH] = 255
    assert not glimpse.shows(seen(now).look, mask)
