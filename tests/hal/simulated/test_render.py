"""Pictures: their format, people where the truth says and hidden behind walls, noise that is never the same twice."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from hal.ports import Yuv420
from hal.simulated.backdrop import backdrop
from hal.simulated.pictures import sample, to_rgb
from hal.simulated.render import Light, Renderer
from hal.simulated.scene import Scene
from hal.simulated.shop import load_layout

W, H = 320, 180


@cache
def renderer(light: Light = Light.DAY) -> Renderer:
    return Renderer(load_layout(), W, H, light, detail=1.0)


def changed(picture: Yuv420, empty: Yuv420) -> NDArray[np.bool_]:
    """Where the luma differs by more than noise."""
    return np.asarray(np.abs(picture.y.astype(int) - empty.y.astype(int)) > 30)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (161, 91), (64, 48)])
def test_pictures_are_planar_420_of_any_size(width: int, height: int) -> None:
    picture = Renderer(load_layout(), width, height, detail=1.0).render((), 0)
    assert picture.y.shape == (height, width)
    assert picture.u.shape == picture.v.shape == ((height + 1) // 2, (width + 1) // 2)
    assert {plane.dtype for plane in (picture.y, picture.u, picture.v)} == {np.dtype(np.uint8)}


def test_the_same_frame_is_the_same_picture_and_the_next_has_other_noise() -> None:
    figures = Scene().figures(18.0)
    first, again, following = (renderer().render(figures, index) for index in (4, 4, 5))
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.y, following.y)


def test_a_new_renderer_draws_the_same() -> None:
    figures = Scene(seed=2).figures(25.0)
    other = Renderer(load_layout(), W, H, detail=1.0)
    assert np.array_equal(renderer().render(figures, 9).y, other.render(figures, 9).y)
    assert np.array_equal(renderer().render(figures, 9).u, other.render(figures, 9).u)


def test_people_are_drawn_inside_their_boxes_only() -> None:
    snapshot = Scene(seed=3).at(20.0)
    drawn, empty = renderer().render(snapshot.figures, 1), renderer().render((), 1)
    different = (drawn.u != empty.u) | (drawn.v != empty.v)  # shadows and noise have no colour
    allowed = np.zeros_like(different)
    for person in snapshot.people:
        x1, y1, x2, y2 = person.box
        rows = slice(max(0, int(y1 * H / 2) - 1), int(y2 * H / 2) + 2)
        allowed[rows, max(0, int(x1 * W / 2) - 1) : int(x2 * W / 2) + 2] = True
    assert different.any()
    assert not (different & ~allowed).any()


def test_every_fully_seen_person_fills_its_box() -> None:
    snapshot = Scene(seed=4).at(18.0)
    whole = [person for person in snapshot.people if person.seen > 0.99]
    different = changed(renderer().render(snapshot.figures, 1), renderer().render((), 1))
    assert whole
    for person in whole:
        x1, y1, x2, y2 = person.box
        inside = different[int(y1 * H) : int(y2 * H), int(x1 * W) : int(x2 * W)]
        rows = np.flatnonzero(inside.any(axis=1))
        assert inside.mean() > 0.2
        assert (rows[-1] - rows[0]) / inside.shape[0] > 0.8


def test_who_is_behind_the_wall_is_not_drawn() -> None:
    scene = Scene(script="walker")
    hidden = next(t for t in np.arange(0.0, 20.0, 0.1) if scene.at(float(t)).people)
    different = changed(renderer().render(scene.figures(float(hidden)), 2), renderer().render((), 2))
    assert not different.any()


def test_night_is_grey_dark_and_noisier() -> None:
    figures = Scene(script="night").figures(20.0)
    night, day = renderer(Light.NIGHT).render(figures, 3), renderer().render(figures, 3)
    assert int(night.u.min()) == int(night.u.max()) == int(night.v.max()) == 128
    assert night.y.mean() < 0.6 * day.y.mean()
    wall = (slice(10, 40), slice(100, 110))
    noise = [
        (pictures[0].y[wall].astype(int) - pictures[1].y[wall]).std()
        for pictures in (
            (renderer(light).render((), 1), renderer(light).render((), 2)) for light in (Light.DAY, Light.NIGHT)
        )
    ]
    assert 2 < noise[0] < noise[1]


def test_the_backdrop_knows_floor_and_distance() -> None:
    layout = load_layout()
    empty = backdrop(layout, W, H, 1.0)
    u, v = layout.optics.project(np.array([[3.05, 3.5, 0.0]]))[0][0]
    depth = layout.optics.view(np.array([[3.05, 3.5, 0.0]]))[0, 2]
    assert empty.floor[int(v * H), int(u * W)] == 255
    assert 1 / empty.nearness[int(v * H), int(u * W)] == pytest.approx(depth, rel=0.03)
    u, v = layout.optics.project(np.array([[3.5, 2.5, 0.5]]))[0][0]
    assert empty.floor[int(v * H), int(u * W)] == 0


def test_training_pictures_are_reproducible_and_varied() -> None:
    (first, boxes), (again, same) = sample(7, 160, 90), sample(7, 160, 90)
    assert first.shape == (90, 160, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.array_equal(boxes, same)
    assert not np.array_equal(first, sample(8, 160, 90)[0])


def test_training_boxes_are_inside_the_picture() -> None:
    counts = []
    for seed in range(8):
        _, boxes = sample(seed, 96, 54)
        counts.append(len(boxes))
        assert boxes.shape[1:] == (4,)
        assert ((boxes >= 0) & (boxes <= 1)).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert len(set(counts)) > 2


def test_rgb_is_the_planes_in_colour() -> None:
    rgb = to_rgb(renderer().render((), 0))
    assert rgb.shape == (H, W, 3)
    assert rgb.std() > 20
