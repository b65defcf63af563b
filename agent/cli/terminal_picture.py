"""A picture in a terminal: two pixels a character by half blocks in true colour, else grey levels as letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agent.cli.files import writing
from agent.cli.looks import colourful, symbolic
from agent.errors import OperatorError
from hal.ports import U8

RAMP = " .:-=+*#%@"
CHARACTER_ASPECT = 2.0
"""A character is about twice as high as it is wide."""
COLOURS = {"zone": (80, 220, 80), "line": (0, 200, 255), "privacy_mask": (0, 0, 0), "mask": (160, 160, 160)}
"""Blue, green, red."""
DRAWN = (("zone", "polygon"), ("line", "points"), ("privacy_mask", "polygon"))
MASKS = ("motion_mask", "object_mask")


def decoded(jpeg: bytes) -> U8:
    """A JPEG as uint8 (height, width, 3), blue first. Raises OperatorError."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise OperatorError("the camera's picture cannot be read", hint="try again")
    return np.asarray(picture, np.uint8)


def picture_lines(picture: U8, columns: int) -> list[str]:
    """The picture as lines of so many characters."""
    height, width = picture.shape[:2]
    rows = max(1, round(columns * height / width / CHARACTER_ASPECT))
    if colourful() and symbolic():
        return _half_blocks(np.asarray(cv2.resize(picture, (columns, 2 * rows), interpolation=cv2.INTER_AREA)))
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (columns, rows), interpolation=cv2.INTER_AREA)
    return ["".join(RAMP[level * len(RAMP) // 256] for level in row).rstrip() for row in grey.tolist()]


def _half_blocks(picture: np.ndarray[Any, Any]) -> list[str]:
    lines = []
    for upper, lower in zip(picture[::2].tolist(), picture[1::2].tolist(), strict=True):
        cells = (
            f"\x1b[38;2;{r};{g};{b};48;2;{lr};{lg};{lb}m▀" for (b, g, r), (lb, lg, lr) in zip(upper, lower, strict=True)
        )
        lines.append("".join(cells) + "\x1b[0m")
    return lines


def with_places(picture: U8, drawn: Mapping[str, Any]) -> U8:
    """A copy with the zones, lines and masks of `GET /v1/zones` drawn into it, each with its name."""
    copy, height = picture.copy(), picture.shape[0]
    thick = max(2, height // 240)
    kinds = [*((key, points, key) for key, points in DRAWN), *((key, "polygon", "mask") for key in MASKS)]
    for key, points, colour in kinds:
        for place in drawn.get(key, ()):
            corners = _pixels(place[points], picture)
            if key == "privacy_mask":
                cv2.fillPoly(copy, [corners], COLOURS[colour])
            cv2.polylines(copy, [corners], key != "line", COLOURS[colour], thick, cv2.LINE_AA)
            _label(copy, str(place.get("name", key.replace("_", " "))), corners, COLOURS[colour], height / 540)
    return np.asarray(copy, np.uint8)


def _pixels(points: Sequence[Sequence[float]], picture: U8) -> np.ndarray[Any, Any]:
    height, width = picture.shape[:2]
    return np.array([[round(x * width), round(y * height)] for x, y in points], np.int32)


def _label(picture: U8, text: str, corners: np.ndarray[Any, Any], colour: tuple[int, int, int], scale: float) -> None:
    """The text beside the first corner, on dark ground, within the picture."""
    size = max(0.4, 0.6 * scale)
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = int(np.clip(corners[0][0], 0, max(0, picture.shape[1] - width - 4)))
    y = int(np.clip(corners[0][1], height + base, picture.shape[0] - base))
    cv2.rectangle(picture, (x, y - height - base), (x + width + 4, y + base), (24, 24, 24), cv2.FILLED)
    ink = colour if any(colour) else (255, 255, 255)
    cv2.putText(picture, text, (x + 2, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)


def write_picture(picture: U8, out: Path) -> int:
    """Write a PNG or JPEG file, by its name's end; returns its size. Raises OperatorError."""
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise OperatorError(f"cannot write {out.name}", hint="give a file name that ends in .png or .jpg")
    _, encoded = cv2.imencode(out.suffix, picture)
    content = encoded.tobytes()
    with writing(out):
        out.write_bytes(content)
    return len(content)
