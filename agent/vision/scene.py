"""One moment of the scene, as the followers of what comes and goes get it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain import Box
from agent.vision.likeness import Texture
from hal.ports import F32, U8


@dataclass(frozen=True, slots=True)
class Scene:
    """The scene as it is `now` and was `then`; masks (255, uint8 (h, w)) of what can be seen and is `known` of old, and
    where of that it shows something `other` than before; for how long each pixel was `learned_s` (s, h x w).
    """

    t_s: float
    now: Texture
    then: Texture
    known: U8
    other: U8
    learned_s: F32


def box_of(roi: tuple[int, int, int, int], shape: tuple[int, ...]) -> Box:
    """Pixels x0, y0, x1, y1 of a picture of this shape (h, w) as a box 0..1."""
    height, width = shape
    return Box(roi[0] / width, roi[1] / height, roi[2] / width, roi[3] / height)
