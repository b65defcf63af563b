"""Geometry of poses: true under shift, scale and turn of the picture, whatever the numbers."""

import cmath
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.domain import Joint, Keypoint, Pose
from agent.rules.pose_hands import ramp
from agent.rules.poses import MIN_CONFIDENCE, Body, Torso, angle_deg, body_of, middle, tilt_deg

lengths = st.floats(0.01, 10.0)
places = st.builds(complex, st.floats(-5, 5), st.floats(-5, 5))
angles = st.floats(-math.pi, math.pi)


def standing(t_s: float = 0.0, hips: complex = 0.5 + 0.5j) -> Body:
    """Somebody upright, facing the camera, 0.8 frame heights tall."""
    points: dict[Joint, complex] = {
        Joint.NOSE: -0.36j, Joint.L_SHOULDER: 0.08 - 0.23j, Joint.R_SHOULDER: -0.08 - 0.23j,
        Joint.L_ELBOW: 0.1 - 0.1j, Joint.R_ELBOW: -0.1 - 0.1j, Joint.L_WRIST: 0.11 + 0.03j,
        Joint.R_WRIST: -0.11 + 0.03j, Joint.L_HIP: 0.05 + 0j, Joint.R_HIP: -0.05 + 0j,
        Joint.L_ANKLE: 0.05 + 0.4j, Joint.R_ANKLE: -0.05 + 0.4j,
    }  # fmt: skip
    return Body(t_s, tuple(hips + points[joint] if joint in points else None for joint in Joint))


@given(low=places, length=lengths, angle=angles)
def test_tilt_is_the_angle_off_straight_up(low: complex, length: float, angle: float) -> None:
    high = low + length * -1j * cmath.exp(1j * angle)
    assert tilt_deg(low, high) == pytest.approx(abs(math.degrees(angle)), abs=1e-3)


@given(a=places, b=places, turn=angles, stretch=lengths)
def test_an_angle_does_not_depend_on_turn_and_size(a: complex, b: complex, turn: float, stretch: float) -> None:
    assume(abs(a) > 0.01 and abs(b) > 0.01)
    turned = stretch * cmath.exp(1j * turn)
    assert angle_deg(a * turned, b * turned) == pytest.approx(angle_deg(a, b), abs=1e-3)
    assert angle_deg(a, b) == pytest.approx(angle_deg(b, a))
    assert angle_deg(a, a) == pytest.approx(0.0, abs=1e-3)
    assert angle_deg(a, -a) == pytest.approx(180.0)


@given(hips=places, up=places, share=st.floats(-2, 3))
def test_a_torso_measures_along_itself(hips: complex, up: complex, share: float) -> None:
    assume(abs(up) > 0.01)
    torso = Torso(hips, hips + up, 0.1)
    place = torso.place(hips + share * up)
    assert place.imag == pytest.approx(share, abs=1e-6)
    assert place.real == pytest.approx(0.0, abs=1e-6)


def test_a_body_is_seen_in_true_proportions() -> None:
    points = tuple(Keypoint(0.25, 0.5, 0.9 if joint % 2 else MIN_CONFIDENCE / 2) for joint in Joint)
    body = body_of(Pose(3.0, points), aspect=2.0)
    assert body.t_s == 3.0
    assert body.points[Joint.L_EYE] == 0.5 + 0.5j
    assert body.points[Joint.NOSE] is None, "the model is not sure of it"


def test_the_torso_is_the_line_between_the_middles() -> None:
    torso = standing().torso
    assert torso is not None
    assert torso.length == pytest.approx(0.23)
    assert torso.half_width == pytest.approx(0.08)
    assert torso.tilt_deg == pytest.approx(0.0)


def test_one_hip_and_one_shoulder_are_enough() -> None:
    seen = list(standing().points)
    seen[Joint.L_HIP] = seen[Joint.R_SHOULDER] = None
    torso = Body(0.0, tuple(seen)).torso
    assert torso is not None
    assert torso.length > 0.2
    seen[Joint.R_HIP] = None
    assert Body(0.0, tuple(seen)).torso is None


def test_the_hand_is_past_the_wrist() -> None:
    arm = standing().arm(0)
    assert arm.hand is not None
    assert arm.wrist is not None
    assert arm.hand.imag > arm.wrist.imag
    assert arm.elbow_deg == pytest.approx(175, abs=8)


def test_middle_takes_what_is_known() -> None:
    assert middle(None, None) is None
    assert middle(2 + 0j, None) == 2 + 0j
    assert middle(2 + 0j, 4j) == 1 + 2j


@given(value=st.floats(-10, 10), none=st.floats(-5, 5), full=st.floats(-5, 5))
def test_a_ramp_stays_in_its_bounds(value: float, none: float, full: float) -> None:
    assume(abs(full - none) > 1e-3)
    assert 0.0 <= ramp(value, none, full) <= 1.0
    assert ramp(none, none, full) == 0.0
    assert ramp(full, none, full) == 1.0
