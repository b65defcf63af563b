"""The truth of the scene: the same every time, true to the floor plan, and the script keeps its word."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.simulated.figure import COCO_17, Stance, body_of, joints_of
from hal.simulated.itinerary import Planner
from hal.simulated.optics import inside
from hal.simulated.people import random_look
from hal.simulated.scene import Happening, Scene, Snapshot
from hal.simulated.scripts import SCENARIOS


@cache
def scene(script: str = "shop", seed: int = 1) -> Scene:
    return Scene(seed=seed, script=script)


def named(happenings: tuple[Happening, ...], name: str) -> list[Happening]:
    return [h for h in happenings if h.name == name]


def busy_snapshots() -> list[Snapshot]:
    return [scene(script, seed).at(t) for script, seed in (("shop", 1), ("crowd", 2)) for t in (6.0, 18.0, 33.0, 47.0)]


@pytest.mark.parametrize("script", list(SCENARIOS))
def test_the_same_seed_and_time_give_the_same_truth(script: str) -> None:
    first, second = Scene(seed=3, script=script), Scene(seed=3, script=script)
    late = second.at(200.0)
    assert [first.at(t) for t in (0.0, 21.5)] == [second.at(t) for t in (0.0, 21.5)]
    assert first.at(200.0) == late


def test_another_seed_is_another_day() -> None:
    assert scene(seed=1).at(20.0) != scene(seed=2).at(20.0)


def test_an_unknown_script_is_refused() -> None:
    with pytest.raises(KeyError):
        Scene(script="riot")


def test_the_empty_shop_stays_empty() -> None:
    assert not any(scene("empty").at(t).people for t in (0.0, 50.0, 5000.0))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_intruder_comes_when_scripted_and_stays_about_20_s(seed: int) -> None:
    visit = named(scene(seed=seed).happenings(0, 40), "restricted")[0]
    assert visit.start_s == pytest.approx(12.0, abs=0.11)
    assert 17 <= visit.end_s - visit.start_s <= 24
    assert visit.place == "stock"
    during = next(p for p in scene(seed=seed).at(visit.start_s + 8).people if p.id == visit.person)
    assert "stock" in during.zones
    assert during.seen > 0.5


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_someone_loiters_and_people_cross_the_entrance(seed: int) -> None:
    found = scene(seed=seed).happenings(0, 80)
    assert named(found, "loitering")
    crossings = named(found, "line_crossing")
    assert {h.direction for h in crossings} == {"in", "out"}


def test_every_cycle_has_its_intruder_and_ids_are_never_reused() -> None:
    intruders = [h.person for h in named(scene().happenings(0, 800), "restricted")]
    assert len(intruders) == len(set(intruders)) == 10


def test_a_crossing_happens_on_the_line() -> None:
    line = scene().layout.lines[0]
    for crossing in named(scene().happenings(0, 80), "line_crossing"):
        ways = [
            {p.id: p.floor for p in scene().at(crossing.start_s + offset).people}[crossing.person]
            for offset in (-0.3, 0.3)
        ]
        before, after = (y < line.floor[0][1] for _, y in ways)
        assert (before, after) == ((False, True) if crossing.direction == "in" else (True, False))


def test_runners_run() -> None:
    running = named(scene("runner").happenings(0, 60), "running")[0]
    middle = (running.start_s + running.end_s) / 2
    places = [
        next(p.floor for p in scene("runner").at(t).people if p.id == running.person) for t in (middle, middle + 0.2)
    ]
    assert math.dist(*places) / 0.2 > 2.0


def test_feet_are_where_the_homography_puts_them() -> None:
    for snapshot in busy_snapshots():
        for person in snapshot.people:
            u, v, w = scene().layout.optics.floor_homography @ np.array([*person.floor, 1.0])
            assert person.foot == pytest.approx((u / w, v / w), abs=1e-9)


def test_boxes_hold_the_joints_and_stand_on_the_foot() -> None:
    for snapshot in busy_snapshots():
        for person in snapshot.people:
            x1, y1, x2, y2 = person.box
            outside = [k for k in person.keypoints if not (x1 <= k[0] <= x2 and y1 <= k[1] <= y2)]
            assert outside == []
            assert x1 < person.foot[0] < x2
            assert abs(y2 - person.foot[1]) < 0.25 * (y2 - y1)


def test_zones_of_a_person_are_those_round_the_foot() -> None:
    for snapshot in busy_snapshots():
        for person in snapshot.people:
            expected = [zone.name for zone in scene().layout.zones if inside(zone.floor, *person.floor)]
            assert list(person.zones) == expected


def test_what_is_seen_lies_in_the_picture_and_in_the_body() -> None:
    for snapshot in busy_snapshots():
        for person in snapshot.people:
            assert 0 <= person.seen <= 1
            assert (person.seen_box is None) == (person.seen == 0)
            if person.seen_box:
                x1, y1, x2, y2 = person.seen_box
                assert max(person.box[0], 0) - 1e-9 <= x1 <= x2 <= min(person.box[2], 1) + 1e-9
                assert max(person.box[1], 0) - 1e-9 <= y1 <= y2 <= min(person.box[3], 1) + 1e-9


def test_a_person_in_the_street_behind_the_wall_is_not_seen() -> None:
    first = next(t for t in np.arange(0.0, 20.0, 0.1) if scene("walker").at(float(t)).people)
    (person,) = scene("walker").at(float(first)).people
    assert person.floor[1] > scene().layout.size[1]
    assert person.seen < 0.05


def test_keypoints_know_whether_they_are_seen() -> None:
    nose = COCO_17.index("nose")
    towards, away = (
        next(
            person.keypoints[nose][2]
            for t in np.arange(0.0, 60.0, 0.5)
            for person, figure in zip(
                scene("walker").at(float(t)).people, scene("walker").figures(float(t)), strict=True
            )
            if person.seen > 0.99 and sign * float(figure.body.face[1]) < -0.02
        )
        for sign in (1, -1)
    )
    assert (towards, away) == (2, 1)


stances = st.builds(
    Stance,
    x=st.floats(-3, 3),
    y=st.floats(-3, 3),
    heading_rad=st.floats(-4, 4),
    phase_rad=st.floats(0, 7),
    effort=st.floats(0, 1.6),
    reach=st.floats(0, 1),
    reach_m=st.floats(0.3, 2),
    crouch=st.floats(0, 0.9),
    look_rad=st.floats(-1, 1),
)


@given(stances, st.integers(0, 99))
@settings(max_examples=80)
def test_bodies_stand_on_the_floor_and_hold_together(stance: Stance, seed: int) -> None:
    look = random_look(np.random.default_rng(seed))
    body, joints = body_of(stance, look), joints_of(stance, look)
    assert min(joints["l_ankle"][2], joints["r_ankle"][2]) == pytest.approx(0.043 * look.height_m)
    assert np.isfinite(body.spheres).all()
    hand_m = stance.reach_m + 0.065 * look.height_m if stance.reach else 0.0
    assert body.spheres[:, 2].max() < max(1.08 * look.height_m, hand_m), (
        "no higher than the head, or than the hand that reaches up"
    )
    assert float((body.spheres[:, 2] - body.spheres[:, 3]).min()) > -0.02
    for side in "lr":
        thigh, shank = (
            float(np.linalg.norm(joints[f"{side}_{a}"] - joints[f"{side}_{b}"]))
            for a, b in (("hip", "knee"), ("knee", "ankle"))
        )
        assert (thigh, shank) == pytest.approx((0.245 * look.height_m, 0.245 * look.height_m))


def test_an_itinerary_goes_at_its_speed_and_waits_as_told() -> None:
    plan = Planner((0.0, 0.0), 2.0).go(((0.0, 0.0), (4.0, 0.0)), speed_mps=1.0).stay(3.0, 90, "browse").done()
    assert [plan.start_s, plan.end_s] == pytest.approx([2.0, 9.0])
    assert plan.positions(np.array([4.0]))[0].tolist() == pytest.approx([2.0, 0.0])
    walking, standing = plan.at(4.0), plan.at(8.0)
    assert walking.effort == pytest.approx(0.8, abs=0.05)
    assert walking.heading_rad == pytest.approx(0.0)
    assert standing.effort == 0.0
    assert standing.heading_rad == pytest.approx(np.pi / 2, abs=0.15)
    with pytest.raises(ValueError, match="at least one leg"):
        Planner((0.0, 0.0), 0.0).done()


def test_seen_boxes_stand_in_the_zones_that_the_feet_are_in() -> None:
    """The bottom centre of a box is all that a rule knows: it must tell the zones of the floor plan."""
    zones = {zone.name: zone.polygon for zone in scene().layout.zones if zone.kind in ("restricted", "high_value")}
    agreed: list[bool] = []
    for t in np.arange(0.0, 60.0, 0.25):
        for person in scene().at(float(t)).people:
            if person.seen_box and person.seen > 0.4:
                x1, _, x2, y2 = person.seen_box
                agreed += [inside(zones[z], (x1 + x2) / 2, y2) == (z in person.zones) for z in zones]
    assert np.mean(agreed) > 0.98
