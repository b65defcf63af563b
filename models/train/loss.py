"""Which anchors answer for which person, and what a wrong answer costs.

Task-aligned assignment (Feng et al. 2021): the anchors whose score and overlap together fit a person best take it,
and their score is taught to be the overlap they reach. Overlap loss: complete IoU (Zheng et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .decode import SCALE, graph_anchors
from .graph import Graph, shapes


@dataclass(frozen=True, slots=True)
class Truth:
    """People of a batch: boxes (batch, m, 4) pixels, weights (batch, m): 1 find, 0 ignore, -1 no such row."""

    boxes: Tensor
    weights: Tensor


class AnchorTable:
    """A graph's anchors as tensors: centres and sizes (n, 2) as y, x in pixels; step (n,) pixels."""

    def __init__(self, graph: Graph) -> None:
        anchors = graph_anchors(graph)
        self.centres, self.sizes = torch.from_numpy(anchors.centres), torch.from_numpy(anchors.sizes)
        found = shapes(graph)
        steps = []
        for level in graph.levels:
            shape = found[level.scores]
            count = shape.grid[0] * shape.grid[1] * len(level.anchors)
            steps.append(torch.full((count,), float(shape.step[0])))
        self.steps = torch.cat(steps)

    def decode(self, raw: Tensor) -> Tensor:
        """Raw boxes (batch, n, 4) to x1, y1, x2, y2 in pixels."""
        centre = raw[..., :2] / SCALE[0] * self.sizes + self.centres
        half = torch.exp((raw[..., 2:] / SCALE[2]).clamp(max=2.5)) * self.sizes / 2
        return torch.cat([(centre - half).flip(-1), (centre + half).flip(-1)], -1)


def detection_loss(raw: Tensor, logits: Tensor, table: AnchorTable, truth: Truth, box_share: float = 2.5) -> Tensor:
    """Loss of a batch: raw (batch, n, 4), logits (batch, n)."""
    boxes = table.decode(raw)
    with torch.no_grad():
        owner, target = assign(logits.sigmoid(), boxes, table, truth)
        ignored = _in_ignored(boxes, truth) & (target == 0)
    scores = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    total = target.sum().clamp(min=1.0)
    score_loss = (scores * ~ignored).sum() / total
    positive = target > 0
    wanted = torch.gather(truth.boxes, 1, owner[..., None].expand(-1, -1, 4))
    misfit = 1 - complete_iou(boxes[positive], wanted[positive])
    return score_loss + box_share * (misfit * target[positive]).sum() / total


def assign(scores: Tensor, boxes: Tensor, table: AnchorTable, truth: Truth, top: int = 9) -> tuple[Tensor, Tensor]:
    """For every anchor the row of its person (batch, n) and the score it should give (batch, n), 0 for none."""
    overlaps = pairwise_iou(truth.boxes, boxes)
    allowed = _near(table, truth) & (truth.weights > 0)[..., None]
    fit = scores[:, None].clamp(min=1e-4) ** 0.5 * overlaps.clamp(min=1e-4) ** 4 * allowed
    best, rows = fit.topk(top, dim=-1)
    chosen = torch.zeros_like(fit, dtype=torch.bool).scatter_(-1, rows, best > 0)
    claimed = torch.where(chosen, overlaps + 1e-6, torch.zeros_like(overlaps))
    owner = claimed.argmax(1)
    chosen &= torch.zeros_like(chosen).scatter_(1, owner[:, None], True)
    fit, overlaps = fit * chosen, overlaps * chosen
    scaled = fit / fit.amax(-1, keepdim=True).clamp(min=1e-12) * overlaps.amax(-1, keepdim=True)
    return owner, scaled.amax(1)


def _near(table: AnchorTable, truth: Truth) -> Tensor:
    """Anchors (batch, m, n) whose centre lies in a person's box, or within a step of a small one's middle."""
    y, x = table.centres[:, 0], table.centres[:, 1]
    x1, y1, x2, y2 = (truth.boxes[..., side, None] for side in range(4))
    inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    close = torch.maximum((x - (x1 + x2) / 2).abs(), (y - (y1 + y2) / 2).abs()) <= table.steps
    return inside | close


def _in_ignored(boxes: Tensor, truth: Truth) -> Tensor:
    """Boxes (batch, n) that lie mostly in an ignored place."""
    low = torch.maximum(boxes[:, None, :, :2], truth.boxes[:, :, None, :2])
    high = torch.minimum(boxes[:, None, :, 2:], truth.boxes[:, :, None, 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    share = inner / (boxes[..., 2:] - boxes[..., :2]).prod(-1).clamp(min=1e-6)[:, None]
    return ((share > 0.5) & (truth.weights == 0)[..., None]).any(1)


def pairwise_iou(one: Tensor, many: Tensor) -> Tensor:
    """IoU (batch, m, n) of boxes (batch, m, 4) with (batch, n, 4)."""
    low = torch.maximum(one[:, :, None, :2], many[:, None, :, :2])
    high = torch.minimum(one[:, :, None, 2:], many[:, None, :, 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    areas = [(b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1) for b in (one, many)]
    return inner / (areas[0][:, :, None] + areas[1][:, None] - inner).clamp(min=1e-6)


def complete_iou(one: Tensor, other: Tensor) -> Tensor:
    """CIoU of boxes (k, 4) with boxes (k, 4)."""
    size_a = (one[:, 2:] - one[:, :2]).clamp(min=1e-3)
    size_b = (other[:, 2:] - other[:, :2]).clamp(min=1e-3)
    low, high = torch.maximum(one[:, :2], other[:, :2]), torch.minimum(one[:, 2:], other[:, 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    overlap = inner / (size_a.prod(-1) + size_b.prod(-1) - inner).clamp(min=1e-6)
    hull = torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])
    apart = ((one[:, :2] + one[:, 2:] - other[:, :2] - other[:, 2:]) ** 2).sum(-1) / 4
    shape = torch.atan(size_a[:, 0] / size_a[:, 1]) - torch.atan(size_b[:, 0] / size_b[:, 1])
    bend = 4 / torch.pi**2 * shape**2
    with torch.no_grad():
        share = bend / (1 - overlap + bend).clamp(min=1e-6)
    return overlap - apart / (hull**2).sum(-1).clamp(min=1e-6) - share * bend
