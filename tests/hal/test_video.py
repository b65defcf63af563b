"""Video files: bad ones are refused, damaged ones read as far as they go, paced ones drop like a camera."""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from hal.errors import CameraStalled, MediaUnreadable
from hal.ports import CameraInfo, Frame, HalSettings
from hal.simulated.clock import ManualClock
from hal.video import VideoFile, is_stream
from tests.contract.footage import luma_of, write_video


def video(path: Path, clock: ManualClock | None = None, *, paced: bool = False, width: int = 1280) -> VideoFile:
    settings = HalSettings(str(path), width=width, height=width * 9 // 16, paced=paced)
    return VideoFile(settings, clock or ManualClock())


def read_all(path: Path) -> tuple[CameraInfo, list[Frame]]:
    camera = video(path)
    info = camera.open()
    return info, list(iter(lambda: camera.read(1.0), None))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_every_picture_comes_in_order_with_its_own_brightness(tmp_path: Path, suffix: str) -> None:
    info, frames = read_all(write_video(tmp_path / f"a{suffix}", pictures=30))
    assert info.fps == 10.0
    assert [frame.t_s for frame in frames] == pytest.approx([n / 10 for n in range(30)])
    for frame in frames:
        assert abs(float(np.mean(frame.main.y)) - luma_of(frame.index)) <= 2
        assert abs(float(np.mean(frame.main.u)) - 128) <= 2


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48), (2, 2), (200, 7)])
def test_odd_sizes_keep_every_pixel(tmp_path: Path, size: tuple[int, int]) -> None:
    info, frames = read_all(write_video(tmp_path / "a.mkv", size=size, pictures=2))
    assert (info.width, info.height) == size
    assert np.all(frames[1].main.y == luma_of(1))
    assert np.all(frames[1].main.v == 128)


def test_a_large_picture_gets_a_small_one_of_the_same_shape(tmp_path: Path) -> None:
    camera = video(write_video(tmp_path / "a.mkv", size=(640, 480)), width=320)
    camera.open()
    frame = camera.read(1.0)
    assert frame is not None
    assert (frame.main.width, frame.main.height) == (640, 480)
    assert (frame.lores.width, frame.lores.height) == (240, 180)


def test_uneven_times_of_a_file_are_kept(tmp_path: Path) -> None:
    stamps = (0, 1, 5, 6, 20)
    _, frames = read_all(write_video(tmp_path / "a.mkv", pictures=5, stamps=stamps))
    assert [frame.t_s for frame in frames] == pytest.approx([stamp / 10 for stamp in stamps])


def test_a_raw_stream_without_stamps_runs_at_its_frame_rate(tmp_path: Path) -> None:
    _, frames = read_all(write_video(tmp_path / "a.m2v", fps=25))
    assert len(frames) == 20
    assert [frame.t_s for frame in frames] == pytest.approx([n / 25 for n in range(20)], abs=0.02)
    assert all(a.t_s < b.t_s for a, b in pairwise(frames))


@pytest.mark.parametrize(
    "content",
    [b"", b"hello, I am a text\n" * 200, b"\0" * 50_000, bytes(range(256)) * 100],
    ids=["empty", "text", "zeros", "noise"],
)
def test_what_is_no_video_is_refused_with_a_hint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaUnreadable, match=r"bad\.mp4") as refusal:
        video(path).open()
    assert refusal.value.hint


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreadable, match="No such file"):
        video(tmp_path / "nothing.mp4").open()
    with pytest.raises(MediaUnreadable, match="directory"):
        video(tmp_path).open()


def test_a_sound_file_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        tone.sample_rate = 8000
        container.mux(stream.encode(tone))
    with pytest.raises(MediaUnreadable, match="holds no video"):
        video(path).open()


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_truncated_file_is_read_as_far_as_it_goes(
    tmp_path: Path, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_video(tmp_path / "a.avi", pictures=100)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with caplog.at_level(logging.WARNING):
        _, frames = read_all(path)
    assert 100 * share - 15 < len(frames) < 100
    assert f"a.avi is damaged or truncated: it ended at {frames[-1].t_s:.1f} s after {len(frames)}" in caplog.text


def test_a_whole_file_ends_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read_all(write_video(tmp_path / "a.mp4"))
        read_all(write_video(tmp_path / "a.mkv"))
    assert not caplog.records


def test_damage_in_the_middle_costs_only_the_pictures_it_hit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "a.avi", pictures=100, size=(320, 240))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = b"\0" * 3000
    path.write_bytes(content)
    _, frames = read_all(path)
    assert len(frames) >= 90
    assert abs(float(np.mean(frames[-1].main.y)) - luma_of(99)) <= 2


def test_a_paced_file_runs_on_the_clock_from_the_first_read(tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    camera = video(write_video(tmp_path / "a.mp4"), clock, paced=True)
    assert camera.open().live
    clock.sleep(50.0)
    frames = list(iter(lambda: camera.read(1.0), None))
    assert [frame.index for frame in frames if frame] == list(range(20))
    assert [frame.t_s for frame in frames if frame] == pytest.approx([1050.0 + n / 10 for n in range(20)])
    assert clock.monotonic() == pytest.approx(1051.9)


def test_a_slow_reader_of_a_paced_file_misses_pictures(tmp_path: Path) -> None:
    clock = ManualClock()
    camera = video(write_video(tmp_path / "a.mp4"), clock, paced=True)
    camera.open()
    numbers = []
    while (frame := camera.read(1.0)) is not None:
        numbers.append(frame.index)
        clock.sleep(0.35)
    assert numbers[0] == 0
    assert numbers[-1] == 19
    assert len(numbers) < 9


def test_a_long_pause_in_a_paced_file_stalls_then_goes_on(tmp_path: Path) -> None:
    camera = video(write_video(tmp_path / "a.mp4", pictures=3, stamps=(0, 1, 100)), ManualClock(), paced=True)
    camera.open()
    assert [frame.index for frame in (camera.read(1.0), camera.read(1.0)) if frame] == [0, 1]
    with pytest.raises(CameraStalled):
        camera.read(1.0)
    last = camera.read(20.0)
    assert last is not None
    assert last.index == 2
    assert last.t_s == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("source", "stream"),
    [("rtsp://host/x", True), ("/dev/video0", True), ("a.mp4", False), ("/videos/a.mp4", False), ("dev/a.gif", False)],
)
def test_streams_are_told_from_files(source: str, stream: bool) -> None:
    assert is_stream(source) == stream
