"""Light, shadow and exposure are no change; another thing is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.likeness import Look, Texture, size_of, unlike
from hal.ports import F32, Yuv420

H, W = 90, 160


def surface(seed: int, spread: float = 18.0, mean: float = 110.0) -> F32:
    """A textured surface: blocks of 3 x 3 pixels of random brightness."""
    blocks = np.random.default_rng(seed).normal(mean, spread, (H // 3, W // 3 + 1))
    return np.kron(blocks, np.ones((3, 3)))[:H, :W].astype(np.float32)


def look(luma: F32, u: float = 4.0, v: float = -6.0) -> Look:
    chroma = np.tile(np.array([u, v], np.float32), (H // 2, W // 2, 1))
    return Look(luma.astype(np.float32), chroma)


def share_unlike(now: Look, then: Look) -> float:
    return float((unlike(Texture(now), Texture(then)) > 0).mean())


@given(gain=st.floats(0.5, 1.5), offset=st.floats(-8, 25), seed=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_another_light_is_no_change(gain: float, offset: float, seed: int) -> None:
    then = surface(seed, spread=12.0, mean=90.0)
    lit = 16 + (then - 16) * gain + offset
    assert share_unlike(look(lit, 4 * gain, -6 * gain), look(then)) == 0.0


@given(seed=st.integers(0, 50), slope=st.floats(-0.5, 0.5))
@settings(max_examples=30, deadline=None)
def test_a_soft_shadow_is_no_change(seed: int, slope: float) -> None:
    then = surface(seed, spread=12.0, mean=90.0)
    ramp = 1 + slope * np.linspace(-1, 1, W, dtype=np.float32)
    # A shadow takes colour as it takes brightness.
    shaded = Look(16 + (then - 16) * ramp, look(then).chroma * ramp[None, ::2, None])
    assert share_unlike(shaded, look(then)) < 0.002


def test_noise_is_no_change() -> None:
    rng = np.random.default_rng(1)
    flat = np.full((H, W), 120.0)
    noisy = [look((flat + rng.normal(0, 2.0, flat.shape)).astype(np.float32)) for _ in range(2)]
    assert share_unlike(*noisy) == 0.0


def test_another_white_balance_is_no_change() -> None:
    assert share_unlike(look(surface(3), 12.0, -14.0), look(surface(3))) == 0.0


@pytest.mark.parametrize("then_seed", [3, 9])
def test_another_thing_is_found_where_it_is_and_about_as_large(then_seed: int) -> None:
    then = surface(then_seed)
    now = then.copy()
    now[30:54, 60:96] = surface(then_seed + 1)[30:54, 60:96]
    other = unlike(Texture(look(now)), Texture(look(then))) > 0
    assert other[32:52, 62:94].mean() > 0.85
    assert other.sum() == pytest.approx(24 * 36, rel=0.35)
    other[26:58, 56:100] = False
    assert not other.any()


def test_a_thing_of_the_same_brightness_and_another_colour_is_found() -> None:
    then, now = look(np.full((H, W), 120.0, np.float32)), look(np.full((H, W), 120.0, np.float32))
    now.chroma[20:30, 20:30] += (20.0, -15.0)
    other = unlike(Texture(now), Texture(then)) > 0
    assert other[40:60, 40:60].all()
    assert other.sum() == 400


def test_what_is_blown_out_shows_nothing() -> None:
    then = surface(5, mean=200.0)
    assert share_unlike(look(np.full((H, W), 235.0, np.float32)), look(np.clip(then, 0, 235))) < 0.05


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(1280, 720, (320, 180)), (640, 360, (320, 180)), (321, 241, (320, 240)), (64, 36, (64, 36))],
)
def test_pictures_of_any_size_become_about_as_large(width: int, height: int, size: tuple[int, int]) -> None:
    half = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    picture = Yuv420(np.zeros((height, width), np.uint8), half, half)
    assert size_of(picture) == size
    assert Look.of(picture).luma.shape == size[::-1]
    assert not Look.of(picture).chroma.any()
