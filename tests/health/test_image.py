"""The picture's health: every fault by its name and in its time, nothing for the harmless, and what is remembered."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Box, HealthState
from agent.health.image import HOLDS_S, ImageHealth
from hal.ports import U8
from hal.simulated.degrade import FAULTS, Held, banded, covered, dropped_on, noisy, shifted, with_hot_pixels
from tests.health.scene import Camera, room


@pytest.fixture
def camera() -> Camera:
    """One that knows its scene."""
    camera = Camera()
    assert camera.look(20) == [("image", "unknown"), ("image", "ok")]
    return camera


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_by_its_name_after_its_hold_and_over_when_it_is_over(camera: Camera, name: str) -> None:
    what, change = FAULTS[name]
    struck_s = camera.t_s
    camera.look(45, change(camera.picture, camera.rng))
    (fault,) = camera.faults()
    assert fault.what == what
    assert HOLDS_S[what] - 1 <= fault.t_s - struck_s <= HOLDS_S[what] + 3
    assert fault.since_s <= struck_s + 2
    assert 0.5 <= fault.confidence <= 1.0
    assert camera.health.blind == what
    assert camera.look(10) == [(what, "ok")]
    assert camera.health.blind is None


def test_a_small_cover_only_warns(camera: Camera) -> None:
    camera.look(40, covered(camera.picture, 0.4, 90.0, camera.rng))
    (warning,) = camera.faults()
    assert (warning.what, warning.state) == ("covered", HealthState.WARNING)


def test_a_frozen_picture_is_told_within_its_time_and_a_loop_too(camera: Camera) -> None:
    frozen = camera.probe(camera.picture).detail
    struck_s = camera.t_s
    camera.look(8, np.asarray(cv2.resize(frozen, (320, 180)), np.uint8), noise=0)
    (fault,) = camera.faults()
    assert (fault.what, fault.t_s - struck_s <= 6.0) == ("frozen", True)


def test_black_all_over_is_a_cover_and_no_frozen_picture(camera: Camera) -> None:
    camera.look(40, np.zeros_like(camera.picture), noise=0)
    assert [fault.what for fault in camera.faults()] == ["covered"]


def test_an_old_recording_that_comes_round_again_is_frozen(camera: Camera) -> None:
    held = Held(loop=8)
    for _ in range(12):
        camera.look(1, held.watch(noisy(camera.picture, 1.5, camera.rng)), noise=0)
    assert not camera.faults()
    for _ in range(20):
        camera.look(1, held.show(camera.picture), noise=0)
    assert {fault.what for fault in camera.faults()} == {"frozen"}


def test_a_source_without_noise_is_not_called_frozen() -> None:
    camera = Camera()
    camera.look(20, noise=0)
    camera.look(60, noise=0)
    assert not camera.faults()


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("noisy", lambda luma, rng: noisy(luma, 12.0, rng)),
        ("banding", lambda luma, rng: banded(luma, 9.0, 0.3)),
    ],
)
def test_noise_and_stripes_take_five_minutes(camera: Camera, what: str, change: object) -> None:
    assert callable(change)
    struck_s = camera.t_s
    for _ in range(155):
        camera.look(2, change(camera.picture, camera.rng), every_s=2.0)
    assert [fault.what for fault in camera.faults()] == [what]
    assert camera.faults()[0].t_s - struck_s >= 300


def test_a_cast_of_colour_is_the_infrared_filter(camera: Camera) -> None:
    camera.look(310, tint=14, every_s=2.0)
    assert [fault.what for fault in camera.faults()] == ["ir_cut"]


def test_drops_on_the_glass_are_dirt_after_hours_and_only_a_warning(camera: Camera) -> None:
    dirty = dropped_on(camera.picture, 3, np.random.default_rng(3))
    camera.look(3600 * 2, dirty, every_s=10.0)
    assert [(fault.what, fault.state) for fault in camera.faults()] == [("dirt", HealthState.WARNING)]
    assert camera.health.blind is None


def test_harmless_light_is_no_fault(camera: Camera) -> None:
    for gain in (0.6, 0.8, 1.2, 0.5):
        camera.look(40, np.clip(camera.picture * gain, 0, 255).astype(np.uint8))
    shadow = camera.picture.copy()
    shadow[:, 100:200] = (shadow[:, 100:200] * 0.7).astype(np.uint8)
    camera.look(60, shadow)
    assert not camera.faults()


def test_lights_off_in_the_night_is_no_fault_but_by_day_it_is(camera: Camera) -> None:
    dark = (camera.picture * 0.06).astype(np.uint8)
    camera.look(120, dark, closed=True)
    assert not camera.faults()
    camera.look(45, dark)
    assert [fault.what for fault in camera.faults()] == ["too_dark"]


def test_a_crowd_is_unknown_never_ok_and_people_do_not_count_as_change(camera: Camera) -> None:
    people = [Box(0.2, 0.2, 0.5, 1.0), Box(0.55, 0.3, 0.8, 1.0)]
    with_people = camera.picture.copy()
    with_people[36:, 64:160] = 30
    with_people[54:, 176:256] = 230
    assert camera.look(60, with_people, people) == []
    assert camera.look(5, with_people, [Box(0.0, 0.0, 1.0, 0.9)]) == [("image", "unknown")]
    assert camera.health.blind == "crowded"
    assert camera.look(5) == [("image", "ok")]


def test_the_cause_is_corrected_when_evidence_comes(camera: Camera) -> None:
    camera.look(45, np.zeros_like(camera.picture))
    camera.look(45, shifted(camera.picture, 0.15))
    told = [(one.what, str(one.state)) for one in camera.told if one.what != "image"]
    assert told == [("covered", "fault"), ("covered", "ok"), ("moved", "fault")]


def test_after_a_permitted_move_the_new_scene_is_learned(camera: Camera) -> None:
    elsewhere = room(9)
    camera.look(45, elsewhere)
    assert [fault.what for fault in camera.faults()] == ["moved"]
    over = camera.health.rebase(camera.t_s)
    assert [(one.what, one.state) for one in over] == [("moved", HealthState.OK)]
    assert camera.health.blind == "learning"
    assert camera.look(60, elsewhere) == [("image", "unknown"), ("image", "ok")]
    assert camera.health.blind is None


def test_the_scene_survives_a_restart(camera: Camera) -> None:
    state = camera.health.snapshot()
    assert state is not None
    again = Camera(camera.picture)
    again.health.restore(state, 0.0)
    assert not again.health.learning
    again.look(20)
    assert not again.faults()
    again.look(20, covered(again.picture, 1.0, 80.0, again.rng))
    assert [fault.what for fault in again.faults()] == ["covered"]


@pytest.mark.parametrize("state", [{}, {"luma": b"x", "sharp": 1, "normal": {}}, {"luma": bytes(19200), "sharp": "a"}])
def test_a_broken_snapshot_is_refused(state: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        ImageHealth().restore(state, 0.0)


def test_slow_changes_are_followed(camera: Camera) -> None:
    target = camera.picture.copy()
    cv2.rectangle(target, (40, 40), (120, 120), 90, -1)
    for share in np.linspace(0, 1, 60):
        blend = (camera.picture * (1 - share) + target * share).astype(np.uint8)
        camera.look(90, blend, every_s=9.0)
    assert not [fault for fault in camera.faults() if fault.what != "dirt"]


def test_hot_pixels_are_no_alarm(camera: Camera) -> None:
    camera.look(60, with_hot_pixels(camera.picture, 0.0005, 2))
    assert not [fault for fault in camera.faults() if fault.what in HOLDS_S]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["cover, all", "cap", "turned away", "pushed"]))
def test_no_scene_hides_a_fault_from_it(seed: int, name: str) -> None:
    camera = Camera(room(seed))
    camera.look(15)
    picture: U8 = FAULTS[name][1](camera.picture, camera.rng)
    camera.look(45, picture)
    assert camera.faults()
