"""Every camera numbers and stamps its pictures alike, ends a waiting read on close, and can be opened again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hal import open_hal
from hal.errors import CameraLost
from hal.ports import Camera, Clock, Frame, HalSettings, Yuv420
from hal.simulated.clock import ManualClock
from hal.system import SystemClock
from tests.contract.footage import write_video
from tests.contract.servers import RtspCamera
from tests.csi import require_csi_camera

KINDS = ["mp4", "gif", "odd-mkv", "full-range-avi", "paced-mp4", "shared-clip", "simulated", "paced-simulated", "rtsp"]
KINDS += ["picamera"]
FLAT_OUT = ["mp4", "gif", "odd-mkv", "full-range-avi", "shared-clip", "simulated"]
FINITE = ["mp4", "gif", "odd-mkv", "full-range-avi", "paced-mp4"]


def shared_clip() -> str:
    data = Path(os.environ.get("AISLEWATCH_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
    path = data / "video" / "intel_one-by-one-person-detection.mp4"
    if not path.exists():
        pytest.skip("the shared data is absent (AISLEWATCH_DATA)")
    return str(path)


def source_of(kind: str, folder: Path) -> str:
    if kind.endswith("simulated"):
        return "simulated"
    if kind == "picamera":
        require_csi_camera()
        return kind
    if kind == "shared-clip":
        return shared_clip()
    return str(
        write_video(folder / f"clip.{kind.rpartition('-')[2]}", size=(63, 47) if kind == "odd-mkv" else (64, 48))
    )


@pytest.fixture
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    kind: str = request.param
    clock: Clock = SystemClock() if kind in ("rtsp", "picamera") else ManualClock(100.0)
    with ExitStack() as stack:
        source = stack.enter_context(RtspCamera()).url if kind == "rtsp" else source_of(kind, tmp_path)
        settings = HalSettings(source, width=640, height=360, paced=kind.startswith("paced") or kind == "rtsp")
        yield stack.enter_context(open_hal(settings, clock)).camera


def read(camera: Camera, count: int) -> list[Frame]:
    frames = [camera.read(30.0) for _ in range(count)]
    assert None not in frames
    return [frame for frame in frames if frame]


def sound(planes: Yuv420) -> bool:
    half = ((planes.height + 1) // 2, (planes.width + 1) // 2)
    parts = (planes.y, planes.u, planes.v)
    return planes.u.shape == planes.v.shape == half and all(part.dtype == np.uint8 for part in parts)


every_camera = pytest.mark.parametrize("camera", KINDS, indirect=True)


@every_camera
def test_frames_are_as_announced(camera: Camera) -> None:
    info = camera.open()
    for frame in read(camera, 5):
        assert (frame.main.width, frame.main.height) == (info.width, info.height)
        assert frame.lores.width <= frame.main.width
        assert sound(frame.main)
        assert sound(frame.lores)
    assert info.fps > 0
    assert info.view_deg is None or 20 < info.view_deg < 130


@every_camera
def test_numbers_and_times_rise(camera: Camera) -> None:
    camera.open()
    frames = read(camera, 10)
    numbers, times = [frame.index for frame in frames], [frame.t_s for frame in frames]
    assert all(a < b for a, b in pairwise(numbers))
    assert all(a < b for a, b in pairwise(times))


@pytest.mark.parametrize("camera", FLAT_OUT, indirect=True)
def test_flat_out_nothing_is_lost_and_time_starts_at_zero(camera: Camera) -> None:
    assert not camera.open().live
    frames = read(camera, 10)
    assert [frame.index for frame in frames] == list(range(10))
    assert frames[0].t_s == 0.0


@pytest.mark.parametrize("camera", FINITE, indirect=True)
def test_the_end_is_none_and_stays_so(camera: Camera) -> None:
    camera.open()
    read(camera, 20)
    assert camera.read(1.0) is None
    assert camera.read(1.0) is None


@every_camera
def test_pictures_outlive_the_next_ones_and_the_camera_when_copied(camera: Camera) -> None:
    camera.open()
    first = read(camera, 1)[0]
    before = first.main.y.copy()
    read(camera, 5)
    camera.close()
    assert np.array_equal(first.main.y, before)


@every_camera
def test_a_closed_camera_says_so_and_opens_again(camera: Camera) -> None:
    camera.open()
    read(camera, 2)
    camera.close()
    camera.close()
    with pytest.raises(CameraLost):
        camera.read(0.1)
    camera.open()
    assert len(read(camera, 3)) == 3


@pytest.mark.parametrize("kind", ["rtsp", "paced"])
def test_close_from_another_thread_ends_a_waiting_read(kind: str, tmp_path: Path) -> None:
    with RtspCamera() as server:
        slow = write_video(tmp_path / "slow.mp4", pictures=2, stamps=(0, 600))
        settings = HalSettings(server.url if kind == "rtsp" else str(slow))
        with open_hal(settings) as hal:
            hal.camera.open()
            read(hal.camera, 1)
            server.stopped.set()
            closer = threading.Timer(0.3, hal.camera.close)
            closer.start()
            with pytest.raises(CameraLost):
                read(hal.camera, 10_000)
            closer.join()
