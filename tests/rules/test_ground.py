"""How the floor lies: the angle of view is found from people's heights, and distance no longer makes runners slow."""

from math import atan, degrees, hypot, pi, tan
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.domain import Box, Track
from agent.rules.ground import FOCAL, Ground
from agent.rules.pinhole import BODY_M, Pinhole, focal_of
from agent.rules.trails import Step, is_of_one_size
from agent.tables.mount import MountConfig
from tests.rules.stage import ASPECT, Stage

CAMERA_H, TILT = 1.65, 25 * pi / 180
"""A camera 2.8 m up that looks 25 degrees down."""


def seen(distance_h: float, side_h: float, track: int, t_s: float) -> Track:
    """Somebody on the floor as a pinhole camera sees them."""

    def row(height_h: float) -> float:
        return 0.5 + FOCAL * tan(atan((CAMERA_H - height_h) / distance_h) - TILT)

    foot, head = row(0.0), row(1.0)
    x = 0.5 + FOCAL * side_h / hypot(distance_h, CAMERA_H) / ASPECT
    width = (foot - head) / 5 / ASPECT
    return Track(track, t_s, Box(x - width, head, x + width, foot), 0.9, True, True, True, foot - head, 0.0, t_s)


def crowd(seed: int = 1) -> list[Track]:
    """Many short looks at people of all heights, everywhere on the floor."""
    chance = Random(seed)
    looks = (seen(chance.uniform(2.5, 7), chance.uniform(-1, 1), 0, 0.0) for _ in range(3000))
    return [look._replace(height=look.height * chance.gauss(1, 0.08)) for look in looks]


def test_nothing_is_stretched_before_the_floor_is_known() -> None:
    ground = Ground()
    assert ground.stretch(0.6) == (1.0, 1.0)
    for _ in range(1000):
        ground.learn(0.6, 0.3)
    assert ground.stretch(0.6) == (1.0, 1.0), "one row tells nothing"


@pytest.mark.parametrize("distance_h", [2.0, 2.3, 2.6])
def test_the_angle_of_view_is_found_from_heights(distance_h: float) -> None:
    ground = Ground()
    for look in crowd():
        ground.learn(look.box.y2, look.height)
    _, depth = ground.stretch(seen(distance_h, 0.0, 1, 0.0).box.y2)
    assert depth == pytest.approx(distance_h / CAMERA_H, rel=0.2)


@pytest.mark.parametrize(("speed", "found"), [(2.5, 1), (1.0, 0)])
def test_who_runs_away_from_the_camera_is_found_and_who_walks_is_not(speed: float, found: int) -> None:
    stage = Stage('[[rule]]\nkind = "running"\n')
    start_s = 0.0
    for number in range(1, 60):
        walker = [seen(2.5 + 0.8 * i / 10, (number % 5 - 2) / 2, number, start_s + i / 10) for i in range(50)]
        stage.play(walker)
        start_s += 8.0
    assert not stage.opened()
    stage.play([seen(1.7 + speed * i / 10, 0.0, 99, start_s + i / 10) for i in range(20)])
    assert len(stage.opened()) == found


def learned() -> Ground:
    ground = Ground()
    for look in crowd():
        ground.learn(look.box.y2, look.height)
    return ground


@pytest.mark.parametrize("distance_h", [2.5, 4.0, 5.0])
def test_places_on_the_floor_and_heights_are_those_of_the_camera_that_saw_them(distance_h: float) -> None:
    ground, look = learned(), seen(distance_h, 0.0, 1, 0.0)
    there, farther = (ground.place(0.0, seen(d, 0.0, 1, 0.0).foot.y) for d in (distance_h, distance_h + 0.5))
    assert there is not None
    assert farther is not None
    assert farther[1] - there[1] == pytest.approx(0.5, rel=0.2)
    assert ground.height(look.foot.y) == pytest.approx(look.height, rel=0.1)
    assert ground.foot_below(look.box.y1, 1.0) == pytest.approx(look.foot.y, abs=0.25 * look.height)


def test_no_place_is_told_above_the_horizon_or_before_the_floor_is_known() -> None:
    assert learned().place(0.0, 0.02) is None
    assert Ground().place(0.0, 0.8) is None


def test_a_box_that_loses_its_legs_far_away_is_no_runner() -> None:
    steps = [Step(i / 10, 0.2 * i, 0.0, 0.0, 0.0, 1.0 - 0.03 * i) for i in range(11)]
    assert not is_of_one_size(steps)
    assert is_of_one_size([step._replace(size=0.9) for step in steps])


MOUNT = MountConfig(CAMERA_H * BODY_M, degrees(TILT), degrees(2 * atan(ASPECT / 2 / FOCAL)))


def test_a_measured_floor_is_known_before_anybody_comes_and_people_do_not_change_it() -> None:
    ground, look = Ground(MOUNT, ASPECT), seen(4.0, 0.5, 1, 0.0)
    place = ground.place((look.foot.x - 0.5) * ASPECT, look.foot.y)
    assert place == pytest.approx((0.5, 4.0, look.height), rel=0.03)
    for _ in range(1000):
        ground.learn(look.box.y2, 2 * look.height)
    assert ground.place((look.foot.x - 0.5) * ASPECT, look.foot.y) == place


@pytest.mark.parametrize("known", [{"height_m": MOUNT.height_m}, {"tilt_deg": MOUNT.tilt_deg}, {}])
def test_what_was_not_measured_is_learned_the_better_the_more_was(known: dict[str, float]) -> None:
    ground = Ground(MountConfig(view_deg=MOUNT.view_deg, **known), ASPECT)
    assert ground.place(0.0, 0.8) is None
    for look in crowd():
        ground.learn(look.box.y2, look.height)
    near, far = (ground.place(0.0, seen(d, 0.0, 1, 0.0).foot.y) for d in (2.5, 5.0))
    assert near
    assert far
    assert far[1] - near[1] == pytest.approx(2.5, rel=0.1 if known else 0.2)


@given(st.floats(1.0, 4.0), st.floats(0.0, 1.2), st.floats(30.0, 120.0), st.floats(0.0, 1.0))
def test_a_head_leads_back_to_its_foot(above_h: float, pitch: float, view_deg: float, foot_y: float) -> None:
    camera = Pinhole(focal_of(view_deg, ASPECT), above_h, pitch)
    height = camera.height(foot_y)
    assume(height and above_h > 1.3)
    assert height
    back = camera.foot_below(foot_y - height, 1.0)
    if back is not None:
        assert back == pytest.approx(foot_y, abs=1e-6)
    assert camera.above(foot_y, height) == pytest.approx(above_h, rel=1e-6)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.3])
def test_it_is_told_how_much_taller_people_look_than_was_measured(factor: float) -> None:
    ground = Ground(MOUNT, ASPECT)
    assert ground.taller is None
    for look in crowd():
        ground.learn(look.box.y2, factor * look.height)
    assert ground.taller == pytest.approx(factor, rel=0.03)


def test_one_person_at_one_place_contradicts_nothing_nor_does_what_was_not_measured() -> None:
    ground, there = Ground(MOUNT, ASPECT), seen(4.0, 0.0, 1, 0.0)
    for _ in range(1000):
        ground.learn(there.box.y2, 2 * there.height)
    assert ground.taller is None
    assert learned().taller is None
