"""By which light a camera sees, and what each light's own reference is good for: nights are no faults, covers are."""

from __future__ import annotations

import numpy as np
import pytest

from agent.domain import HealthState
from agent.health.image import ImageHealth
from agent.health.light import Light
from agent.health.picture import probe_of
from hal.ports import U8, Frame, Yuv420
from hal.simulated.degrade import covered, shifted
from tests.health.scene import room

RNG = np.random.default_rng(4)
PATTERN = RNG.integers(-20, 21, (9, 16)).repeat(10, axis=0).repeat(10, axis=1)
DAY = room()
SPOT = np.exp(-1.5 * (np.linspace(-1, 1, 320)[None] ** 2 + np.linspace(-1, 1, 180)[:, None] ** 2))


def by_lamp(luma: U8) -> U8:
    """The room by the camera's own lamp: bright in the middle, darker than by day."""
    return np.asarray(np.clip(luma * (0.25 + 0.35 * SPOT), 0, 255), np.uint8)


class Camera:
    """Looks once a second at a picture with colours or without."""

    def __init__(self, health: ImageHealth | None = None) -> None:
        self.health = health or ImageHealth(10.0)
        self.t_s = 0.0

    def light(self) -> str:
        return str(self.health.light)

    def look(
        self, seconds: int, luma: U8, *, colours: float = 1.0, closed: bool = False, cast: int = 0, noise: float = 1.5
    ) -> list[tuple[str, str]]:
        told = []
        for _ in range(seconds):
            self.t_s += 1.0
            y = np.clip(np.rint(luma + RNG.normal(0, noise, luma.shape)), 0, 255).astype(np.uint8)
            chroma = np.clip(np.rint(128 + cast + PATTERN * colours + RNG.normal(0, 0.3, PATTERN.shape)), 0, 255)
            plane = chroma.astype(np.uint8)
            picture = Yuv420(y, plane, plane)
            told += self.health.update(probe_of(Frame(0, self.t_s, picture, picture), []), dark_expected=closed)
        return [(one.what, str(one.state)) for one in told]


@pytest.fixture
def camera() -> Camera:
    """One that knows its scene by day."""
    camera = Camera()
    assert camera.look(15, DAY) == [("image", "unknown"), ("image", "ok")]
    assert camera.light() == Light.DAY
    return camera


def test_the_first_night_by_infrared_is_learned_and_the_next_is_known(camera: Camera) -> None:
    assert camera.look(40, by_lamp(DAY), colours=0.0, noise=4.0) == [("image", "unknown"), ("image", "ok")]
    assert camera.light() == Light.IR
    assert camera.look(400, DAY) == []
    assert camera.light() == Light.DAY
    assert camera.look(400, by_lamp(DAY), colours=0.0, noise=4.0) == [], "neither the lamp nor its noise is a fault"


def test_the_light_changes_only_when_it_lasts_and_not_at_the_edge(camera: Camera) -> None:
    camera.look(40, by_lamp(DAY), colours=0.0)
    for _ in range(10):
        camera.look(2, DAY)
        assert camera.light() == Light.IR, "two seconds are a flash"
        camera.look(3, by_lamp(DAY), colours=0.0)
    camera.look(20, DAY)
    for colours in (0.3, 0.45, 0.3, 0.45):
        camera.look(5, DAY, colours=colours)
        assert camera.light() == Light.DAY


@pytest.mark.parametrize("level", [30.0, 70.0, 150.0])
def test_a_colourless_cover_is_not_taken_for_the_night(camera: Camera, level: float) -> None:
    camera.look(60, covered(DAY, 1.0, level, RNG), colours=0.0)
    assert camera.health.blind == "covered"
    assert camera.look(10, DAY) == [("covered", "ok")]


def test_a_cover_while_the_night_is_learned_is_told_and_not_learned(camera: Camera) -> None:
    camera.look(8, by_lamp(DAY), colours=0.0)
    assert ("covered", "fault") in camera.look(15, covered(DAY, 1.0, 70.0, RNG), colours=0.0)
    camera.look(30, by_lamp(DAY), colours=0.0)
    assert camera.light() == Light.IR
    assert camera.health.blind is None


def test_faults_by_infrared_are_found_beside_the_nights_own_reference(camera: Camera) -> None:
    night = by_lamp(DAY)
    camera.look(40, night, colours=0.0)
    assert camera.look(12, covered(night, 0.9, 60.0, RNG), colours=0.0) == [("covered", "fault")]
    assert camera.look(10, night, colours=0.0) == [("covered", "ok")]
    assert camera.look(31, shifted(night, 0.1), colours=0.0) == [("moved", "fault")]


def test_a_cap_at_night_is_told_because_the_lamp_was_on(camera: Camera) -> None:
    night = by_lamp(DAY)
    camera.look(60, night, colours=0.0, closed=True)
    assert camera.look(12, covered(night, 1.0, 3.0, RNG), colours=0.0, closed=True) == [("covered", "fault")]
    assert camera.look(10, night, colours=0.0, closed=True) == [("covered", "ok")]


def test_a_scene_that_slowly_grows_dark_is_no_cap(camera: Camera) -> None:
    told = camera.look(60, by_lamp(DAY), colours=0.0, closed=True)
    for share in np.linspace(1.0, 0.03, 90):
        told += camera.look(4, np.asarray(by_lamp(DAY) * share, np.uint8), colours=0.0, closed=True)
    told += camera.look(60, np.zeros_like(DAY), colours=0.0, closed=True)
    assert {what for what, _ in told} == {"image"}
    assert camera.light() == Light.OFF


def test_lights_off_is_a_light_of_its_own_only_while_the_shop_is_closed(camera: Camera) -> None:
    dark = np.asarray(DAY * 0.12 + 3, np.uint8)
    assert camera.look(40, dark, closed=True) == [("image", "unknown"), ("image", "ok")]
    assert camera.light() == Light.OFF
    assert camera.look(10, DAY) == []
    assert camera.look(20, dark, closed=True) == [], "known by now"
    assert ("too_dark", "fault") in camera.look(40, np.asarray(DAY * 0.06, np.uint8)), "by day that is a fault"
    assert camera.light() == Light.DAY


def test_dimmed_lamps_are_no_infrared(camera: Camera) -> None:
    camera.look(60, np.asarray(DAY * 0.4, np.uint8), colours=0.4)
    assert camera.light() == Light.DAY


def test_colours_gone_in_the_light_of_the_day_are_a_stuck_filter(camera: Camera) -> None:
    assert camera.look(290, DAY, colours=0.0) == []
    assert camera.look(20, DAY, colours=0.0) == [("ir_cut", "fault")]
    assert camera.look(10, DAY) == [("ir_cut", "ok")]


def test_a_cast_by_day_is_a_stuck_filter_too_and_one_by_night_is_the_nights_own(camera: Camera) -> None:
    camera.look(40, by_lamp(DAY), colours=0.0, cast=15)
    assert camera.look(400, by_lamp(DAY), colours=0.0, cast=15) == []
    camera.look(10, DAY)
    assert camera.look(310, DAY, cast=15) == [("ir_cut", "fault")]


def test_a_camera_that_begins_at_night_learns_the_day(camera: Camera) -> None:
    late = Camera()
    late.look(15, by_lamp(DAY), colours=0.0, closed=True)
    assert late.light() == Light.IR
    assert late.look(20, DAY) == [("image", "unknown"), ("image", "ok")]
    assert late.light() == Light.DAY


def test_every_light_survives_a_restart(camera: Camera) -> None:
    camera.look(40, by_lamp(DAY), colours=0.0)
    kept = camera.health.snapshot()
    assert kept is not None
    assert kept.keys() == {"day", "ir"}
    again = Camera(ImageHealth(10.0))
    again.health.restore(kept, 0.0)
    assert again.look(15, by_lamp(DAY), colours=0.0) == [("image", "ok")]
    assert again.look(15, DAY) == []


def test_rebase_forgets_every_light(camera: Camera) -> None:
    camera.look(40, by_lamp(DAY), colours=0.0)
    camera.health.rebase(camera.t_s)
    assert camera.health.snapshot() is None
    assert camera.look(30, shifted(DAY, 0.2)) == [("image", str(HealthState.UNKNOWN)), ("image", "ok")]


def test_a_picture_frozen_while_another_light_is_learned_is_told(camera: Camera) -> None:
    night = by_lamp(DAY)
    camera.look(5, night, colours=0.0)
    held = np.asarray(night, np.uint8)
    told = []
    for _ in range(5):
        camera.t_s += 1.0
        grey = np.full((90, 160), 128, np.uint8)
        picture = Yuv420(held, grey, grey)
        told += camera.health.update(probe_of(Frame(0, camera.t_s, picture, picture), []))
    assert [(one.what, str(one.state)) for one in told] == [("frozen", "fault")]
