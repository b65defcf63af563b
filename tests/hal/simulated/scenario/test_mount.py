"""How a camera hangs: it trembles a little, a nudge lasts, and some streams are coded."""

import math

import numpy as np

from hal.simulated.render import Renderer
from hal.simulated.scenario.mount import NUDGE_PX, OF_WIDTH, TREMBLE_PX, Mount
from hal.simulated.scenery import USUAL, Scenery
from hal.simulated.shop import load_layout

W, H, LENGTH_S = 320, 180, 1000.0


def mount(seed: int, nudges: int = 0) -> Mount:
    return Mount(nudges, LENGTH_S, np.random.default_rng(seed))


def shifts(one: Mount, start_s: float, end_s: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([one.over(USUAL, t_s).shift for t_s in np.arange(start_s, end_s, 0.5)]) / OF_WIDTH


def test_it_trembles_about_its_place_and_not_far() -> None:
    for seed in range(5):
        swung = shifts(mount(seed), 0.0, LENGTH_S)
        assert np.abs(swung).max() <= TREMBLE_PX
        assert np.abs(swung.mean(axis=0)).max() < 0.05


def test_a_nudge_turns_it_for_good_and_no_further_than_it_says() -> None:
    moved = [float(np.hypot(*shifts(mount(seed, 1), LENGTH_S, LENGTH_S + 200).mean(axis=0))) for seed in range(8)]
    assert all(0.0 < far <= NUDGE_PX * math.sqrt(2) + 0.05 for far in moved)
    assert max(moved) > 0.8


def test_some_streams_are_coded_and_the_same_seed_is_the_same_camera() -> None:
    qualities = [mount(seed).over(USUAL, 0.0).quality for seed in range(40)]
    assert 10 < sum(quality > 0 for quality in qualities) < 30
    assert mount(3, 2).over(USUAL, 700.0) == mount(3, 2).over(USUAL, 700.0)


def test_a_shifted_picture_lies_elsewhere_and_a_coded_one_has_lost_a_little() -> None:
    renderer = Renderer(load_layout(), W, H, detail=1.0)
    plain = renderer.render((), 0).y.astype(int)
    right = renderer.render((), 0, Scenery(shift=(4 * OF_WIDTH, 0.0))).y.astype(int)
    assert np.abs(right[:, 4:] - plain[:, :-4]).mean() < 0.6 * np.abs(right - plain).mean()
    coded = renderer.render((), 0, Scenery(quality=50)).y.astype(int)
    assert 0.5 < np.abs(coded - plain).mean() < 6
