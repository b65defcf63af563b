"""Poses are steadied: swapped sides are put straight, dropouts bridged, jitter calmed, and moves followed."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Joint, Keypoint, Pose
from agent.rules.poses import MIN_CONFIDENCE
from agent.vision.pose_steady import FADE_S, GAP_S, SteadyPose

ASPECT = 16 / 9
PLACES = {
    Joint.NOSE: (0.0, -0.36), Joint.L_SHOULDER: (0.05, -0.23), Joint.R_SHOULDER: (-0.05, -0.23),
    Joint.L_ELBOW: (0.06, -0.1), Joint.R_ELBOW: (-0.06, -0.1),
    Joint.L_WRIST: (0.07, 0.02), Joint.R_WRIST: (-0.07, 0.02),
    Joint.L_HIP: (0.03, 0.0), Joint.R_HIP: (-0.03, 0.0), Joint.L_KNEE: (0.03, 0.2), Joint.R_KNEE: (-0.03, 0.2),
    Joint.L_ANKLE: (0.03, 0.4), Joint.R_ANKLE: (-0.03, 0.4),
}  # fmt: skip


def pose(t_s: float, x: float = 0.5, confidence: float = 0.8) -> Pose:
    places = [PLACES.get(joint, (0.0, -0.38)) for joint in Joint]
    return Pose(t_s, tuple(Keypoint(x + dx, 0.5 + dy, confidence) for dx, dy in places))


def swapped(given: Pose, group: tuple[Joint, ...]) -> Pose:
    points = list(given.points)
    for left in group:
        points[left], points[left + 1] = points[left + 1], points[left]
    return Pose(given.t_s, tuple(points))


ARMS = (Joint.L_SHOULDER, Joint.L_ELBOW, Joint.L_WRIST)


def test_the_first_pose_is_taken_as_it_is() -> None:
    first = SteadyPose(ASPECT).update(pose(1.0))
    assert first.t_s == 1.0
    for steady, seen in zip(first.points, pose(1.0).points, strict=True):
        assert steady == pytest.approx(seen)


def test_swapped_arms_are_put_straight() -> None:
    steady = SteadyPose(ASPECT)
    steady.update(pose(0.0))
    found = steady.update(swapped(pose(0.2), ARMS))
    for joint in ARMS:
        assert found.points[joint].x > 0.5, "the left arm stays on its side"


def test_somebody_who_turns_round_slowly_is_followed() -> None:
    steady = SteadyPose(ASPECT)
    for step in range(21):
        turned = [(dx * (1 - step / 10), dy) for dx, dy in (PLACES.get(joint, (0.0, -0.38)) for joint in Joint)]
        found = steady.update(Pose(step / 5, tuple(Keypoint(0.5 + dx, 0.5 + dy, 0.8) for dx, dy in turned)))
    assert found.points[Joint.L_SHOULDER].x < 0.5


def test_a_lost_joint_keeps_its_place_while_it_fades() -> None:
    steady = SteadyPose(ASPECT)
    steady.update(pose(0.0))
    points = list(pose(0.1).points)
    points[Joint.R_WRIST] = Keypoint(0.9, 0.9, 0.05)
    held = steady.update(Pose(0.1, tuple(points))).points[Joint.R_WRIST]
    assert held.x == pytest.approx(0.43)
    assert MIN_CONFIDENCE <= held.confidence < 0.8
    for step in range(2, 12):
        gone = steady.update(Pose(step / 10, tuple(points))).points[Joint.R_WRIST]
    assert gone.confidence < MIN_CONFIDENCE, f"after several times {FADE_S} s it is lost"


def test_after_a_long_gap_it_begins_anew() -> None:
    steady = SteadyPose(ASPECT)
    steady.update(pose(0.0))
    found = steady.update(pose(GAP_S + 0.5, x=0.8))
    assert found.points[Joint.NOSE].x == pytest.approx(0.8)


def test_jitter_is_calmed_and_a_move_is_followed() -> None:
    chance = random.Random(4)
    steady, still = SteadyPose(ASPECT), []
    for step in range(60):
        shaken = pose(step / 10, 0.5 + chance.gauss(0, 0.004))
        still.append(steady.update(shaken).points[Joint.L_WRIST].x - 0.57)
    assert sum(abs(x) for x in still[10:]) / 50 < 0.0032 * 0.85
    for step in range(60, 66):
        moved = steady.update(pose(step / 10, 0.9)).points[Joint.L_WRIST].x
    assert moved == pytest.approx(0.97, abs=0.02)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=17, max_size=17), st.floats(0, 2)
)
def test_every_pose_gives_a_pose_between_what_was_and_what_is(
    rows: list[tuple[float, float, float]], span_s: float
) -> None:
    steady = SteadyPose(ASPECT)
    before = steady.update(pose(0.0))
    seen = Pose(span_s, tuple(Keypoint(*row) for row in rows))
    found = steady.update(seen)
    assert found.t_s == span_s
    assert len(found.points) == len(Joint)
    xs = [point.x for point in (*before.points, *seen.points)]
    assert all(min(xs) - 1e-9 <= point.x <= max(xs) + 1e-9 for point in found.points)
    assert all(0.0 <= point.confidence <= 1.0 for point in found.points)
