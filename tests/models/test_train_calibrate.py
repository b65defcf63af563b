"""Calibration and the growth curve of the recipe."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from agent.models import Catalogue
from agent.vision.calibration import Calibration
from models.train.calibrate import FLOOR, KNEE, WEAKEST, Judged, Scaling, fitted
from models.train.data import Picture, some_scenes
from models.train.growth import FURTHER, SHARES, Point, continued, drawing, spread, table


def _judged(slope: float, shift: float) -> Judged:
    """Boxes that are right exactly as often as the line says."""
    logits = np.linspace(-1, 4, 400, dtype=np.float32)
    likely = 1 / (1 + np.exp(-(slope * logits + shift)))
    both = np.concatenate([logits, logits])
    hits = np.concatenate([np.ones(400, np.float32), np.zeros(400, np.float32)])
    return Judged(both, hits, np.concatenate([likely, 1 - likely]).astype(np.float32))


def test_the_fit_finds_the_line_and_keeps_weak_boxes() -> None:
    found = fitted([_judged(1.8, -0.4), _judged(1.8, -0.4)])
    assert (found.slope, found.shift) == pytest.approx((1.8, -0.4), abs=0.02)
    assert found(WEAKEST) == pytest.approx(FLOOR, abs=1e-3)
    assert found.tail < 1


def test_the_agent_scales_as_the_recipe_does() -> None:
    spec = Catalogue.load().spec("person-m")
    agent = Calibration(spec)
    recipe = Scaling(*spec.calibration, spec.tail[1])
    assert spec.tail[0] == KNEE
    raw = np.linspace(0.02, 0.98, 40)
    logits = np.log(raw / (1 - raw)).astype(np.float32)
    np.testing.assert_allclose(agent.scores(logits), [recipe(float(p)) for p in raw], rtol=1e-4)


def _point(share: float, seed: int, pictures: int, exponent: float = -0.2) -> Point:
    return Point(share, seed, pictures, 1 - pictures**exponent, 1 - 1.2 * pictures**exponent)


def test_a_power_law_is_continued_exactly() -> None:
    found = [_point(share, 1, int(1200 * share)) for share in SHARES]
    for times in FURTHER:
        assert continued(found, "clean", times) == pytest.approx(1 - (1200 * times) ** -0.2)
        assert spread(found, "night", times) == pytest.approx((continued(found, "night", times),) * 2)


def test_runs_that_disagree_widen_the_spread_and_the_table_tells_it() -> None:
    found = [_point(share, seed, int(1200 * share), -0.2 - 0.01 * seed) for share in SHARES for seed in (0, 1)]
    low, high = spread(found, "clean", 10)
    assert low < continued(found, "clean", 10) < high
    lines = list(table(found))
    assert len(lines) == 2 + len(SHARES) + len(FURTHER)
    assert f"({low:.3f} to {high:.3f})" in lines[-1]


def test_the_drawing_is_sound_and_shows_every_run_twice() -> None:
    found = [_point(share, 1, int(1200 * share)) for share in SHARES]
    root = ET.fromstring(drawing(found))
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 2 * len(found)


def test_smaller_shares_of_scenes_lie_within_larger_ones() -> None:
    nobody = np.zeros((0, 4), np.float32)
    every = [Picture(f"{n:012d}", "coco_first128", Path("unread.jpg"), nobody) for n in range(40)]
    parts = [{picture.name for picture in some_scenes(every, share, 3)} for share in (0.25, 0.5, 1.0)]
    assert [len(part) for part in parts] == [10, 20, 40]
    assert parts[0] < parts[1] < parts[2]
