"""A stream that falls silent, hangs up, refuses or asks for a password: said clearly, and taken up again."""

from __future__ import annotations

import socket
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from hal.errors import CameraLost, CameraStalled, CameraUnavailable, HalError
from hal.ports import Frame, HalSettings
from hal.stream import Backoff, StreamCamera, owned
from hal.system import SystemClock
from tests.contract.footage import write_video
from tests.contract.servers import RtspCamera, TransportStream


def stream(url: str) -> StreamCamera:
    return StreamCamera(HalSettings(url), SystemClock(), backoff=Backoff(0.01, 0.05))


def transport_stream(folder: Path) -> bytes:
    return write_video(folder / "a.ts", pictures=100, size=(320, 240), fps=25).read_bytes()


def read_until_failure(camera: StreamCamera, timeout_s: float) -> tuple[list[Frame], HalError]:
    frames: list[Frame] = []
    while True:
        try:
            frame = camera.read(timeout_s)
        except HalError as failure:
            return frames, failure
        assert frame is not None
        frames.append(frame)


def test_a_silent_peer_stalls_within_the_time_allowed(tmp_path: Path) -> None:
    clock = SystemClock()
    with TransportStream(transport_stream(tmp_path)) as server:
        camera = stream(server.url)
        camera.open()
        frames, failure = read_until_failure(camera, 0.5)
        before_s = clock.monotonic()
        with pytest.raises(CameraStalled, match=r"no picture for 0\.2 s"):
            camera.read(0.2)
        assert 0.2 <= clock.monotonic() - before_s < 5.0
        assert frames
        assert isinstance(failure, CameraStalled)
        camera.close()


def test_a_peer_that_hangs_up_is_reported_once_then_taken_up_again(tmp_path: Path) -> None:
    with TransportStream(transport_stream(tmp_path), hang_up=True) as server:
        camera = stream(server.url)
        camera.open()
        first, failure = read_until_failure(camera, 10.0)
        assert isinstance(failure, CameraLost)
        second, _ = read_until_failure(camera, 10.0)
        camera.close()
        numbers = [frame.index for frame in (*first, *second)]
        times = [frame.t_s for frame in (*first, *second)]
    assert first
    assert second
    assert server.served >= 2
    assert numbers == sorted(set(numbers))
    assert times == sorted(set(times))


def test_numbers_go_on_when_opened_anew(tmp_path: Path) -> None:
    with RtspCamera() as server:
        camera = stream(server.url)
        camera.open()
        last = [camera.read(10.0) for _ in range(3)][-1]
        camera.open()
        again = camera.read(10.0)
        camera.close()
    assert last is not None
    assert again is not None
    assert again.index > last.index
    assert again.t_s > last.t_s


def test_stream_times_are_on_the_monotonic_clock() -> None:
    clock = SystemClock()
    with RtspCamera() as server:
        camera = stream(server.url)
        camera.open()
        frame = camera.read(10.0)
        camera.close()
    assert frame is not None
    assert 0 <= clock.monotonic() - frame.t_s < 60


def test_a_refused_connection_may_work_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CameraLost, match="refused"):
        stream(f"rtsp://127.0.0.1:{port}/aisle").open()


def test_a_wrong_password_is_for_a_person_and_never_shown() -> None:
    with RtspCamera("admin:right") as server:
        camera = stream(server.url.replace("right", "secret"))
        with pytest.raises(CameraUnavailable) as refusal:
            camera.open()
    assert "secret" not in str(refusal.value)
    assert "admin:***@" in str(refusal.value)
    assert "password" in refusal.value.hint


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://admin:p@ss:w0rd@cam:554/1", "rtsp://admin:***@cam:554/1"),
        ("rtsp://admin@cam/1", "rtsp://admin@cam/1"),
        ("http://cam/live?user=a&password=geheim&ch=1", "http://cam/live?user=a&password=***&ch=1"),
        ("http://cam/live?authToken=geheim", "http://cam/live?authToken=***"),
    ],
)
def test_a_closed_stream_shows_no_secret(source: str, shown: str) -> None:
    with pytest.raises(CameraLost) as refusal:
        stream(source).read(0.1)
    assert str(refusal.value) == f"{shown} is closed"


def test_the_right_password_opens_and_stays_out_of_the_info() -> None:
    with RtspCamera("admin:right") as server:
        camera = stream(server.url)
        info = camera.open()
        camera.close()
    assert "right" not in info.source
    assert (info.width, info.height) == RtspCamera.SIZE


def test_a_peer_that_sends_no_video_is_for_a_person() -> None:
    with TransportStream(b"HTTP/1.0 200 OK\r\n\r\n" * 5000, hang_up=True) as server, pytest.raises(CameraUnavailable):
        stream(server.url).open()


def test_a_missing_device_is_for_a_person() -> None:
    with pytest.raises(CameraUnavailable, match="/dev/video99") as refusal:
        stream("/dev/video99").open()
    assert refusal.value.hint


@given(st.floats(0.01, 5), st.floats(5, 60))
def test_backoff_grows_to_its_cap_and_no_further(first_s: float, cap_s: float) -> None:
    backoff = Backoff(first_s, cap_s)
    waits = [backoff.next_s() for _ in range(100)]
    assert first_s / 2 <= waits[0] <= first_s
    assert all(wait <= cap_s for wait in waits)
    assert min(waits[20:]) >= cap_s / 2
    backoff.reset()
    assert backoff.next_s() <= first_s


@pytest.mark.parametrize("pixels", ["yuv420p", "yuyv422", "nv12", "rgb24"])
def test_a_picture_of_a_device_is_copied_into_memory_of_our_own(pixels: str) -> None:
    rng = np.random.default_rng(1)
    image = VideoFrame.from_ndarray(rng.integers(0, 255, (90, 130, 3), np.uint8), "rgb24").reformat(format=pixels)
    image.pts, image.time_base = 7, Fraction(1, 30)
    copy = owned(image)
    before = copy.to_ndarray().copy()
    np.testing.assert_array_equal(before, image.to_ndarray())
    assert (copy.time, copy.format.name) == (image.time, pixels)
    for part in image.planes:
        part.update(bytes(part.buffer_size))
    np.testing.assert_array_equal(copy.to_ndarray(), before)
