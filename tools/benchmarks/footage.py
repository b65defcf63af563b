"""What all measurements look at: the real clip where the shared data is, the simulated shop, and the detector."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agent.build import Detectors
from agent.errors import OperatorError
from agent.models import Catalogue
from agent.tables.camera import ModelConfig
from hal.ports import Clock, Frame, HalSettings, Yuv420
from hal.simulated.clock import ManualClock
from hal.simulated.render import Renderer
from hal.simulated.scene import Scene
from hal.simulated.shop import load_layout
from hal.system import SystemClock
from hal.video import VideoFile

ROOT = Path(__file__).resolve().parents[2]
CLIP = "video/intel_one-by-one-person-detection.mp4"
WALK_IN = 75
"""The frame of the clip before which its first person enters."""
SSD, OWN = "coco-ssd", "person-m"


@dataclass(frozen=True)
class Bench:
    """Where the data is, how thorough to be, and what several measurements share."""

    quick: bool = False
    data: Path = Path(os.environ.get("AISLEWATCH_DATA", str(ROOT.parent / "shared" / "data")))
    peers: Path = ROOT / ".venv-peers"
    frigate: Path | None = None

    def count(self, full: int, quick: int) -> int:
        """How many repetitions."""
        return quick if self.quick else full

    @property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def model(self) -> str:
        """The COCO SSD where it can be had, else our own, which is an SSD too."""
        try:
            Detectors(ModelConfig(name=SSD), self.clock)
        except OperatorError:
            return OWN
        return SSD

    @cached_property
    def detectors(self) -> Detectors:
        return Detectors(ModelConfig(name=self.model), self.clock)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue.load()

    @property
    def clip(self) -> Path | None:
        """The real video, where the shared data is."""
        path = self.data / CLIP
        return path if path.exists() else None


def clip_frames(path: Path, count: int, first: int = WALK_IN, width: int = 768, height: int = 432) -> list[Frame]:
    """`count` frames of a video from number `first` on, decoded beforehand."""
    camera = VideoFile(HalSettings(str(path), width, height, paced=False), ManualClock())
    camera.open()
    decoded = (camera.read(10.0) for _ in range(first + count))
    frames = [frame for number, frame in enumerate(decoded) if frame is not None and number >= first]
    camera.close()
    return frames


def shop_frames(
    script: str,
    count: int,
    *,
    first_s: float = 0.0,
    width: int = 1280,
    height: int = 720,
    fps: float = 15.0,
    seed: int = 1,
) -> list[Frame]:
    """`count` frames of the simulated shop from `first_s` on, rendered beforehand."""
    layout = load_layout().with_aspect(width / height)
    scene = Scene(layout, seed, script)
    renderer = Renderer(layout, width, height, scene.light)
    return [
        frame_of(renderer.render(scene.at(first_s + number / fps).figures, number), number, fps)
        for number in range(count)
    ]


def frame_of(picture: Yuv420, number: int, fps: float) -> Frame:
    """A picture as frame `number` of a camera."""
    return Frame(number, number / fps, picture, picture)


def again(frames: Sequence[Frame], count: int, fps: float) -> Iterator[Frame]:
    """`count` frames, to and fro through the given ones so that nothing jumps, numbered and timed anew."""
    there_and_back = [*frames, *frames[-2:0:-1]]
    for number in range(count):
        yield frame_of(there_and_back[number % len(there_and_back)].lores, number, fps)
