"""Runs a person model over pictures in files: the same preparation and decoding as on the camera."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from agent.domain import Detection, Json
from agent.errors import OperatorError
from agent.vision.detector import Detector
from hal.ports import U8


class PictureUnreadable(OperatorError):
    """The file holds no picture that can be read."""


def read_picture(path: Path) -> U8:
    """A JPEG, PNG or BMP file as RGB (height, width, 3). Raises PictureUnreadable."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureUnreadable(f"{path}: {error.strerror}", hint="check the path") from error
    return picture_of(content, str(path))


def picture_of(content: bytes, name: str) -> U8:
    """The same of what such a file holds. Raises PictureUnreadable."""
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error as error:
        raise PictureUnreadable(f"{name}: {error.err}", hint="a smaller JPEG, PNG or BMP is needed") from error
    if picture is None:
        raise PictureUnreadable(f"{name} holds no picture that can be read", hint="JPEG, PNG and BMP are understood")
    cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture)
    return np.asarray(picture, np.uint8)


def detect_files(detector: Detector, paths: Iterable[Path]) -> Iterator[dict[str, Json]]:
    """One line per picture, as `aislewatch detect --json` prints it: boxes in pixels, best first.

    Raises PictureUnreadable at the first file that is no picture.
    """
    for path in paths:
        picture = read_picture(path)
        yield detection_line(str(path), detector.detect_rgb(picture), picture.shape[1], picture.shape[0])


def detection_line(image: str, detections: Iterable[Detection], width: int, height: int) -> dict[str, Json]:
    """The facts of one picture: boxes as x1 y1 x2 y2 in pixels to a tenth, scores to four digits."""
    found = list(detections)
    sides = (width, height, width, height)
    boxes: list[Json] = [[round(value * side, 1) for value, side in zip(d.box, sides, strict=True)] for d in found]
    scores: list[Json] = [round(detection.score, 4) for detection in found]
    return {"image": image, "boxes": boxes, "scores": scores}
