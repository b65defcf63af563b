"""Simulated poses: bodies keep their bones, acts have their truth, errors are as asked for, and all of it is fast."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.simulated.itinerary import Planner
from hal.simulated.optics import hull, inside
from hal.simulated.scenario.actor import LEFT, SHARES, Act, Actor, ActScript, Burden, act_of, bear, hand_of
from hal.simulated.scenario.acts import AT_SHELF, put_back, take, touch_and_leave
from hal.simulated.scenario.idle_acts import ANYWHERE, hands_in_pockets, phone, sit
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.pose_day import PoseDay, PosePlan, shelf_polygons
from hal.simulated.scenario.pose_noise import MIRRORED, PoseNoise, noticed, random_pose_noise
from hal.simulated.scenario.posed import Sighting, Visit, channels_of, sighting_of
from hal.simulated.scenario.rare_acts import FALLING, HIDING, fall_over
from hal.simulated.scenario.skeleton import FOREARM_H, JOINT, SHANK_H, THIGH_H, UPPER_ARM_H, bones_of
from hal.simulated.sight import Occluders

LAYOUT = shop_layout(1002)
BONES = [
    ("shoulder", "elbow", UPPER_ARM_H), ("elbow", "wrist", FOREARM_H),
    ("hip", "knee", THIGH_H), ("knee", "ankle", SHANK_H),
]  # fmt: skip
HEIGHT_M = 1.8


def acting(script: ActScript, seed: int) -> Visit:
    act = act_of(script, Actor(np.random.default_rng(seed)))
    place = LAYOUT.of_kind("browse")[0]
    plan = Planner(place.at, 10.0).stay(act.seconds, place.facing_deg, "browse")
    return Visit(1, plan.done(), HEIGHT_M, ((10.0, act),))


def times_of(visit: Visit, fps: float = 10.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.arange(visit.itinerary.start_s, visit.itinerary.end_s, 1 / fps)


@settings(max_examples=25, deadline=None)
@given(script=st.sampled_from([*HIDING, *FALLING, *AT_SHELF, *ANYWHERE, sit]), seed=st.integers(0, 1000))
def test_bones_keep_their_lengths_and_nobody_sinks_into_the_floor(script: ActScript, seed: int) -> None:
    visit = acting(script, seed)
    joints = bones_of(channels_of(visit, times_of(visit)), HEIGHT_M).joints
    assert np.isfinite(joints).all()
    assert (joints[:, :, 2] > -0.02).all()
    upright = channels_of(visit, times_of(visit)).tip == 0.0
    for first, second, length in BONES:
        for side in "lr":
            bone = joints[:, JOINT[f"{side}_{first}"]] - joints[:, JOINT[f"{side}_{second}"]]
            assert np.linalg.norm(bone[upright], axis=1) == pytest.approx(length * HEIGHT_M, rel=0.02)


def test_who_has_fallen_lies_low_and_who_sits_does_not() -> None:
    fallen, sitting = (acting(script, 5) for script in (fall_over, sit))
    low = bones_of(channels_of(fallen, times_of(fallen)[-5:]), HEIGHT_M).joints
    assert low[:, JOINT["nose"], 2].max() < 0.7
    high = bones_of(channels_of(sitting, np.array([sitting.itinerary.start_s + 5.0])), HEIGHT_M).joints
    assert high[:, JOINT["nose"], 2].min() > 0.9


@pytest.mark.parametrize("script", HIDING)
def test_hiding_is_told_from_the_reach_on(script: ActScript) -> None:
    visit = acting(script, 3)
    (reach, *_), (hide,) = list(visit.spans("reach")), list(visit.spans("hide"))
    assert reach[1] <= hide[0] < hide[1] <= visit.itinerary.end_s


@pytest.mark.parametrize("script", [*AT_SHELF, *ANYWHERE])
def test_nothing_else_is_hiding_or_falling(script: ActScript) -> None:
    for seed in range(5):
        visit = acting(script, seed)
        assert [*visit.spans("hide"), *visit.spans("lie"), *visit.spans("tamper")] == []


def bearing(burden: Burden, *scripts: ActScript) -> Visit:
    """Somebody who bears something and does these things."""
    actor = Actor(np.random.default_rng(4), burden)
    place = LAYOUT.of_kind("browse")[0]
    acts: list[tuple[float, Act]] = [(10.0, act_of(bear, actor))]
    plan = Planner(place.at, 10.0).stay(2.0, place.facing_deg, "browse")
    for script in scripts:
        act = act_of(script, actor)
        acts.append((plan.time_s, act))
        plan.stay(act.seconds, place.facing_deg, "browse")
    plan.stay(1.0, place.facing_deg, "browse")
    return Visit(1, plan.done(), HEIGHT_M, tuple(acts))


def elbow_deg(visit: Visit, side: str, t_s: float) -> float:
    joints = bones_of(channels_of(visit, np.array([t_s])), HEIGHT_M).joints[0]
    upper = joints[JOINT[f"{side}_shoulder"]] - joints[JOINT[f"{side}_elbow"]]
    fore = joints[JOINT[f"{side}_wrist"]] - joints[JOINT[f"{side}_elbow"]]
    return float(np.degrees(np.arccos(upper @ fore / np.linalg.norm(upper) / np.linalg.norm(fore))))


@pytest.mark.parametrize("scripts", [(), (take,), (put_back, take), (phone,), (hands_in_pockets,), (touch_and_leave,)])
def test_the_arm_under_a_basket_is_bent_before_and_after_whatever_one_does(scripts: tuple[ActScript, ...]) -> None:
    visit = bearing(Burden.ON_ARM, *scripts)
    side = "r" if Actor(np.random.default_rng(4)).side == LEFT else "l"
    for t_s in (visit.itinerary.start_s + 1.5, visit.itinerary.end_s - 0.1):
        assert 60 < elbow_deg(visit, side, t_s) < 125


def test_who_bears_nothing_keeps_what_they_took_in_the_other_hand() -> None:
    visit = bearing(Burden.NOTHING, take, touch_and_leave)
    side = "r" if Actor(np.random.default_rng(4)).side == LEFT else "l"
    assert elbow_deg(visit, side, visit.itinerary.start_s + 1.5) > 140
    assert elbow_deg(visit, side, visit.itinerary.end_s - 0.1) < 125


def test_hands_in_pockets_and_bags_are_hidden_until_they_come_out() -> None:
    visit = acting(hands_in_pockets, 2)
    seen = sighting_of(visit, LAYOUT, Occluders(LAYOUT), times_of(visit))
    wrists = np.flatnonzero(seen.clothed[:, [JOINT["l_wrist"], JOINT["r_wrist"]]].any(1))
    assert wrists[0] > 0
    assert wrists[-1] < len(seen.times) - 1
    assert seen.clothed.sum() == seen.clothed[:, [JOINT["l_wrist"], JOINT["r_wrist"]]].sum()


def test_a_hidden_hand_is_told_with_less_confidence_and_beside_its_place() -> None:
    sighting = ideal()
    inside = np.zeros_like(sighting.clothed)
    inside[:, JOINT["l_wrist"]] = True
    noise = PoseNoise(jitter=0.0, dropout=0.0, swaps=0.0)
    xy, confidence = noticed(replace(sighting, clothed=inside), noise, 1.0, np.random.default_rng(1))
    assert confidence[inside].mean() < confidence[~inside].mean() - 0.15
    assert (xy - sighting.xy)[inside].std() > 0.01
    assert (xy == sighting.xy)[~inside].all()


def test_burdens_are_as_frequent_as_they_were_counted() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)
    day = PoseDay(LAYOUT, PosePlan(shoppers=300, hiders=0, sitters=0), 8)
    forward = [visit.acts[0][1].moves[0].to[hand_of(LEFT)] for visit in day.visits]
    handles = sum(isinstance(hand, tuple) and hand[0] > 0.18 for hand in forward)
    assert handles / len(forward) == pytest.approx(SHARES[Burden.TROLLEY], abs=0.07)


def ideal(frames: int = 4000) -> Sighting:
    times = np.arange(frames) / 10
    xy = np.random.default_rng(1).uniform(0.2, 0.8, (1, 17, 2)).repeat(frames, axis=0)
    none = np.zeros((frames, 17), np.bool_)
    return Sighting(times, xy, none, none, none, np.zeros((frames, 4)), np.ones(frames), np.full(frames, 0.5))


def test_jitter_dropouts_and_swaps_are_as_asked_for() -> None:
    rng = np.random.default_rng(2)
    sighting = ideal()
    xy, confidence = noticed(sighting, PoseNoise(jitter=0.01, dropout=0.0, swaps=0.0), 1.0, rng)
    assert (xy - sighting.xy).std() == pytest.approx(0.01 * 0.5, rel=0.1)
    assert confidence.mean() > 0.7
    _, confidence = noticed(sighting, PoseNoise(jitter=0.0, dropout=0.1, swaps=0.0), 1.0, rng)
    assert (confidence < 0.42).mean() == pytest.approx(0.1, abs=0.02)
    xy, _ = noticed(sighting, PoseNoise(jitter=0.0, dropout=0.0, swaps=0.09), 1.0, rng)
    swapped = np.abs(xy[:, JOINT["l_wrist"]] - sighting.xy[:, JOINT["r_wrist"]]).max(1) < 1e-9
    assert swapped.mean() == pytest.approx(0.06, abs=0.02), "of the arms or of the whole body"


def test_mirroring_twice_changes_nothing() -> None:
    assert (MIRRORED[MIRRORED] == np.arange(17)).all()


def test_the_trunk_hides_what_is_behind_it_and_never_itself() -> None:
    visit = acting(HIDING[0], 3)
    times = times_of(visit)
    seen = sighting_of(visit, LAYOUT, Occluders(LAYOUT), times)
    assert not seen.covered[:, [JOINT["l_shoulder"], JOINT["r_hip"]]].any()
    facing = bones_of(channels_of(visit, times), HEIGHT_M).face @ (np.array(LAYOUT.optics.position) - (3.0, 3.0, 1.5))
    nose = seen.covered[:, JOINT["nose"]]
    assert nose[facing < 0].mean() > nose[facing > 0].mean() if (facing > 0).any() else nose.mean() > 0.5


def test_a_day_is_the_same_for_the_same_seed_and_holds_what_was_planned() -> None:
    plan = PosePlan(shoppers=4, hiders=2, fallers=1, sitters=1, tamperers=1)
    day, again = (PoseDay(LAYOUT, plan, 6) for _ in range(2))
    noise = random_pose_noise(6)
    first, second = list(day.frames(noise)), list(again.frames(noise))
    assert [t_s for t_s, _ in first] == sorted(t_s for t_s, _ in first)
    assert len(first) == len(second)
    assert (first[7][1][0].xy == second[7][1][0].xy).all()
    kinds = [one.kind for one in day.performed()]
    assert kinds.count("concealment") == 2
    assert kinds.count("fall") == kinds.count("tag_tampering") == 1
    assert len(day.visits) == 9


def test_shelves_are_seen_where_they_stand() -> None:
    shelves = shelf_polygons(LAYOUT)
    assert {"shelf", "island"} == shelves.keys()
    block = next(block for block in LAYOUT.blocks if block.name == "island")
    middle = [((block.rect[0] + block.rect[2]) / 2, (block.rect[1] + block.rect[3]) / 2, block.z[1] / 2)]
    ((x, y),), _ = LAYOUT.optics.project(np.array(middle))
    assert inside(shelves["island"], x, y)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=30, unique=True))
def test_a_hull_is_convex_and_holds_every_point(points: list[tuple[float, float]]) -> None:
    corners = np.array(hull(np.array(points)))
    following = np.roll(corners, -1, axis=0)
    for x, y in points:
        turn = (following - corners)[:, 0] * (y - corners[:, 1]) - (following - corners)[:, 1] * (x - corners[:, 0])
        assert (turn >= -1e-9).all()
