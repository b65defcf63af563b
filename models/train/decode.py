"""Reference decoder of the raw heads (`ssd_raw`) and suppression, in numpy.

The agent has its own, faster one; a test holds the two together. Box code of Faster R-CNN (Ren et al. 2015) with
scales 10, 10, 5, 5; suppression by distance-IoU (Zheng et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .graph import Graph, Shape, Size, shapes

Floats = NDArray[np.float32]
SCALE = (10.0, 10.0, 5.0, 5.0)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Anchor centres and sizes in pixels of the input, each (n, 2) as y, x; n counts row, column, anchor."""

    centres: Floats
    sizes: Floats


def level_anchors(shape: Shape, anchors: tuple[tuple[float, float], ...], centre: tuple[float, float]) -> Anchors:
    """Anchors of one level whose cell (0, 0) is centred on `centre` (y, x) px."""
    rows, columns = shape.grid
    y = centre[0] + shape.step[0] * np.arange(rows)
    x = centre[1] + shape.step[1] * np.arange(columns)
    cells = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    sizes = np.asarray(anchors, np.float32)[None]
    centres = np.broadcast_to(cells, (cells.shape[0], sizes.shape[1], 2)).reshape(-1, 2)
    tiled = np.broadcast_to(sizes, (cells.shape[0], sizes.shape[1], 2)).reshape(-1, 2)
    return Anchors(centres.astype(np.float32), tiled.astype(np.float32))


def graph_anchors(graph: Graph) -> Anchors:
    """All anchors of a graph, level after level, centred where its cells look."""
    found = shapes(graph)
    parts = [level_anchors(found[at.boxes], at.anchors, anchor_centre(found[at.boxes])) for at in graph.levels]
    return Anchors(np.concatenate([p.centres for p in parts]), np.concatenate([p.sizes for p in parts]))


#: The SSD's anchors were learned this far up and left of the true receptive centres (measured, px).
CENTRE_SHIFT = -5.5


def anchor_centre(shape: Shape) -> tuple[float, float]:
    """The anchor centre of cell (0, 0), (y, x) px."""
    shift = CENTRE_SHIFT if shape.step[0] > 8 else CENTRE_SHIFT / 2
    return shape.centre[0] + shift, shape.centre[1] + shift


def decode(boxes: Floats, anchors: Anchors, size: Size) -> Floats:
    """Raw boxes (n, 4) ty, tx, th, tw to x1, y1, x2, y2 in 0..1 of the frame."""
    centre = boxes[:, :2] / SCALE[0] * anchors.sizes + anchors.centres
    half = np.exp(np.minimum(boxes[:, 2:] / SCALE[2], 4.0)) * anchors.sizes / 2
    low, high = (centre - half) / size, (centre + half) / size
    return np.concatenate([low[:, ::-1], high[:, ::-1]], axis=1).astype(np.float32)


def iou(one: Floats, many: Floats) -> Floats:
    """IoU of boxes (n, 4) with boxes (m, 4): (n, m)."""
    low = np.maximum(one[:, None, :2], many[None, :, :2])
    high = np.minimum(one[:, None, 2:], many[None, :, 2:])
    inner = np.clip(high - low, 0, None).prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (one, many)]
    return np.asarray(inner / np.maximum(areas[0][:, None] + areas[1][None] - inner, 1e-9), np.float32)


def diou(one: Floats, many: Floats) -> Floats:
    """Distance-IoU of boxes (n, 4) with boxes (m, 4): (n, m)."""
    low = np.minimum(one[:, None, :2], many[None, :, :2])
    high = np.maximum(one[:, None, 2:], many[None, :, 2:])
    diagonal = ((high - low) ** 2).sum(axis=-1)
    apart = ((one[:, None, :2] + one[:, None, 2:] - many[None, :, :2] - many[None, :, 2:]) ** 2).sum(axis=-1) / 4
    return np.asarray(iou(one, many) - apart / np.maximum(diagonal, 1e-9), np.float32)


def suppress(boxes: Floats, scores: Floats, overlap: float = 0.5, most: int = 100) -> NDArray[np.intp]:
    """Indices kept by DIoU suppression, best score first."""
    order = np.argsort(-scores, kind="stable")[:400]
    close = diou(boxes[order], boxes[order]) > overlap
    kept: list[int] = []
    gone = np.zeros(len(order), bool)
    for row in range(len(order)):
        if gone[row]:
            continue
        kept.append(row)
        if len(kept) == most:
            break
        gone |= close[row]
    return order[kept]


def detections(boxes: Floats, scores: Floats, floor: float = 0.02, overlap: float = 0.5) -> tuple[Floats, Floats]:
    """Suppressed boxes and scores of one picture, clipped to the frame, best first."""
    strong = scores >= floor
    boxes, scores = np.clip(boxes[strong], 0, 1), scores[strong]
    kept = suppress(boxes, scores, overlap)
    return boxes[kept], scores[kept]
