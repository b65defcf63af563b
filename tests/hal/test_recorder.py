"""Packets of a source pass untouched; other sources are encoded; both become MP4 that plays."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from hal import open_hal
from hal.errors import MediaUnreadable
from hal.mp4 import Muxer, examine
from hal.packets import begins_with_parameters
from hal.ports import U8, EncodedPacket, Frame, HalSettings, RecordingSettings
from hal.recorder import DELAY, SoftwareRecorder
from hal.simulated.clock import ManualClock
from hal.video import VideoFile
from tests.contract.footage import luma_of, write_video
from tests.contract.servers import TransportStream
from tests.hal.h264 import packets_of, write_h264
from tests.pictures import grey_planes
from tests.waiting import eventually

WHOLE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


class Recorded(NamedTuple):
    method: str
    frames: list[Frame]
    packets: list[EncodedPacket]


def recorded(settings: HalSettings, most: int = 1000) -> Recorded:
    """What a source gives while it is recorded."""
    packets: list[EncodedPacket] = []
    frames: list[Frame] = []
    with open_hal(settings, ManualClock(100.0)) as hal:
        assert hal.recorder is not None
        hal.recorder.start(packets.append)
        hal.camera.open()
        while len(frames) < most and (frame := hal.camera.read(10.0)) is not None:
            frames.append(frame)
            hal.recorder.offer(frame)
            if hal.recorder.method == "software":
                eventually(lambda: len(packets) >= len(frames) - DELAY)
        method = hal.recorder.method
        hal.recorder.stop()
        return Recorded(method, frames, packets)


def recording(source: Path | str, *, paced: bool = False, masked: bool = False, stream: str = "main") -> HalSettings:
    how = RecordingSettings(stream=stream)
    masks = [WHOLE] if masked else ()
    return HalSettings(str(source), width=64, height=48, fps=10, paced=paced, recording=how, privacy_masks=masks)


def muxed(packets: list[EncodedPacket], path: Path) -> Path:
    with path.open("wb") as file:
        muxer = Muxer(lambda data: [file.write(data)].clear(), packets[0].shape)
        for packet in packets:
            muxer.write(packet)
        muxer.close()
    return path


def lumas(path: Path) -> list[U8]:
    """The Y plane of every picture."""
    camera = VideoFile(HalSettings(str(path), paced=False), ManualClock())
    camera.open()
    return [frame.main.y for frame in iter(lambda: camera.read(1.0), None)]


@pytest.mark.parametrize("paced", [False, True])
def test_the_packets_of_an_h264_file_are_passed_on_and_stamped_like_its_pictures(tmp_path: Path, paced: bool) -> None:
    source = write_h264(tmp_path / "a.mp4")
    got = recorded(recording(source, paced=paced))
    assert got.method == "camera"
    assert len(got.packets) == 40
    assert [p.keyframe for p in got.packets] == [n % 10 == 0 for n in range(40)]
    assert all(begins_with_parameters(p.data) == p.keyframe for p in got.packets)
    start_s = 100.0 if paced else 0.0
    assert sorted(p.t_s for p in got.packets) == pytest.approx([start_s + n / 10 for n in range(40)])
    assert all(a.decode_s < b.decode_s <= b.t_s + 1e-6 for a, b in pairwise(got.packets))
    before, after = lumas(source), lumas(muxed(got.packets, tmp_path / "clip.mp4"))
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_packets_of_a_network_stream_are_passed_on(tmp_path: Path) -> None:
    content = write_h264(tmp_path / "a.ts").read_bytes()
    packets: list[EncodedPacket] = []
    with TransportStream(content) as server, open_hal(recording(server.url)) as hal:
        assert hal.recorder is not None
        hal.recorder.start(packets.append)
        hal.camera.open()
        first = hal.camera.read(10.0)
        eventually(lambda: len(packets) > 20)
        assert hal.recorder.method == "camera"
    assert first is not None
    assert packets[0].keyframe
    assert begins_with_parameters(packets[0].data)
    assert abs(packets[0].t_s - first.t_s) < 10
    assert lumas(muxed(packets, tmp_path / "clip.mp4"))


@pytest.mark.parametrize("kind", ["mpeg4", "masked", "simulated"])
def test_other_sources_and_masked_ones_are_encoded(tmp_path: Path, kind: str) -> None:
    sources = {"mpeg4": write_video(tmp_path / "a.mp4", pictures=25), "masked": write_h264(tmp_path / "b.mp4")}
    got = recorded(recording(sources.get(kind, "simulated"), masked=kind == "masked"), most=25)
    assert got.method == "software"
    assert [p.t_s for p in got.packets] == [frame.t_s for frame in got.frames]
    assert got.packets[0].keyframe
    assert begins_with_parameters(got.packets[0].data)
    pictures = lumas(muxed(got.packets, tmp_path / "clip.mp4"))
    assert len(pictures) == 25
    for frame, picture in zip(got.frames, pictures, strict=True):
        assert abs(float(np.mean(picture)) - float(np.mean(frame.main.y))) < 2


def test_the_small_picture_may_be_recorded_instead() -> None:
    big, small = grey_planes(80, (128, 96)), grey_planes(90, (64, 48))
    recorder = SoftwareRecorder(RecordingSettings(stream="lores"), 10.0)
    packets = recorder.encode(Frame(0, 0.0, big, small)) + recorder.finish()
    assert [packet.shape[:2] for packet in packets] == [(64, 48)]


def test_a_picture_of_odd_size_loses_its_last_row_and_column() -> None:
    odd = grey_planes(80, (63, 47))
    recorder = SoftwareRecorder(RecordingSettings(), 10.0)
    packets = recorder.encode(Frame(0, 0.0, odd, odd)) + recorder.finish()
    assert [packet.shape for packet in packets] == [(62, 46, 10.0)]


def test_a_change_of_size_begins_with_a_key_picture() -> None:
    recorder = SoftwareRecorder(RecordingSettings(), 10.0)
    sizes = [(64, 48), (64, 48), (32, 32)]
    frames = [Frame(n, n / 10, grey_planes(60, size), grey_planes(60, size)) for n, size in enumerate(sizes)]
    packets = [packet for frame in frames for packet in recorder.encode(frame)] + recorder.finish()
    assert [packet.keyframe for packet in packets] == [True, False, True]
    assert [packet.t_s for packet in packets] == [0.0, 0.1, 0.2]


def test_an_encoder_that_falls_behind_leaves_frames_out() -> None:
    recorder = SoftwareRecorder(RecordingSettings(), 10.0)
    picture = grey_planes(60, (64, 48))
    for number in range(10):
        recorder.offer(Frame(number, number / 10, picture, picture))
    assert recorder.left_out == 2


def test_what_was_muxed_can_be_examined(tmp_path: Path) -> None:
    facts = examine(muxed(packets_of(25, start_s=500.0), tmp_path / "clip.mp4"))
    assert (facts.codec, facts.width, facts.height, facts.pictures) == ("h264", 64, 48, 25)
    assert facts.duration_s == pytest.approx(2.5, abs=0.01)


def test_pictures_keep_their_places_in_time(tmp_path: Path) -> None:
    packets = [p for n, p in enumerate(packets_of(30)) if n not in (12, 13, 14)]
    with av.open(str(muxed(packets, tmp_path / "clip.mp4"))) as container:
        times = [image.time for image in container.decode(video=0)]
    assert times == pytest.approx([p.t_s for p in packets], abs=1e-4)
    assert luma_of(3) == luma_of(13)


def test_a_clip_cut_off_plays_up_to_its_last_whole_fragment(tmp_path: Path) -> None:
    whole = muxed(packets_of(40), tmp_path / "clip.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: whole.rindex(b"moof") - 4])
    assert examine(cut).pictures == 30


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(MediaUnreadable):
        examine(tmp_path / "a.mp4")
