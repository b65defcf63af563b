"""What of the Pi's camera can be told without one: planes in libcamera's layout, numbering, sizes, its absence."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.errors import CameraLost, CameraUnavailable
from hal.masks import LUMA
from hal.picamera import FrameCounter, PiCamera, lores_size
from hal.planes import split_nv12, split_yuv420, unwoven
from hal.ports import EncodedPacket, HalSettings, RecordingSettings
from hal.simulated.clock import ManualClock
from hal.system import SystemClock
from tests.csi import require_csi_camera


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


def test_woven_chroma_is_found_and_made_into_planes_of_its_own() -> None:
    luma, chroma = (
        np.arange(8 * 4, dtype=np.uint8),
        np.array([[1, 2, 3, 4, 5, 6, 9, 9], [7, 8, 9, 10, 11, 12, 9, 9]], np.uint8),
    )
    planes = split_nv12(np.concatenate([luma, chroma.ravel()]), 6, 4, 8)
    assert np.array_equal(planes.y, luma.reshape(4, 8)[:, :6])
    assert planes.u.tolist() == [[1, 3, 5], [7, 9, 11]]
    assert planes.v.tolist() == [[2, 4, 6], [8, 10, 12]]
    own = unwoven(planes)
    assert own.u.strides[1] == own.v.strides[1] == 1
    assert np.array_equal(own.u, planes.u)
    assert unwoven(own) is own


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


class HalfStarted:
    """picamera2 when its start fails in the middle: its end fails, too."""

    def create_video_configuration(self, **wishes: Any) -> dict[str, Any]:
        return {name: {"size": (64, 48), "stride": 64, "format": "YUV420"} for name in ("main", "lores")}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.camera_configuration = lambda: configuration

    def start(self) -> None:
        raise RuntimeError("no thread for the preview")

    def cancel_all_and_flush(self) -> None:
        raise RuntimeError("no preview to stop")

    @staticmethod
    def global_camera_info() -> list[str]:
        return ["a camera"]


def test_a_start_that_fails_is_told_even_when_its_end_fails_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=HalfStarted))
    colours = SimpleNamespace(ColorSpace=SimpleNamespace(Smpte170m=lambda: None))
    monkeypatch.setitem(sys.modules, "libcamera", colours)
    camera = PiCamera(HalSettings("picamera"), ManualClock())
    with pytest.raises(CameraUnavailable, match="no thread for the preview"):
        camera.open()
    assert "no preview to stop" in caplog.text


class Module2(HalfStarted):
    """picamera2 with a Camera Module 2 whose mode reads the whole sensor."""

    camera_properties: ClassVar[dict[str, Any]] = {
        "Model": "imx219",
        "PixelArraySize": (3280, 2464),
        "ScalerCropMaximum": (0, 0, 3280, 2464),
    }

    def start(self) -> None:
        """At once."""

    def cancel_all_and_flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """At once."""


def test_a_known_module_tells_how_wide_it_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Module2))
    colours = SimpleNamespace(ColorSpace=SimpleNamespace(Smpte170m=lambda: None))
    monkeypatch.setitem(sys.modules, "libcamera", colours)
    camera = PiCamera(HalSettings("picamera"), ManualClock())
    assert camera.open().view_deg == 62.2
    camera.close()
    monkeypatch.setitem(Module2.camera_properties, "Model", "imx477")
    assert camera.open().view_deg is None
    camera.close()


@pytest.fixture
def csi(request: pytest.FixtureRequest) -> Iterator[PiCamera]:
    """A camera that libcamera sees; what its pixels are is up to its driver."""
    require_csi_camera()
    settings = HalSettings("picamera", width=1280, height=720, fps=15, privacy_masks=getattr(request, "param", []))
    camera = PiCamera(settings, SystemClock())
    yield camera
    camera.close()


def test_a_real_picture_is_whole_and_its_small_copy_shows_the_same(csi: PiCamera) -> None:
    info = csi.open()
    frame = csi.read(10.0)
    assert frame
    assert (info.width, info.height) == (frame.main.width, frame.main.height) == (1280, 720)
    assert (frame.lores.width, frame.lores.height) == (640, 360)
    for large, small in zip(
        (frame.main.y, frame.main.u, frame.main.v), (frame.lores.y, frame.lores.u, frame.lores.v), strict=True
    ):
        assert abs(float(large.mean()) - float(small.mean())) < 12
    assert frame.main.u.strides[1] == 1


@pytest.mark.parametrize("csi", [[((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))]], indirect=True)
def test_masks_are_burnt_into_real_pictures(csi: PiCamera) -> None:
    csi.open()
    frame = csi.read(10.0)
    assert frame
    for picture in (frame.main, frame.lores):
        middle = (
            slice(picture.height * 3 // 8, picture.height * 5 // 8),
            slice(picture.width * 3 // 8, picture.width // 2),
        )
        assert np.all(picture.y[middle] == LUMA)
        assert not np.all(picture.y[: picture.height // 8] == LUMA)


def test_a_camera_in_use_is_refused_and_comes_back(csi: PiCamera) -> None:
    csi.open()
    other = PiCamera(HalSettings("picamera", width=1280, height=720), SystemClock())
    with pytest.raises(CameraUnavailable, match="cannot be started"):
        other.open()
    csi.close()
    other.open()
    assert other.read(10.0)
    other.close()


def test_the_real_encoder_gives_packets_from_a_key_picture_on(csi: PiCamera) -> None:
    packets: list[EncodedPacket] = []
    csi.record_to(packets.append)
    csi.open()
    for _ in range(60):
        csi.read(10.0)
        if len(packets) > 10:
            break
    csi.close()
    assert len(packets) > 10
    assert packets[0].keyframe
    assert all(a.t_s < b.t_s for a, b in pairwise(packets))
