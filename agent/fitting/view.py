"""How much of the world the lens takes in from side to side, and who says so; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan, degrees
from typing import Literal

from agent.config import Config
from agent.rules.ground import FOCAL


@dataclass(frozen=True, slots=True)
class View:
    """So many degrees of the picture as used, said by the configuration's `mount`, by the camera that knows its own
    `lens`, or `assumed` as the rules assume it.
    """

    deg: float
    said_by: Literal["mount", "lens", "assumed"]


def view_of(config: Config, lens_deg: float | None, aspect: float) -> View:
    """What holds for pictures of an aspect (width / height): what somebody has configured comes first."""
    if config.mount.view_deg is not None:
        return View(config.mount.view_deg, "mount")
    if lens_deg is not None:
        return View(lens_deg, "lens")
    return View(round(degrees(2 * atan(aspect / 2 / FOCAL)), 2), "assumed")


def with_lens(config: Config, lens_deg: float | None) -> Config:
    """The configuration in which a mount that does not say how wide the lens sees goes by the camera's own."""
    if lens_deg is None or config.mount.view_deg is not None:
        return config
    return replace(config, mount=replace(config.mount, view_deg=lens_deg))
