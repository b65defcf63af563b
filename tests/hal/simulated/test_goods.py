"""Goods that are taken one by one, things on the floor, and the light: each changes what it should and nothing else."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from hal.ports import Yuv420
from hal.simulated.goods import Front, contrasts, front_of
from hal.simulated.racks import spirits
from hal.simulated.render import Renderer
from hal.simulated.scene import Scene
from hal.simulated.scenery import USUAL, Furnishing, Scenery, Sun, lamps_off
from hal.simulated.scripts import SWEPT
from hal.simulated.shop import Block, load_layout

W, H, DETAIL = 320, 180, 1.0
BOX = Block("box", (1.9, 3.0, 2.3, 3.35), (0.0, 0.35), "cartons", "cartons")


@cache
def front() -> Front:
    return front_of(load_layout(), W, DETAIL)


@cache
def picture(scenery: Scenery = USUAL) -> Yuv420:
    return Renderer(load_layout(), W, H, detail=DETAIL).render((), 1, scenery)


def changed(scenery: Scenery) -> NDArray[np.bool_]:
    now, then = picture(scenery), picture()
    return np.asarray(now.y != then.y)


def test_a_rack_is_the_same_with_its_goods_and_bare_but_for_them() -> None:
    full, bare = (draw(1.2, 0.8, 100.0, np.random.default_rng(5)) for draw in (spirits, spirits.bare))
    products = spirits.products(1.2, 0.8, 100.0, np.random.default_rng(5))
    goods = np.zeros(full.shape[:2], np.bool_)
    for product in products:
        x, y, w, h = (round(v * 100) for v in product[:4])
        goods[max(y - h, 0) : y + 1, x : x + w + 1] = True
    assert (full != bare).any(axis=2)[goods].mean() > 0.7
    assert not (full != bare)[~goods].any()


def test_what_is_taken_is_gone_and_all_else_is_there() -> None:
    items = [5, 6, 30]
    different = changed(Scenery(Furnishing(frozenset(items))))
    near = front().mask(items, (W, H)) > 0
    assert different[near].mean() > 0.5
    assert not different[~np.asarray(near)].any()


def test_what_is_put_back_looks_as_before() -> None:
    renderer = Renderer(load_layout(), W, H, detail=DETAIL)
    renderer.render((), 1, Scenery(Furnishing(frozenset({3, 4}))))
    assert np.array_equal(renderer.render((), 1).y, picture().y)


def test_goods_lie_in_the_front_and_the_next_ones_are_neighbours() -> None:
    (x0, y0), (x1, y1) = np.array(front().polygon).min(0), np.array(front().polygon).max(0)
    quads = front().quads.reshape(-1, 2)
    assert (quads >= (x0 - 0.01, y0 - 0.01)).all()
    assert (quads <= (x1 + 0.01, y1 + 0.01)).all()
    first, second, *_ = front().around(20, range(len(front().quads)))
    assert first == 20
    assert abs(second - 20) == 1
    assert 0.002 < front().item_share < 0.03


def test_dark_goods_stand_out_less() -> None:
    apart = contrasts(load_layout(), front(), W, H, DETAIL)
    assert apart.shape == (len(front().quads),)
    assert apart.min() < 12 < apart.max()


def test_a_thing_on_the_floor_changes_the_picture_round_it_only() -> None:
    different = changed(Scenery(Furnishing(things=(BOX,))))
    corners = np.array([(x, y, z) for x in BOX.rect[::2] for y in BOX.rect[1::2] for z in BOX.z])
    xy, _ = load_layout().optics.project(corners)
    (x0, y0), (x1, y1) = np.floor(xy.min(0) * (W, H)).astype(int), np.ceil(xy.max(0) * (W, H)).astype(int)
    assert different[y0:y1, x0:x1].mean() > 0.6
    # It also darkens the floor softly round its foot.
    different[max(y0 - 25, 0) : y1 + 25, max(x0 - 40, 0) : x1 + 40] = False
    assert not different.any()


def test_light_is_what_it_says() -> None:
    dark = picture(Scenery(Furnishing(lamps=lamps_off(load_layout(), {0, 1, 2, 3}))))
    assert dark.y.mean() < 0.85 * picture().y.mean()
    bright = picture(Scenery(gain=1.2))
    assert (bright.y.astype(float) - 16).mean() == pytest.approx(
        1.2 * (picture().y.astype(float) - 16).mean(), rel=0.05
    )
    sunny = changed(Scenery(sun=Sun(((1.4, 2.0), (2.6, 2.0), (2.6, 2.8), (1.4, 2.8)), 0.4)))
    assert 0.005 < sunny.mean() < 0.2
    upright = changed(Scenery(sun=Sun((), 0.6, front().polygon)))
    inside = front().mask(range(len(front().quads)), (W, H)) > 0
    assert upright[inside].mean() > 0.5
    assert upright[~inside].mean() < 0.1
    tinted = picture(Scenery(tint=(5, -5)))
    assert np.array_equal(tinted.y, picture().y)
    assert tinted.u.mean() == pytest.approx(picture().u.mean() + 5, abs=0.5)


def test_flicker_changes_from_frame_to_frame() -> None:
    renderer, flickering = Renderer(load_layout(), W, H, detail=DETAIL), Scenery(flicker=0.04)
    rows = [
        renderer.render((), index, flickering).y.mean(axis=1) / renderer.render((), index).y.mean(axis=1)
        for index in (1, 2)
    ]
    assert np.abs(rows[0] - 1).max() == pytest.approx(0.04, abs=0.01)
    assert np.abs(rows[0] - rows[1]).max() > 0.02


def test_the_scene_sweep_empties_the_shelf_and_fills_it_again() -> None:
    scene = Scene(script="sweep")
    gone = [len(scene.scenery(t_s, W).furnishing.gone) for t_s in (0.0, 85.0, 100.0, 160.0, 190.0, 300.0)]
    assert gone[0] == gone[4] == 0
    assert 0 < gone[1] < gone[2] == gone[5] == SWEPT.items
    assert 0 < gone[3] < SWEPT.items
    assert Scene(script="shop").scenery(50.0, W) == USUAL
