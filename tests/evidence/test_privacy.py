"""What a privacy mask covers is black in everything that is made of a frame, at every scale in use."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from agent.domain import Box
from agent.evidence.stills import Sighting
from agent.jpeg import encode_jpeg
from agent.models import Catalogue
from agent.vision.preprocess import Preparer
from hal import open_hal
from hal.mp4 import Muxer
from hal.ports import U8, EncodedPacket, Frame, HalSettings, RecordingSettings
from hal.recorder import DELAY
from hal.simulated.clock import ManualClock
from hal.video import VideoFile
from tests.waiting import eventually

LEFT, TOP, RIGHT, BOTTOM = 0.3, 0.2, 0.6, 0.7
MASK = [(LEFT, TOP), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM)]


def masked_frames(size: tuple[int, int], stream: str = "main") -> tuple[list[Frame], list[EncodedPacket]]:
    """Frames of the simulated shop and what is recorded of them."""
    how = RecordingSettings(stream=stream)
    settings = HalSettings(
        "simulated", width=size[0], height=size[1], paced=False, recording=how, privacy_masks=[MASK], scene="crowd"
    )
    frames: list[Frame] = []
    packets: list[EncodedPacket] = []
    with open_hal(settings, ManualClock()) as hal:
        assert hal.recorder is not None
        hal.recorder.start(packets.append)
        hal.camera.open()
        for number in range(12):
            frame = hal.camera.read(1.0)
            assert frame is not None
            hal.recorder.offer(frame)
            eventually(lambda: len(packets) > number - DELAY)  # noqa: B023  it is awaited at once
            frames.append(frame)
        hal.recorder.stop()
    return frames, packets


def hidden(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of a picture (rows first) that the mask covers."""
    height, width = picture.shape[:2]
    return picture[round(TOP * height) : round(BOTTOM * height), round(LEFT * width) : round(RIGHT * width)]


def shown(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A part that it does not cover."""
    return picture[: round(0.15 * picture.shape[0])]


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return masked_frames((640, 360))[0]


@pytest.mark.parametrize("name", [spec.name for spec in Catalogue.load().specs if spec.task == "person"])
def test_the_models_input_is_black_there(name: str, frames: list[Frame]) -> None:
    spec = Catalogue.load().spec(name).input
    tensor = np.zeros(spec.shape, np.dtype(spec.dtype))
    width, height = Preparer(spec).fill(frames[0].lores, tensor)
    values = tensor[0].astype(np.int32) if spec.layout == "nhwc" else tensor[0].transpose(1, 2, 0).astype(np.int32)
    filled = values[: round(height * values.shape[0]), : round(width * values.shape[1])]
    part = hidden(filled.astype(np.int32))
    assert part.size
    assert np.unique(part).tolist() == [-128 if spec.dtype == "int8" else 0]
    assert np.unique(shown(filled)).size > 20


@pytest.mark.parametrize("width", [1280, 640, 320, 200])
def test_the_live_picture_and_a_still_are_black_there(width: int, frames: list[Frame]) -> None:
    still = Sighting("i", "onset", frames[0].main, (Box(0.7, 0.1, 0.9, 0.9),)).jpeg()
    for jpeg in (encode_jpeg(frames[0].main, max_width=width), still):
        picture = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
        assert int(inner(hidden(picture)).max()) <= 8
        assert int(shown(picture).std()) > 5


@pytest.mark.parametrize(("size", "stream"), [((640, 360), "main"), ((640, 360), "lores"), ((320, 180), "main")])
def test_the_recorded_video_is_black_there(size: tuple[int, int], stream: str, tmp_path: Path) -> None:
    _, packets = masked_frames(size, stream)
    with (tmp_path / "clip.mp4").open("wb") as file:
        muxer = Muxer(lambda data: [file.write(data)].clear(), packets[0].shape)
        for packet in packets:
            muxer.write(packet)
        muxer.close()
    for frame in played(tmp_path / "clip.mp4"):
        for plane, value in ((frame.main.y, 16), (frame.main.u, 128), (frame.main.v, 128)):
            assert int(np.abs(inner(hidden(plane)).astype(int) - value).max()) <= 2
        assert float(shown(frame.main.y).std()) > 5


def test_a_replay_is_masked_like_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "shop.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 180))
    for _ in range(3):
        writer.write(np.full((180, 320, 3), 200, np.uint8))
    writer.release()
    from hal.video import open_video

    camera = open_video(HalSettings(str(path), paced=False, privacy_masks=[MASK]), ManualClock())
    camera.open()
    frame = camera.read(1.0)
    assert frame is not None
    assert np.all(hidden(frame.main.y) == 16)
    assert int(frame.main.y[0, 0]) > 100


def played(path: Path) -> list[Frame]:
    source = VideoFile(HalSettings(str(path), paced=False), ManualClock())
    source.open()
    return [frame for frame in iter(lambda: source.read(1.0), None) if frame]


def inner(part: U8) -> U8:
    """Without the rim, into which a block of a lossy picture may ring."""
    rim = max(2, min(part.shape[:2]) // 8)
    return part[rim:-rim, rim:-rim]
