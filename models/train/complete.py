"""Let trained detectors mark the people that the training labels forgot.

    python -m models.train.complete --weights .cache/train/m/ema.npz --out .cache/train/extra.json

A person both the trained network (at two sizes) and a second opinion see clearly becomes a label; one that is only
likely becomes a place where nothing is punished. Only pictures of the training split are looked at.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from . import members
from .data import Picture, split
from .decode import Floats, iou
from .runners import CocoSsd, Runner, TorchHeads

SURE, LIKELY = 0.6, 0.3
Row = tuple[float, float, float, float, float]


def additions(picture: Picture, looks: list[Runner]) -> list[Row]:
    """Boxes x1, y1, x2, y2 in 0..1 with weight 1 (person) or 0 (ignore) that the labels lack."""
    image = picture.read()
    seen = [look(image) for look in looks]
    boxes, scores = seen[0]
    rows: list[Row] = []
    for box, score in zip(boxes, scores, strict=True):
        if score < LIKELY or _touches(box, picture.boxes, 0.3):
            continue
        agreed = sum(_touches(box, other[scores_ >= 0.4], 0.5) for other, scores_ in seen[1:])
        x1, y1, x2, y2 = (round(float(side), 5) for side in box)
        rows.append((x1, y1, x2, y2, float(score >= SURE and agreed == len(looks) - 1)))
    return rows


def _touches(box: Floats, others: Floats, overlap: float) -> bool:
    return bool(len(others)) and float(iou(box[None], others).max()) >= overlap


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="person-m")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    graph = members.graph(options.model)
    with np.load(options.weights) as file:
        weights = dict(file)
    looks: list[Runner] = [TorchHeads(graph, weights), TorchHeads(graph.resized((320, 544)), weights), CocoSsd()]
    found = {f"{picture.group}/{picture.name}": additions(picture, looks) for picture in split("train")}
    rows = [row for some in found.values() for row in some]
    print(f"{sum(row[4] > 0 for row in rows)} people added, {sum(row[4] == 0 for row in rows)} places ignored")
    options.out.write_text(json.dumps({name: some for name, some in found.items() if some}))


if __name__ == "__main__":
    main()
