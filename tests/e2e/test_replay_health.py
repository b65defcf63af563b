"""A real clip with somebody at the camera: what `aislewatch replay --health` says, and nothing of the clip itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hal.ports import U8
from hal.simulated.degrade import blurred, covered, shifted
from tests.data import DATA, needs_data

VIDEO = DATA / "video" / "intel_one-by-one-person-detection.mp4"
FPS, SECONDS, STRUCK_S = 10, 62, 20.0
RNG = np.random.default_rng(7)

pytestmark = [needs_data, pytest.mark.timeout(240)]


def tampered(path: Path, change: Callable[[U8], U8]) -> Path:
    """The clip's first minute, encoded anew, with a change of its luma from STRUCK_S on."""
    with av.open(str(VIDEO)) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream("mpeg4", rate=FPS, width=video.width, height=video.height, bit_rate=4_000_000)
        for index, frame in enumerate(source.decode(video)):
            if index >= SECONDS * FPS:
                break
            planes = frame.to_ndarray(format="yuv420p")
            if index >= STRUCK_S * FPS:
                planes[: frame.height] = change(np.asarray(planes[: frame.height], np.uint8))
            target.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        target.mux(stream.encode(None))
    return path


def told(video: Path, *words: str) -> list[dict[str, Any]]:
    """The health lines of a replay."""
    command = [sys.executable, "-m", "agent", "replay", str(video), "--health", "--learn", "10", "--json", *words]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [line for line in lines if line["type"] == "health"]


@pytest.mark.parametrize(
    ("what", "hold_s", "change"),
    [
        ("covered", 10.0, lambda luma: covered(luma, 1.0, 80.0, RNG)),
        ("defocused", 30.0, lambda luma: blurred(luma, 3.0)),
        ("moved", 30.0, lambda luma: shifted(luma, 0.1)),
    ],
)
def test_what_was_done_to_the_camera_is_told_in_time(
    tmp_path: Path, what: str, hold_s: float, change: Callable[[U8], U8]
) -> None:
    learning, known, fault = told(tampered(tmp_path / "clip.mp4", change))
    assert [(one["what"], one["state"]) for one in (learning, known)] == [("image", "unknown"), ("image", "ok")]
    assert (fault["what"], fault["state"]) == (what, "fault")
    assert STRUCK_S <= fault["since_s"] <= STRUCK_S + 1.5
    assert STRUCK_S - 1 + hold_s <= fault["t_s"] <= STRUCK_S + hold_s + 3  # it holds since the last good look


def test_the_clip_itself_gives_no_alarm() -> None:
    learning, known = told(VIDEO)
    assert [(one["what"], one["state"]) for one in (learning, known)] == [("image", "unknown"), ("image", "ok")]
    assert known["t_s"] <= 12
