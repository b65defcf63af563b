"""What a privacy mask hides leaves no trace in any picture, whatever its size."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import open_hal
from hal.masks import CHROMA, LUMA, Masks
from hal.picamera import Layout, PiCamera
from hal.ports import U8, Frame, HalSettings, RecordingSettings
from hal.simulated.clock import ManualClock
from tests.pictures import grey_planes

DOOR = [(0.25, 0.25), (0.5, 0.25), (0.5, 0.75), (0.25, 0.75)]
unit = st.floats(0, 1)


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (320, 180), (16, 16)])
def test_every_pixel_under_the_mask_is_black_and_far_ones_are_kept(size: tuple[int, int]) -> None:
    picture = grey_planes(200, size)
    Masks([DOOR]).burn(picture)
    for part, value in ((picture.y, LUMA), (picture.u, CHROMA), (picture.v, CHROMA)):
        height, width = part.shape
        assert np.all(part[height // 4 : -(-3 * height // 4), width // 4 : -(-width // 2)] == value)
    assert picture.y[0, 0] == 200
    assert picture.y[-1, -1] == 200


@given(st.lists(st.tuples(unit, unit), min_size=3, max_size=6), st.tuples(st.integers(2, 80), st.integers(2, 60)))
def test_every_point_of_an_outline_is_burnt_at_every_size(
    polygon: list[tuple[float, float]], size: tuple[int, int]
) -> None:
    cover = Masks([polygon]).cover(*size)
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        for share in (0.0, 0.3, 0.5, 1.0):
            x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
            assert cover[min(int(y * size[1]), size[1] - 1), min(int(x * size[0]), size[0] - 1)]


def write_scene(path: Path, hidden: int) -> Path:
    """A lossless film with noise everywhere, and other noise, drawn by `hidden`, under the mask."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        open_, secret = np.random.default_rng(1), np.random.default_rng(hidden)
        for _ in range(5):
            picture = open_.integers(16, 236, (360, 320), np.uint8)
            for top, rows in ((60, 120), (240 + 15, 30), (300 + 15, 30)):
                left, right = (80, 160) if rows == 120 else (0, 320)
                # The chroma planes lie one behind the other, two of their rows in one of the array's.
                patch = secret.integers(16, 236, (rows, right - left), np.uint8)
                region = picture[top : top + rows, left:right]
                columns = np.r_[40:80, 200:240] if rows == 30 else np.r_[0:80]
                region[:, columns] = patch[:, columns]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def seen(source: Path, limit: int) -> list[bytes]:
    """Every byte that leaves the camera, at both sizes; what is recorded is made of these frames alone."""
    how = RecordingSettings()
    settings = HalSettings(str(source), width=limit, height=limit, paced=False, recording=how, privacy_masks=[[*DOOR]])
    parts: list[bytes] = []
    with open_hal(settings, ManualClock()) as hal:
        assert hal.recorder is not None
        hal.camera.open()
        assert hal.recorder.method == "software", "the packets of the source are not masked"
        while (frame := hal.camera.read(1.0)) is not None:
            for picture in (frame.main, frame.lores):
                parts += [picture.y.tobytes(), picture.u.tobytes(), picture.v.tobytes()]
    return parts


@pytest.mark.parametrize("limit", [1280, 160, 100, 64])
def test_nothing_of_what_is_hidden_can_be_told_from_what_leaves_the_camera(tmp_path: Path, limit: int) -> None:
    one, other = write_scene(tmp_path / "a.mkv", 2), write_scene(tmp_path / "b.mkv", 3)
    assert one.read_bytes() != other.read_bytes()
    assert seen(one, limit) == seen(other, limit)


def test_the_decoder_keeps_its_own_pictures(tmp_path: Path) -> None:
    picture = grey_planes(200, (64, 48))
    burnt = Masks([DOOR]).burnt(picture)
    assert np.all(picture.y == 200)
    assert burnt.y[24, 20] == LUMA


class FakeBuffer:
    """A locked buffer of a request, as picamera2's MappedArray gives it."""

    def __init__(self, request: dict[str, U8], name: str) -> None:
        self.array = request[name]

    def __enter__(self) -> FakeBuffer:
        return self

    def __exit__(self, kind: Any, value: Any, trace: TracebackType | None) -> None:
        return None


@pytest.mark.parametrize("pixels", ["YUV420", "NV12"])
def test_the_pis_buffers_are_burnt_in_place_before_its_encoder_sees_them(pixels: str) -> None:
    camera = PiCamera(HalSettings("picamera", privacy_masks=[DOOR]), ManualClock())
    layouts = {"main": Layout(64, 48, 64, pixels), "lores": Layout(32, 24, 64, pixels)}
    camera.use_layouts(layouts)
    request: dict[str, U8] = {
        "main": np.full((72, 64), 200, np.uint8),
        "lores": np.full((36, 64), 200, np.uint8),
    }
    camera.burn(request, FakeBuffer)
    for name, layout in layouts.items():
        planes = layout.planes(request[name])
        row, column = layout.height // 2, layout.width // 3
        assert planes.y[row, column] == LUMA
        assert planes.u[row // 2, column // 2] == planes.v[row // 2, column // 2] == CHROMA
        assert planes.y[0, 0] == planes.u[0, 0] == 200


def test_without_masks_a_frame_is_passed_as_it_is(tmp_path: Path) -> None:
    with open_hal(HalSettings(str(write_scene(tmp_path / "a.mkv", 2)), paced=False), ManualClock()) as hal:
        assert hal.recorder is None
        hal.camera.open()
        frame = hal.camera.read(1.0)
    assert isinstance(frame, Frame)
    assert frame.main.y.std() > 30
