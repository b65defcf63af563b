"""Labelled pictures: where they lie, what may be done with them, and how they are split by scene.

Pictures stay in the data folder (AISLEWATCH_DATA, default ../shared/data beside the project); only their
names are published, under splits/.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
Image = NDArray[np.uint8]

SPLITS = Path(__file__).with_name("splits")
#: Sets whose licence allows to ship weights trained on them (CC BY 4.0 labels).
TRAINABLE = ("capston2_coco", "capston2_handheld", "capston2_office", "coco_first128")
EVALUATION_ONLY = ("pennfudan",)


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture: boxes (n, 4) x1, y1, x2, y2 in 0..1 of the frame."""

    name: str
    group: str
    path: Path
    boxes: Boxes

    def read(self) -> Image:
        """The picture as RGB (height, width, 3)."""
        bgr = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise FileNotFoundError(f"{self.path} is no readable picture")
        return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


def data_root() -> Path:
    """The folder of shared data."""
    project = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("AISLEWATCH_DATA", project.parent / "shared" / "data"))


def load(group: str) -> list[Picture]:
    """All pictures of one set, sorted by name."""
    folder = data_root() / "person_images" / group
    paths = sorted((folder / "images").iterdir())
    return [Picture(path.stem, group, path, _labels(folder / "labels" / f"{path.stem}.txt")) for path in paths]


def split(part: str) -> list[Picture]:
    """The pictures of one published split: `train`, `val` or `test`."""
    wanted: dict[str, set[str]] = {}
    for line in (SPLITS / f"{part}.txt").read_text().split():
        group, name = line.split("/")
        wanted.setdefault(group, set()).add(name)
    return [picture for group in sorted(wanted) for picture in load(group) if picture.name in wanted[group]]


def by_group(pictures: Iterable[Picture]) -> dict[str, list[Picture]]:
    """Pictures by set."""
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        groups.setdefault(picture.group, []).append(picture)
    return groups


def some_scenes(pictures: list[Picture], share: float, seed: int) -> list[Picture]:
    """The pictures of a share of every set's scenes (at least one each); smaller shares lie within larger ones."""
    kept: list[Picture] = []
    for group, members in by_group(pictures).items():
        scenes = sorted({scene_of(group, picture.name) for picture in members})
        order = np.random.default_rng([seed, 5]).permutation(len(scenes))
        wanted = {scenes[at] for at in order[: max(1, round(share * len(scenes)))]}
        kept += [picture for picture in members if scene_of(group, picture.name) in wanted]
    return kept


def scene_of(group: str, name: str) -> str:
    """The scene a picture belongs to, from the name its source gave it.

    Handheld clips carry a five-digit recording number; office frames come from two rooms, told apart by how
    their frames are numbered (looked through by eye); COCO pictures are scenes of their own.
    """
    source = _sources().get(name, "")
    if group == "capston2_handheld":
        clip = re.match(r"img(\d{5})", source)
        return f"handheld-{clip[1]}" if clip else name
    if group == "capston2_office":
        return "office-white-room" if re.match(r"frame_0\d{3}_", source) else "office-green-room"
    if group == "capston2_coco":
        return source.split("_")[0] or name
    return name


@cache
def _sources() -> dict[str, str]:
    path = data_root() / "person_images" / "capston2_sources.csv"
    with path.open(newline="") as file:
        return {row["name"]: Path(row["source_path"]).name for row in csv.DictReader(file)}


def load_rendered(folder: Path) -> list[tuple[Picture, Boxes]]:
    """Pictures that `rendered` wrote, each with the weights (n,) of its boxes."""
    found = []
    for path in sorted((folder / "images").iterdir()):
        labels = folder / "labels" / f"{path.stem}.txt"
        weights = np.asarray(_rows(labels)[:, 5], np.float32)
        found.append((Picture(path.stem, "rendered", path, _labels(labels)), weights))
    return found


def _rows(path: Path) -> Boxes:
    """The lines of a label file; no file and no line mean nobody."""
    if not path.exists() or not path.read_text().strip():
        return np.zeros((0, 6), np.float32)
    return np.loadtxt(path, dtype=np.float32, ndmin=2)


def _labels(path: Path) -> Boxes:
    rows = _rows(path)[:, 1:5]
    low, high = rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2
    return np.asarray(np.clip(np.concatenate([low, high], axis=1), 0, 1), np.float32)
