"""Draw where a file fails on held-out rendered pictures: missed people red, false alarms yellow, found ones green.

python -m models.train.failures --model person-m --held .cache/train/held --out docs/pictures/person-m-failures.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from . import members
from .data import Boxes, Image, load_rendered
from .decode import Floats, iou
from .runners import TfliteHeads

TILE = (384, 216)
GREEN, RED, YELLOW = (70, 190, 70), (220, 50, 40), (240, 200, 40)


def judged(boxes: Floats, truth: Boxes) -> tuple[list[bool], list[bool]]:
    """For every box whether it lies on a person, for every person whether a box does."""
    if not len(boxes) or not len(truth):
        return [False] * len(boxes), [False] * len(truth)
    overlaps = iou(boxes, truth) >= 0.5
    return [bool(row.any()) for row in overlaps], [bool(column.any()) for column in overlaps.T]


def drawn(image: Image, boxes: Floats, truth: Boxes, weights: Boxes) -> tuple[Image, int]:
    """The picture with its verdicts, and how many mistakes are in it."""
    small = np.asarray(cv2.resize(image, TILE, interpolation=cv2.INTER_AREA), np.uint8)
    right, found = judged(boxes, truth)
    wrong = 0
    for box, good in zip(boxes, right, strict=True):
        _frame(small, box, GREEN if good else YELLOW)
        wrong += not good
    for box, good, weight in zip(truth, found, weights, strict=True):
        if not good and weight > 0:
            _frame(small, box, RED)
            wrong += 1
    return small, wrong


def _frame(image: Image, box: Floats, colour: tuple[int, int, int]) -> None:
    corners = (box * np.array([*TILE, *TILE])).astype(int).tolist()
    cv2.rectangle(image, corners[:2], corners[2:], colour, 2)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--held", type=Path, required=True)
    parser.add_argument("--score", type=float, default=0.5)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    runner = TfliteHeads(options.file, members.graph(options.model))
    tiles = []
    for picture, weights in load_rendered(options.held):
        image = picture.read()
        boxes, scores = runner(image)
        tiles.append(drawn(image, boxes[scores >= options.score], picture.boxes, weights))
    tiles.sort(key=lambda tile: -tile[1])
    print(f"{sum(wrong for _, wrong in tiles)} mistakes in {len(tiles)} pictures")
    worst = [tile for tile, _ in tiles[:6]]
    sheet = np.vstack([np.hstack(worst[:3]), np.hstack(worst[3:6])])
    cv2.imwrite(str(options.out), sheet[:, :, ::-1])


if __name__ == "__main__":
    main()
