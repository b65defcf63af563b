"""Readings of lens, focus and lamp from the picture: what dirt and blur do to them, and what light does not."""

from __future__ import annotations

import numpy as np
import pytest

from agent.health.features import Probe, compare, reference_of, sharpness
from agent.health.image import ImageHealth
from agent.health.optics import COLOUR_LASTS_S, Optics
from agent.health.picture import probe_of
from hal.ports import U8, Frame, Yuv420
from hal.simulated.degrade import blurred, dropped_on

RNG = np.random.default_rng(5)
BLOCKS = np.kron(RNG.integers(40, 200, (24, 32)), np.ones((10, 10)))
ALL = {"brightness", "lens_detail", "focus_detail"}
SCENE: U8 = np.asarray(BLOCKS + RNG.integers(0, 20, (240, 320)), np.uint8)


def probe(luma: U8, t_s: float = 0.0, chroma: int = 140) -> Probe:
    plane = np.full((120, 160), 128, np.uint8)
    plane[:, :80] = chroma
    picture = Yuv420(luma, plane, plane)
    return probe_of(Frame(0, t_s, picture, picture), [])


def readings(luma: U8, *, t_s: float = 0.0, chroma: int = 140, optics: Optics | None = None) -> dict[str, float]:
    first = probe(SCENE)
    reference = reference_of(first.luma, sharpness(first).whole)
    seen = probe(luma, t_s, chroma)
    told = (optics or Optics()).take(seen, compare(seen, reference), reference, 1.0, coloured=chroma != 128)
    return {one.metric: one.value for one in told}


def test_blur_takes_sharpness_and_dirt_the_detail_of_some_tiles() -> None:
    clean, soft = readings(SCENE), readings(blurred(SCENE, 3.0))
    dirty = readings(dropped_on(SCENE, 40, np.random.default_rng(1)))
    assert clean.keys() == ALL
    assert soft["focus_detail"] < clean["focus_detail"] - 0.7
    assert dirty["lens_detail"] < clean["lens_detail"] - 0.2


def test_less_light_alone_changes_little() -> None:
    clean, dim = readings(SCENE), readings(np.asarray(SCENE * 0.6, np.uint8))
    assert dim["focus_detail"] == pytest.approx(clean["focus_detail"], abs=0.15)
    assert dim["lens_detail"] == pytest.approx(clean["lens_detail"], abs=0.15)
    assert dim["brightness"] == pytest.approx(0.6 * clean["brightness"], rel=0.03)
    dark = readings(np.asarray(SCENE * 0.02, np.uint8))
    assert dark.keys() == {"brightness"}
    assert dark["brightness"] < 3


def test_without_colour_the_lamp_is_judged_and_the_lens_only_where_there_never_is_any() -> None:
    optics = Optics()
    assert readings(SCENE, optics=optics).keys() == ALL
    night = readings(SCENE, t_s=3600.0, chroma=128, optics=optics)
    assert night.keys() == {"brightness", "ir_light"}
    dim = readings(np.asarray(SCENE * 0.7, np.uint8), t_s=7200.0, chroma=128, optics=optics)
    assert dim["ir_light"] == pytest.approx(night["ir_light"] + np.log(0.7), abs=0.02)
    always = readings(SCENE, t_s=7200.0 + COLOUR_LASTS_S, chroma=128, optics=optics)
    assert always.keys() == {"ir_light", *ALL}


def test_it_tells_once_a_minute() -> None:
    optics = Optics()
    told = [bool(readings(SCENE, t_s=float(second), optics=optics)) for second in range(0, 180, 20)]
    assert told == [second % 60 == 0 for second in range(0, 180, 20)]


def test_a_healthy_picture_brings_readings_and_a_bad_one_none() -> None:
    health = ImageHealth(learn_s=5)
    rng = np.random.default_rng(2)
    brought = []
    for second in range(200):
        luma = SCENE if second < 120 else np.asarray(np.full_like(SCENE, 90), np.uint8)
        noisy = np.asarray(np.clip(luma + rng.normal(0, 1, luma.shape), 0, 255), np.uint8)
        health.update(probe(noisy, float(second)))
        brought.append(len(health.readings))
    assert sum(brought[:120]) == 6
    assert sum(brought[121:]) == 0
