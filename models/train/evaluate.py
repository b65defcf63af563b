"""Run detectors over labelled pictures, clean and degraded."""

from __future__ import annotations

from collections.abc import Iterable

from .data import Image, Picture
from .degrade import KINDS
from .metrics import Found
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
