"""A camera over a level floor: places, heights and hidden feet are those of points that are projected one by one."""

from math import cos, radians, sin

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.rules.pinhole import LEAST_OVER_H, Pinhole

cameras = st.builds(Pinhole, above_h=st.floats(0.88, 9.0), pitch=st.floats(0.0, radians(85)), focal=st.floats(0.4, 3.0))
sides, distances, statures = st.floats(-5.0, 5.0), st.floats(0.2, 12.0), st.floats(0.6, 1.2)


def seen(camera: Pinhole, side_h: float, ahead_h: float, up_h: float) -> tuple[float, float]:
    """Column and row of a point beside, before and above where the camera stands."""
    below_h = camera.above_h - up_h
    depth = ahead_h * cos(camera.pitch) + below_h * sin(camera.pitch)
    down = below_h * cos(camera.pitch) - ahead_h * sin(camera.pitch)
    return camera.focal * side_h / depth, 0.5 + camera.focal * down / depth


@given(cameras, sides, distances)
def test_a_foot_is_where_it_was_and_a_grown_person_there_is_as_tall_as_they_look(
    camera: Pinhole, side_h: float, ahead_h: float
) -> None:
    x, y = seen(camera, side_h, ahead_h, 0.0)
    assume(camera.far_y <= y <= camera.near_y)
    tall = y - seen(camera, side_h, ahead_h, 1.0)[1]
    assert camera.place(x, y) == pytest.approx((side_h, ahead_h, tall), rel=1e-6, abs=1e-6)
    assert camera.height(y) == pytest.approx(tall)


@given(cameras, distances, statures)
def test_a_head_tells_of_the_foot_below_it(camera: Pinhole, ahead_h: float, stature: float) -> None:
    assume(camera.above_h - stature > LEAST_OVER_H)
    _, head_y = seen(camera, 0.0, ahead_h, stature)
    assume(head_y > camera.far_y)
    assert camera.foot_below(head_y, stature) == pytest.approx(seen(camera, 0.0, ahead_h, 0.0)[1])


@given(cameras, distances)
def test_small_steps_are_stretched_to_what_they_are_on_the_floor(camera: Pinhole, ahead_h: float) -> None:
    step_h = 1e-4
    (_, y), (aside, _), (_, nearer) = (
        seen(camera, *at, 0.0) for at in ((0.0, ahead_h), (step_h, ahead_h), (0.0, ahead_h - step_h))
    )
    assume(camera.far_y <= y <= camera.near_y)
    stretch, tall = camera.stretch(y), camera.height(y)
    assert stretch is not None
    assert tall is not None
    assert aside / tall * stretch[0] == pytest.approx(step_h, rel=1e-3)
    assert (nearer - y) / tall * stretch[1] == pytest.approx(step_h, rel=1e-2)


@given(cameras, st.floats(-1.0, 2.0), st.floats(-1.0, 1.0))
def test_who_is_told_of_stands_before_the_camera_and_looks_upright(camera: Pinhole, y: float, x: float) -> None:
    place = camera.place(x, y)
    assert (place is None) == (camera.height(y) is None) == (camera.stretch(y) is None)
    if place:
        assert place[1] > 0
        assert place[2] > 0


@pytest.mark.parametrize(("pitch_deg", "focal", "row"), [(0.0, 1.0, 0.55), (10.0, 1.0, 0.4), (85.0, 0.45, 1.0)])
def test_nothing_is_told_near_the_horizon_and_nearly_below_the_lens(pitch_deg: float, focal: float, row: float) -> None:
    camera = Pinhole(focal, 1.6, radians(pitch_deg))
    assert camera.place(0.0, row) is None
    assert camera.height(row) is None
    assert camera.stretch(row) is None
