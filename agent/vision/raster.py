"""Polygons as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agent.domain import Point
from hal.ports import U8


def raster(polygons: Sequence[Sequence[Point]], columns: int, rows: int) -> U8:
    """255 in the pixels that the polygons (0..1) touch, else 0: uint8 (rows, columns)."""
    picture = np.zeros((rows, columns), np.uint8)
    for polygon in polygons:
        corners = np.array([[point.x * columns - 0.5, point.y * rows - 0.5] for point in polygon])
        cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], 255)
    return picture
