"""How much of each person the camera sees: sample points against furniture, other people and the picture's edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.simulated.figure import Body
from hal.simulated.render import Figure
from hal.simulated.shop import Layout

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]
BoxXyxy = tuple[float, float, float, float]
_FACE = 5
"""The first five keypoints lie on the face: hidden when the head is turned away."""
_BETWEEN = np.array([0.0, 0.25, 0.5, 0.75])


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of one person: share of the body 0..1, box round the seen part, COCO-17 keypoints."""

    share: float
    box: BoxXyxy | None
    keypoints: tuple[tuple[float, float, int], ...]


def sights(layout: Layout, figures: Sequence[Figure]) -> list[Sight]:
    """What is seen of each figure."""
    walls = Occluders(layout)
    nearer = sorted(figures, key=lambda f: float(f.discs.depths.mean()))
    return [_sight(layout, walls, figure, nearer[: nearer.index(figure)]) for figure in figures]


def _sight(layout: Layout, walls: Occluders, figure: Figure, before: Sequence[Figure]) -> Sight:
    points, radii = _samples(figure.body)
    seen = _seen(layout, walls, points, before)
    weight = radii**1.5
    keypoints = _keypoints(layout, walls, figure, before)
    if not seen.any():
        return Sight(0.0, None, keypoints)
    share = float((weight * seen).sum() / weight.sum())
    return Sight(share, _seen_box(layout, figure, points[seen], radii[seen], bool(seen.all())), keypoints)


def _seen_box(layout: Layout, figure: Figure, points: F64, radii: F64, whole: bool) -> BoxXyxy:
    """The box round the seen samples, cut at the picture's edge."""
    if whole:
        x1, y1, x2, y2 = figure.discs.extent()
    else:
        centres, depths = layout.optics.project(points)
        reach = radii[:, None] / np.maximum(depths, 0.05)[:, None] * layout.optics.focal
        (x1, y1), (x2, y2) = (centres - reach).min(0), (centres + reach).max(0)
    return max(float(x1), 0.0), max(float(y1), 0.0), min(float(x2), 1.0), min(float(y2), 1.0)


def _samples(body: Body) -> tuple[F64, F64]:
    """Points along every part with their radii: (n, 3), (n,)."""
    rows = []
    for part in body.parts:
        balls = body.spheres[part.first : part.last]
        following = np.roll(balls, -1, axis=0)
        rows.append((balls[:, None] + _BETWEEN[None, :, None] * (following - balls)[:, None]).reshape(-1, 4))
    everything = np.concatenate(rows)
    return everything[:, :3], everything[:, 3]


def _seen(layout: Layout, walls: Occluders, points: F64, before: Sequence[Figure]) -> Flags:
    xy, depth = layout.optics.project(points)
    seen: Flags = ((xy >= 0) & (xy <= 1)).all(1) & (depth > 0.05) & ~walls.hide(points)
    for other in before:
        seen &= ~_covered(xy, other)
    return seen


def _covered(xy: F64, other: Figure) -> Flags:
    """Which picture points lie on another figure: inside a capsule between two of a part's discs."""
    x1, y1, x2, y2 = other.discs.extent()
    maybe = (xy[:, 0] > x1) & (xy[:, 0] < x2) & (xy[:, 1] > y1) & (xy[:, 1] < y2)
    if not maybe.any():
        return np.zeros(len(xy), np.bool_)
    points, radii = _disc_samples(other)
    gap = (xy[maybe][:, None, :] - points[None]) / radii[None]
    covered = np.zeros(len(xy), np.bool_)
    covered[maybe] = ((gap**2).sum(2) < 1.0).any(1)
    return covered


def _disc_samples(figure: Figure) -> tuple[F64, F64]:
    rows = []
    for part in figure.body.parts:
        balls = np.concatenate([figure.discs.centres, figure.discs.radii], axis=1)[part.first : part.last]
        following = np.roll(balls, -1, axis=0)
        rows.append((balls[:, None] + _BETWEEN[None, :, None] * (following - balls)[:, None]).reshape(-1, 4))
    everything = np.concatenate(rows)
    return everything[:, :2], everything[:, 2:]


def _keypoints(
    layout: Layout, walls: Occluders, figure: Figure, before: Sequence[Figure]
) -> tuple[tuple[float, float, int], ...]:
    points = figure.body.keypoints
    xy, depth = layout.optics.project(points)
    seen = _seen(layout, walls, points, before)
    towards = np.array(layout.optics.position) - points[0]
    if float(figure.body.face @ towards) < 0:
        seen[:_FACE] = False
    framed = ((xy >= 0) & (xy <= 1)).all(1) & (depth > 0.05)
    states = np.where(seen, 2, np.where(framed, 1, 0))
    return tuple((float(x), float(y), int(v)) for (x, y), v in zip(xy, states, strict=True))


class Occluders:
    """All furniture and walls as boxes, tested against lines of sight."""

    def __init__(self, layout: Layout) -> None:
        boxes = [((b.rect[0], b.rect[1], b.z[0]), (b.rect[2], b.rect[3], b.z[1])) for b in layout.solids]
        self._low, self._high = np.array(boxes, np.float64).reshape(-1, 2, 3).transpose(1, 0, 2)
        self._eye = np.array(layout.optics.position)

    def hide(self, points: F64) -> Flags:
        """Which points (n, 3) have a box between them and the camera (slab test of Kay and Kajiya, 1986)."""
        ray = points[:, None, :] - self._eye
        ray = np.where(np.abs(ray) < 1e-9, 1e-9, ray)
        a, b = (self._low - self._eye) / ray, (self._high - self._eye) / ray
        enter, leave = np.minimum(a, b).max(2), np.maximum(a, b).min(2)
        return np.asarray(((enter < leave) & (leave > 0.0) & (enter < 0.985) & (enter > 0.0)).any(1))
