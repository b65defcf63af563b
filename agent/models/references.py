"""Reads a reference picture, where its people are, and what a model gave them; and has a model's file look at one."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np

from agent.domain import Box, Keypoint
from agent.errors import ModelError, OperatorError
from agent.models.stills import picture_of
from agent.vision.reference import Reference
from hal.planes import split_yuv420
from hal.ports import U8, Yuv420
from models.golden import PEOPLE, PICTURE, Golden, parse

MOST_BYTES = 30 * 1024
"""The most that the picture of this software may have: it lies on every camera."""
_HINT = "docs/models.md says how a reference picture is made"


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reference.json`: the boxes of everybody on the picture, x1 y1 x2 y2 in 0..1; `about` says what it shows."""

    people: tuple[tuple[float, float, float, float], ...]
    about: str = ""


def reference_of(picture: bytes, people: bytes, golden: Golden | None = None) -> Reference:
    """A reference from its files; `golden` tells the scores. Raises ModelError."""
    try:
        told = msgspec.json.decode(people, type=People)
        shown = planes_of(picture_of(picture, PICTURE))
    except (msgspec.DecodeError, OperatorError) as error:
        raise ModelError(f"the reference picture cannot be used: {error}", hint=_HINT) from None
    if not told.people or not all(_is_box(one) for one in told.people):
        raise ModelError(f"{PEOPLE} has to name people, each by x1 < x2 and y1 < y2 in 0..1", hint=_HINT)
    scores = tuple(golden.scores) if golden else ()
    if scores and len(scores) != len(told.people):
        raise ModelError(f"{PEOPLE} names {len(told.people)} people, and {len(scores)} scores are told", hint=_HINT)
    joints = tuple(Keypoint(*joint) for joint in golden.joints) if golden else ()
    return Reference(shown, tuple(Box(*one) for one in told.people), scores, joints)


def read_reference(folder: Path, golden: Golden | None = None) -> Reference:
    """The one that lies in a folder. Raises ModelError."""
    try:
        return reference_of((folder / PICTURE).read_bytes(), (folder / PEOPLE).read_bytes(), golden)
    except OSError as error:
        raise ModelError(f"cannot read {error.filename}: {error.strerror}", hint="install it again") from error


def read_golden(content: bytes) -> Golden:
    """A golden. Raises ModelError."""
    try:
        return parse(content)
    except msgspec.DecodeError as error:
        raise ModelError(f"a golden cannot be read: {error}", hint="install it again") from None


def planes_of(picture: U8) -> Yuv420:
    """An RGB picture (height, width, 3) as a camera gives it: 4:2:0, limited range; an odd last row or column goes."""
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    if not height or not width:
        raise ModelError("a reference picture has at least 2 x 2 pixels", hint=_HINT)
    stacked = np.asarray(cv2.cvtColor(picture[:height, :width], cv2.COLOR_RGB2YUV_I420), np.uint8)
    return split_yuv420(stacked.data, width, height, width)


def _is_box(one: tuple[float, float, float, float]) -> bool:
    x1, y1, x2, y2 = one
    return 0.0 <= x1 < x2 <= 1.0 and 0.0 <= y1 < y2 <= 1.0
