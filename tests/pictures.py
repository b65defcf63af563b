"""Pictures of one colour, as planes."""

from __future__ import annotations

import numpy as np

from hal.planes import chroma_size
from hal.ports import Yuv420


def grey_planes(luma: int, size: tuple[int, int]) -> Yuv420:
    """An even picture of `size` (width, height)."""
    width, height = chroma_size(*size)
    chroma = np.full((height, width), 128, np.uint8)
    return Yuv420(np.full((size[1], size[0]), luma, np.uint8), chroma, chroma.copy())
