"""How the camera hangs and what its lens takes in: with it the rules know the floor from the first picture on."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


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
