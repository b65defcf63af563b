"""The simulated camera: pace, dropped frames, truth by number, faults on demand, words for wrong settings."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from hal.errors import CameraLost, CameraStalled, CameraUnavailable
from hal.ports import Frame, HalSettings
from hal.simulated.camera import Fault, SimulatedCamera
from hal.simulated.clock import ManualClock
from hal.simulated.scene import Scene


def camera(clock: ManualClock, *, paced: bool = True, scene: str = "shop", fps: float = 10.0) -> SimulatedCamera:
    return SimulatedCamera(HalSettings("simulated", 128, 72, fps, paced, scene=scene), clock)


def read(source: SimulatedCamera) -> Frame:
    frame = source.read(5.0)
    assert frame is not None
    return frame


def test_paced_frames_come_when_they_are_due() -> None:
    clock = ManualClock(50.0)
    source = camera(clock)
    info = source.open()
    assert (info.width, info.height, info.fps, info.live) == (128, 72, 10.0, True)
    for index in range(4):
        frame = read(source)
        assert frame.index == index
        assert frame.t_s == pytest.approx(50.0 + index / 10)
        assert clock.monotonic() == pytest.approx(frame.t_s, abs=1e-3)


def test_a_slow_reader_misses_frames_and_sees_the_gap() -> None:
    clock = ManualClock()
    source = camera(clock)
    source.open()
    assert read(source).index == 0
    clock.sleep(1.05)
    late = read(source)
    assert late.index == 10
    assert late.t_s == pytest.approx(1.0)


def test_flat_out_takes_no_time_and_skips_nothing() -> None:
    clock = ManualClock(7.0)
    source = camera(clock, paced=False)
    assert not source.open().live
    assert [(frame.index, frame.t_s) for frame in (read(source) for _ in range(3))] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert clock.monotonic() == 7.0


def test_numbering_goes_on_after_reopening() -> None:
    clock = ManualClock()
    source = camera(clock)
    source.open()
    assert read(source).index == 0
    source.close()
    clock.sleep(30.0)
    source.open()
    frame = read(source)
    assert frame.index == 1
    assert frame.t_s == pytest.approx(30.0, abs=0.11)


def test_truth_is_the_scene_at_the_frames_time() -> None:
    source = camera(ManualClock(), paced=False)
    assert source.truth(125) == Scene(source.scene.layout).at(12.5)


def test_the_truth_belongs_to_the_picture() -> None:
    source, empty = (camera(ManualClock(), paced=False, scene=scene, fps=0.5) for scene in ("intruder", "empty"))
    source.open()
    empty.open()
    for _ in range(8):
        seen, nobody = read(source), read(empty)
    people = [p for p in source.truth(seen.index).people if p.seen > 0.9]
    assert people
    x1, y1, x2, y2 = people[0].box
    area = (slice(int(y1 * 72) + 2, int(y2 * 72) - 2), slice(int(x1 * 128) + 2, int(x2 * 128) - 2))
    assert np.abs(seen.main.y[area].astype(int) - nobody.main.y[area]).mean() > 10


def test_faults_strike_and_heal() -> None:
    clock = ManualClock()
    source = camera(clock)
    source.open()
    read(source)
    source.inject(Fault.STALL)
    before = clock.monotonic()
    with pytest.raises(CameraStalled):
        source.read(2.0)
    assert clock.monotonic() - before == pytest.approx(2.0)
    source.heal()
    assert read(source).index >= 20
    source.inject(Fault.LOST)
    with pytest.raises(CameraLost):
        source.read(1.0)
    source.heal()
    assert read(source)


def test_a_source_can_end_at_a_scripted_time() -> None:
    source = camera(ManualClock(), paced=False)
    source.inject(Fault.END, at_s=0.3)
    source.open()
    assert [read(source).index for _ in range(3)] == [0, 1, 2]
    assert source.read(1.0) is None
    assert source.read(1.0) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (HalSettings("simulated", scene="riot"), "riot"),
        (HalSettings("simulated", width=4), "4x720"),
        (HalSettings("simulated", fps=0.0), "0.0 fps"),
    ],
)
def test_wrong_settings_are_named_with_a_hint(settings: HalSettings, words: str) -> None:
    with pytest.raises(CameraUnavailable, match=words) as caught:
        SimulatedCamera(settings, ManualClock()).open()
    assert caught.value.hint


def test_a_camera_that_was_never_opened_delivers_nothing() -> None:
    with pytest.raises(CameraLost):
        camera(ManualClock()).read(1.0)


def test_a_frozen_sensor_gives_the_same_picture_until_it_is_opened_anew() -> None:
    source = camera(ManualClock(), paced=False, scene="crowd")
    source.open()
    first = read(source)
    source.inject(Fault.FROZEN)
    frozen = [read(source) for _ in range(5)]
    assert [frame.index for frame in frozen] == [1, 2, 3, 4, 5]
    assert all(np.array_equal(frame.main.y, first.main.y) for frame in frozen)
    source.open()
    assert not np.array_equal(read(source).main.y, first.main.y)


def test_a_stuck_driver_comes_back_when_it_is_healed() -> None:
    source = camera(ManualClock(), paced=False)
    source.open()
    source.inject(Fault.STUCK)
    frames: list[Frame] = []
    reader = threading.Thread(target=lambda: frames.append(read(source)), daemon=True)
    reader.start()
    reader.join(0.2)
    assert reader.is_alive()
    source.heal()
    reader.join(10.0)
    assert len(frames) == 1
