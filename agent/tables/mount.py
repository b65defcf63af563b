"""How the camera hangs and what its lens takes in: with it the rules know the floor from the first picture on."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan, degrees, radians, tan

from agent import schema
from agent.schema import setting

LEAST_BELOW_DEG = 10.0
"""A picture whose lower edge looks less far below level shows no floor that is near enough to tell feet apart."""


@dataclass(frozen=True, slots=True)
class MountConfig:
    """What was measured when the camera was fitted; what is left out is learned from how tall people look."""

    height_m: float | None = setting(schema.number(1.5, 20), None, help="metres from the floor up to the lens")
    tilt_deg: float | None = setting(
        schema.number(0, 85), None, help="degrees by which the middle of the picture looks down from level"
    )
    view_deg: float | None = setting(
        schema.number(15, 140), None, help="degrees that the picture takes in from its left edge to its right"
    )

    def lowest_deg(self, aspect: float) -> float | None:
        """How far below level a picture's lower edge looks, whose aspect is width / height; None while that is open."""
        if self.tilt_deg is None or self.view_deg is None:
            return None
        return self.tilt_deg + degrees(atan(tan(radians(self.view_deg) / 2) / aspect))
