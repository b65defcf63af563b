"""Score detectors on the labelled sets, clean and degraded: one row per set and degradation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .data import Image, Picture, by_group
from .degrade import KINDS
from .metrics import Found, curve
from .runners import Runner


def run(runner: Runner, pictures: Iterable[Picture], kind: str) -> list[Found]:
    """Everything the detector found on degraded pictures."""
    results = []
    for picture in pictures:
        boxes, scores = runner(degraded(picture, kind))
        results.append(Found(boxes, scores, picture.boxes))
    return results


def degraded(picture: Picture, kind: str) -> Image:
    """The picture under one of the fixed degradations."""
    return KINDS[kind](picture.read(), picture.name)


def average_precisions(runner: Runner, pictures: list[Picture], kinds: Iterable[str]) -> dict[str, dict[str, float]]:
    """AP50 by kind and set, with the mean over the sets as `mean`."""
    table: dict[str, dict[str, float]] = {}
    for kind in kinds:
        row = {
            group: curve(run(runner, members, kind)).average_precision()
            for group, members in by_group(pictures).items()
        }
        table[kind] = row | {"mean": float(np.mean(list(row.values())))}
    return table
