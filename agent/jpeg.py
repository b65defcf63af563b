"""JPEG pictures of frames, and boxes drawn into them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from agent.domain import Box
from hal.ports import U8, Yuv420

MAX_WIDTH = 1280
QUALITY = 80
YELLOW = (210, 16, 146)
"""Luma, U and V of the frame round a person."""


def _table(values: NDArray[np.float64]) -> U8:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


FULL_LUMA = _table((np.arange(256) - 16) * 255 / 219)
FULL_CHROMA = _table((np.arange(256) - 128) * 255 / 224 + 128)
"""From the limited range of BT.601 to the full range of JFIF."""


def encode_jpeg(picture: Yuv420, *, max_width: int = MAX_WIDTH, quality: int = QUALITY) -> bytes:
    """A full-range JFIF picture, 4:2:0, no wider than `max_width`; rows of the planes may be strided."""
    y, u, v = picture.y, picture.u, picture.v
    if picture.width > max_width:
        width, height = max_width, round(picture.height * max_width / picture.width / 2) * 2
        y = _resized(y, width, height)
        u, v = (_resized(plane, (width + 1) // 2, height // 2) for plane in (u, v))
    planes = cv2.LUT(y, FULL_LUMA), cv2.LUT(u, FULL_CHROMA), cv2.LUT(v, FULL_CHROMA)
    return bytes(simplejpeg.encode_jpeg_yuv_planes(*planes, quality))


def with_boxes(picture: Yuv420, boxes: Iterable[Box]) -> Yuv420:
    """A copy of the picture with the outline of every box in it."""
    copy = Yuv420(picture.y.copy(), picture.u.copy(), picture.v.copy())
    thick = max(1, picture.width // 640)
    for box in boxes:
        for plane, value, share in zip((copy.y, copy.u, copy.v), YELLOW, (2, 1, 1), strict=True):
            _outline(plane, box, value, share * thick)
    return copy


def _outline(plane: U8, box: Box, value: int, thick: int) -> None:
    height, width = plane.shape
    left, right = (min(max(round(x * width), 0), width) for x in (box.x1, box.x2))
    top, bottom = (min(max(round(y * height), 0), height) for y in (box.y1, box.y2))
    plane[top : top + thick, left:right] = value
    plane[max(bottom - thick, top) : bottom, left:right] = value
    plane[top:bottom, left : left + thick] = value
    plane[top:bottom, max(right - thick, left) : right] = value


def _resized(plane: U8, width: int, height: int) -> U8:
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
