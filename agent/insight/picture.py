"""The heat map as a picture: warmth where people stand, over a plan of zones and lines; no camera picture is used."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.config import Config
from agent.domain import Point
from agent.insight.heat import Grid

WIDTH = 960
PAPER, INK, FAINT = (250, 250, 250), (90, 90, 90), (190, 190, 190)
FOOT_PX = 34
Image = NDArray[np.uint8]


def heat_png(seconds: Grid, config: Config, about: str) -> bytes:
    """A PNG of the grid over the plan, WIDTH wide, with a line of text below; the warmest cell is the darkest red."""
    height = round(WIDTH * config.camera.height / config.camera.width)
    paper = np.full((height + FOOT_PX, WIDTH, 3), PAPER, np.uint8)
    plan = paper[:height]
    _warm(plan, seconds)
    for zone in config.zones:
        _outline(plan, zone.polygon, zone.name)
    for line in config.lines:
        cv2.polylines(plan, [_pixels(line.points, plan)], False, INK, 2, cv2.LINE_AA)
    cv2.putText(paper, about, (12, height + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    done, encoded = cv2.imencode(".png", paper)
    assert done, "a small picture in memory can always be written"
    return encoded.tobytes()


def _warm(plan: Image, seconds: Grid) -> None:
    """Blend warmth into the plan; the root keeps one place where somebody always stands from hiding all others."""
    most = float(seconds.max())
    if most <= 0:
        return
    scaled = np.sqrt(seconds / most).astype(np.float32)
    height, width = plan.shape[:2]
    smooth = np.clip(cv2.resize(scaled, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    colours = cv2.applyColorMap((smooth * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    strength = np.clip(smooth * 1.6, 0, 0.85)[:, :, None]
    plan[:] = np.rint(plan * (1 - strength) + colours * strength).astype(np.uint8)


def _outline(plan: Image, polygon: Sequence[Point], name: str) -> None:
    corners = _pixels(polygon, plan)
    cv2.polylines(plan, [corners], True, FAINT, 1, cv2.LINE_AA)
    x, y = corners.min(axis=0)
    cv2.putText(plan, name, (int(x) + 6, int(y) + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)


def _pixels(points: Sequence[Point], plan: Image) -> NDArray[np.int32]:
    height, width = plan.shape[:2]
    return np.array([(round(p.x * (width - 1)), round(p.y * (height - 1))) for p in points], np.int32)
