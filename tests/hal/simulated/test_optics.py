"""Metres to picture and back, and what is cut at the lens plane and the picture's edge."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.simulated.optics import Optics, inside

STRAIGHT = Optics((0.0, 0.0, 2.5), (0.0, 5.0, 2.5), 60.0)

cameras = st.builds(
    Optics,
    st.tuples(st.floats(-5, 5), st.floats(-5, 0), st.floats(1.8, 4.5)),
    st.tuples(st.floats(-3, 3), st.floats(2, 9), st.floats(0, 1.5)),
    st.floats(35, 110),
    st.sampled_from([4 / 3, 16 / 9, 1.0]),
)


def project(optics: Optics, *points: tuple[float, float, float]) -> list[list[float]]:
    return [[float(u), float(v)] for u, v in optics.project(np.array(points))[0]]


def test_the_tilt_is_how_far_below_level_the_middle_looks() -> None:
    assert Optics((1.0, 1.0, 2.5), (1.0, 3.5, 0.0), 60.0).tilt_deg == pytest.approx(45.0)
    assert STRAIGHT.tilt_deg == pytest.approx(0.0)


def test_the_axis_is_the_middle_and_the_field_of_view_the_edge() -> None:
    edge = 5.0 * math.tan(math.radians(30))
    assert project(STRAIGHT, (0, 5, 2.5)) == [pytest.approx([0.5, 0.5])]
    assert project(STRAIGHT, (edge, 5, 2.5), (-edge, 5, 2.5)) == [pytest.approx([1, 0.5]), pytest.approx([0, 0.5])]


def test_up_is_up_and_square_pixels_stay_square() -> None:
    (_, above), (right, _) = project(STRAIGHT, (0, 5, 3.0), (0.5, 5, 2.5))
    assert (0.5 - above) / (right - 0.5) == pytest.approx(16 / 9)


def test_depth_is_along_the_axis() -> None:
    _, depth = STRAIGHT.project(np.array([(3.0, 4.0, 1.0), (0.0, -1.0, 2.5)]))
    assert depth.tolist() == pytest.approx([4.0, -1.0])


@given(cameras, st.floats(-4, 4), st.floats(1.5, 12))
def test_floor_points_come_back(optics: Optics, x: float, y: float) -> None:
    xy, depth = optics.project(np.array([[x, y, 0.0]]))
    if depth[0] > 0.1:
        assert optics.to_floor(xy)[0].tolist() == pytest.approx([x, y], abs=1e-6)


@given(cameras, st.floats(-4, 4), st.floats(1.5, 12))
def test_the_homography_agrees_with_the_projection(optics: Optics, x: float, y: float) -> None:
    xy, depth = optics.project(np.array([[x, y, 0.0]]))
    u, v, w = optics.floor_homography @ np.array([x, y, 1.0])
    if depth[0] > 0.1:
        assert [u / w, v / w] == pytest.approx(xy[0].tolist(), abs=1e-6)


def test_nothing_of_the_floor_lies_above_the_horizon() -> None:
    assert np.isnan(STRAIGHT.to_floor(np.array([[0.5, 0.4]]))).all()


@given(cameras)
def test_floor_polygons_stay_in_the_picture(optics: Optics) -> None:
    polygon = optics.floor_polygon(((-9, -9), (9, -9), (9, 9), (-9, 9)))
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in polygon)


def test_a_polygon_behind_the_camera_is_not_seen() -> None:
    assert STRAIGHT.floor_polygon(((-1, -3), (1, -3), (1, -1), (-1, -1))) == ()


def test_a_polygon_in_view_is_its_projected_corners() -> None:
    corners = ((-1.0, 8.0), (1.0, 8.0), (1.0, 9.0), (-1.0, 9.0))
    seen = STRAIGHT.floor_polygon(corners)
    expected = project(STRAIGHT, *((x, y, 0.0) for x, y in corners))
    assert sorted(map(list, seen)) == [pytest.approx(point) for point in sorted(expected)]


def test_inside_follows_the_outline() -> None:
    hook = [(0, 0), (4, 0), (4, 4), (2, 4), (2, 2), (0, 2)]
    assert inside(hook, 3, 3)
    assert inside(hook, 1, 1)
    assert not inside(hook, 1, 3)
