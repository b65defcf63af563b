"""A rendered clip of a shelf that is emptied and filled again, through the whole walk by the command users type."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hal.ports import HalSettings, Yuv420
from hal.simulated.camera import SimulatedCamera
from hal.simulated.clock import ManualClock
from hal.simulated.goods import front_of
from hal.simulated.scripts import SWEPT
from tests.data import DATA, needs_data

WIDTH, HEIGHT, FPS, END_S = 640, 360, 4, 195
CONFIG = """
[[zone]]
name = "spirits"
kind = "shelf"
polygon = {polygon}
front = {front}
[[rule]]
kind = "shelf_sweep"
zone = "spirits"
item_size = {item}
[[rule]]
kind = "left_object"
[[rule]]
kind = "removed_object"
"""
pytestmark = pytest.mark.timeout(400)


def write_clip(path: Path) -> str:
    """Film the scene `sweep`; returns the configuration of a camera that watches its shelf."""
    camera = SimulatedCamera(HalSettings("simulated", WIDTH, HEIGHT, FPS, paced=False, scene="sweep"), ManualClock())
    camera.open()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "20"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(END_S * FPS):
            frame = camera.read(1.0)
            assert frame is not None
            picture = av.VideoFrame.from_ndarray(planar(frame.main), format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    layout = camera.scene.layout
    front = front_of(layout, WIDTH)
    zone = next(zone for zone in layout.zones if zone.name == "spirits")
    return CONFIG.format(polygon=points(zone.polygon), front=points(front.polygon), item=round(front.item_share, 4))


def planar(picture: Yuv420) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.concatenate([plane.reshape(-1, WIDTH) for plane in (picture.y, picture.u, picture.v)])


def points(polygon: tuple[tuple[float, float], ...]) -> list[list[float]]:
    return [[round(x, 4), round(y, 4)] for x, y in polygon]


def replay(video: Path, config: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "agent", "replay", str(video), "--config", str(config), "--model", "person-s"]
    result = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def opened(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] == "incident" and line["state"] == "open"]


def test_a_swept_shelf_is_told_once_and_filling_it_is_not(tmp_path: Path) -> None:
    video, config = tmp_path / "sweep.mp4", tmp_path / "sweep.toml"
    config.write_text(write_clip(video))
    lines = replay(video, config)
    (incident,) = opened(lines)
    assert (incident["kind"], incident["zone"]) == ("shelf_sweep", "spirits")
    assert SWEPT.taken_s[0] <= incident["t_s"] <= SWEPT.taken_s[1] + 20
    states = [(line["state"], line["t_s"]) for line in lines if line.get("kind") == "background"]
    assert [state for state, _ in states] == ["learning", "ready"]
    assert states[1][1] < 60


@needs_data
def test_six_people_at_a_table_leave_nothing_and_take_nothing(tmp_path: Path) -> None:
    config = tmp_path / "table.toml"
    config.write_text('[[rule]]\nkind = "left_object"\n[[rule]]\nkind = "removed_object"\n')
    assert not opened(replay(DATA / "video" / "intel_one-by-one-person-detection.mp4", config))
