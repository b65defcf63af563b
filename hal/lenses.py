"""How wide the lenses of Raspberry Pi's own camera modules see, and how much of that a picture shows; pure.

The angles are those of the maker's documentation ("Camera", hardware specification): from side to side of the whole
sensor. Modules without the infrared filter have the same lenses. The High Quality and Global Shutter cameras take any
lens, so nothing is known of theirs. Other makers sell the same sensors behind other lenses, which cannot be told from
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import atan, degrees, radians, tan
from typing import Any

WHOLE_DEG = {"ov5647": 53.5, "imx219": 62.2, "imx708": 66.0, "imx708_wide": 102.0}
"""By the sensor's name in libcamera: Camera Module 1, 2, 3 and 3 Wide."""
NO_FILTER = "_noir"


def view_deg(properties: Mapping[str, Any], aspect: float) -> float | None:
    """How wide a picture of an aspect (width / height) sees from side to side; None where the lens is not known.

    `properties` are libcamera's of a camera that is configured: the sensor's `Model` and `PixelArraySize` (width,
    height), and `ScalerCropMaximum` (left, top, width, height), which is what of it the sensor's mode reads. Of that a
    picture shows the middle, as large as its aspect allows.
    """
    whole_deg = WHOLE_DEG.get(str(properties.get("Model", "")).removesuffix(NO_FILTER))
    size, crop = properties.get("PixelArraySize"), properties.get("ScalerCropMaximum")
    if whole_deg is None or not size or not crop or not all(crop[2:]):
        return None
    shown = min(crop[2], crop[3] * aspect) / size[0]
    return round(degrees(2 * atan(tan(radians(whole_deg / 2)) * shown)), 2)
