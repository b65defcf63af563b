"""The shared tracking sequences: detections, truth and what is known of each video."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.vision.mot import parse_detections
from tools.mot_metrics import Rows
from tools.peers import ROOT, Video

F64 = NDArray[np.float64]

GROUPS = ("MOT17", "CAMPUS", "TUD")
TUD = Video(25.0, 640, 480)
"""These two come without a seqinfo.ini."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One sequence; frames count from 1 to `length`."""

    name: str
    video: Video
    length: int
    detections: Mapping[int, tuple[F64, F64]]
    truth: Rows

    @property
    def group(self) -> str:
        return self.name.partition("-")[0]

    def frames(self) -> Iterator[tuple[int, F64, F64]]:
        """Frame number, boxes x1, y1, x2, y2 (n, 4) in pixels and scores (n,) of every frame, empty ones too."""
        nothing = (np.empty((0, 4)), np.empty(0))
        for frame in range(1, self.length + 1):
            yield frame, *self.detections.get(frame, nothing)

    def first(self, count: int) -> Sequence:
        """Its first `count` frames."""
        truth = {frame: rows for frame, rows in self.truth.items() if frame <= count}
        return Sequence(self.name, self.video, min(count, self.length), self.detections, truth)


def data_root() -> Path:
    """Where the shared data is: AISLEWATCH_DATA, or beside the repository."""
    return Path(os.environ.get("AISLEWATCH_DATA", ROOT.parent / "shared" / "data"))


def load_group(group: str) -> list[Sequence]:
    """All sequences of a group, by name; empty where the data is absent."""
    return [load(folder) for folder in sorted((data_root() / "mot").glob(f"{group}-*"))]


def load(folder: Path) -> Sequence:
    """One sequence. MOT17 comes with DPM detections, whose scores are made probabilities by `parse_detections`."""
    public = folder / "det" / "det_dpm.txt"
    text = (public if public.exists() else folder / "det" / "det.txt").read_text()
    truth = read_rows(folder / "gt" / "gt.txt", marked=folder.name.startswith("MOT17"))
    video, length = _info(folder)
    size = np.array([video.width, video.height] * 2)
    detections = {
        frame: (np.array([found.box for found in some]) * size, np.array([found.score for found in some]))
        for frame, some in parse_detections(text, video.width, video.height).items()
    }
    return Sequence(folder.name, video, length or max([*truth, *detections]), detections, truth)


def _info(folder: Path) -> tuple[Video, int]:
    """The video's figures and the number of frames (0: not told)."""
    path = folder / "seqinfo.ini"
    if not path.exists():
        return TUD, 0
    parser = configparser.ConfigParser()
    parser.read(path)
    info = parser["Sequence"]
    video = Video(float(info["frameRate"]), int(info["imWidth"]), int(info["imHeight"]))
    return video, int(info["seqLength"])


def read_rows(path: Path, *, marked: bool = False) -> dict[int, list[tuple[int, float, float, float, float]]]:
    """Boxes of a MOT text (columns parted by commas or blanks); with `marked` only rows whose columns 7 and 8 are 1."""
    rows: dict[int, list[tuple[int, float, float, float, float]]] = {}
    for line in path.read_text().splitlines():
        fields = [float(field) for field in line.replace(",", " ").split()]
        if fields and not (marked and (fields[6] != 1 or fields[7] != 1)):
            left, top, width, height = fields[2:6]
            rows.setdefault(int(fields[0]), []).append((int(fields[1]), left, top, width, height))
    return rows
