"""What of the Pi's camera can be told without one: planes in libcamera's layout, numbering, sizes, its absence."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.errors import CameraLost, CameraUnavailable
from hal.picamera import FrameCounter, PiCamera, lores_size
from hal.planes import split_yuv420
from hal.ports import HalSettings, RecordingSettings
from hal.simulated.clock import ManualClock


@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 16))
def test_planes_are_found_behind_any_padding(half_width: int, half_height: int, padding: int) -> None:
    width, height, stride = half_width * 2, half_height * 2, half_width * 2 + padding * 2
    rng = np.random.default_rng(1)
    y, u, v = (rng.integers(0, 256, shape, np.uint8) for shape in ((height, width), *[(half_height, half_width)] * 2))
    rows = [np.pad(part, ((0, 0), (0, gap))).ravel() for part, gap in ((y, padding * 2), (u, padding), (v, padding))]
    planes = split_yuv420(np.concatenate(rows), width, height, stride)
    assert np.array_equal(planes.y, y)
    assert np.array_equal(planes.u, u)
    assert np.array_equal(planes.v, v)


def test_planes_are_views_and_a_short_buffer_is_refused() -> None:
    buffer = np.zeros(64 * 48 * 3 // 2, np.uint8)
    planes = split_yuv420(buffer, 64, 48, 64)
    buffer[0] = 77
    assert planes.y[0, 0] == 77
    with pytest.raises((ValueError, TypeError)):
        split_yuv420(buffer[:-1], 64, 48, 64)


def test_a_lost_picture_leaves_a_gap_in_the_numbers() -> None:
    counter = FrameCounter()
    period_ns = 66_666_667
    stamps_ns = [10**12 + period_ns * n for n in (0, 1, 2, 5, 6, 16)]
    assert [counter.number(stamp + 900_000, 66_666) for stamp in stamps_ns] == [0, 1, 2, 5, 6, 16]


@given(st.lists(st.integers(0, 10**10), min_size=2, max_size=30), st.floats(1_000, 100_000))
def test_numbers_always_rise(waits_ns: list[int], duration_us: float) -> None:
    counter, stamp_ns, last = FrameCounter(), 0, -1
    for wait_ns in waits_ns:
        stamp_ns += wait_ns
        number = counter.number(stamp_ns, duration_us)
        assert number > last
        last = number


@pytest.mark.parametrize(
    ("size", "small"),
    [((1280, 720), (640, 360)), ((1920, 1080), (640, 360)), ((640, 480), (640, 480)), ((320, 240), (320, 240))],
)
def test_the_vision_gets_a_small_even_picture(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert lores_size(*size) == small


def test_without_picamera2_it_says_what_to_install() -> None:
    if importlib.util.find_spec("picamera2"):
        pytest.skip("picamera2 is installed here")
    with pytest.raises(CameraUnavailable, match="picamera2 is not installed") as refusal:
        PiCamera(HalSettings("picamera"), ManualClock()).open()
    assert "python3-picamera2" in refusal.value.hint


def test_a_closed_camera_says_so() -> None:
    camera = PiCamera(HalSettings("picamera"), ManualClock())
    camera.close()
    with pytest.raises(CameraLost):
        camera.read(0.1)
    with pytest.raises(CameraLost):
        camera.start_packets(lambda packet: None, RecordingSettings())
