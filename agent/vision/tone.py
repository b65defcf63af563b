"""Light: a dark picture is brought to a usual brightness before a model looks at it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

DARK = 0.2
"""Pictures with a lower mean (0..1) are lifted to about this one."""
STRONGEST = 0.4
"""The least exponent: a black picture is noise, and stays dark."""


def lift(picture: NDArray[np.uint8]) -> None:
    """Lift a dark picture (height, width, 3) by a power of its values (gamma), in place; leave others alone."""
    mean = sum(cv2.mean(picture)[:3]) / (3 * 255)
    if mean >= DARK:
        return
    exponent = max(STRONGEST, math.log(DARK) / math.log(max(mean, 1e-3)))
    table = (np.arange(256) / 255) ** exponent * 255
    cv2.LUT(picture, table.astype(np.uint8), dst=picture)
