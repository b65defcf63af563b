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

    def first_level(self) -> AnchorTable:
        """The anchors of the finest level alone."""
        finest = self.steps == self.steps[0]
        self.centres, self.sizes, self.steps = self.centres[finest], self.sizes[finest], self.steps[finest]
        return self

    def decode(self, raw: Tensor) -> Tensor:
        """Raw boxes (batch, n, 4) to x1, y1, x2, y2 in pixels."""
        centre = raw[..., :2] / SCALE[0] * self.sizes + self.centres
        half = torch.exp((raw[..., 2:] / SCALE[2]).clamp(max=2.5)) * self.sizes / 2
        return torch.cat([(centre - half).flip(-1), (centre + half).flip(-1)], -1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What every anchor of a batch should say: person's box (batch, n, 4), score (batch, n), counted (batch, n)."""

    boxes: Tensor
    scores: Tensor
    counted: Tensor


def detection_loss(raw: Tensor, logits: Tensor, table: AnchorTable, answer: Answer, box_share: float = 2.5) -> Tensor:
    """Loss of a batch: raw (batch, n, 4), logits (batch, n)."""
    boxes = table.decode(raw)
    scores = functional.binary_cross_entropy_with_logits(logits, answer.scores, reduction="none")
    total = answer.scores.sum().clamp(min=1.0)
    positive = answer.scores > 0
    misfit = 1 - complete_iou(boxes[positive], answer.boxes[positive])
    return (scores * answer.counted).sum() / total + box_share * (misfit * answer.scores[positive]).sum() / total


def answers(scores: Tensor, boxes: Tensor, table: AnchorTable, truth: Truth) -> Answer:
    """Assign picture by picture: padding would cost more than the loop."""
    scores, boxes, rows = scores.detach(), boxes.detach(), []
    for score, box, people, weights in zip(scores, boxes, truth.boxes, truth.weights, strict=True):
        wanted, target = assign(score, box, table, people[weights > 0])
        ignored = _in_ignored(box, people[weights == 0]) & (target == 0)
        rows.append((wanted, target, (~ignored).float()))
    wanted, target, counted = (torch.stack(part) for part in zip(*rows, strict=True))
    return Answer(wanted, target, counted)


def assign(scores: Tensor, boxes: Tensor, table: AnchorTable, people: Tensor, top: int = 9) -> tuple[Tensor, Tensor]:
    """For the anchors of a picture (n,) the person's box (n, 4) and the score to give (n,), 0 for nobody."""
    if not len(people):
        return torch.zeros_like(boxes), torch.zeros_like(scores)
    overlaps = pairwise_iou(people, boxes)
    fit = scores.clamp(min=1e-4) ** 0.5 * overlaps.clamp(min=1e-4) ** 4 * _near(table, people)
    best, rows = fit.topk(top, dim=-1)
    chosen = torch.zeros_like(fit, dtype=torch.bool).scatter_(-1, rows, best > 0)
    owner = torch.where(chosen, overlaps + 1e-6, torch.zeros_like(overlaps)).argmax(0)
    chosen &= torch.zeros_like(chosen).scatter_(0, owner[None], True)
    fit, overlaps = fit * chosen, overlaps * chosen
    scaled = fit / fit.amax(-1, keepdim=True).clamp(min=1e-12) * overlaps.amax(-1, keepdim=True)
    return people[owner], scaled.amax(0)


def _near(table: AnchorTable, people: Tensor) -> Tensor:
    """Anchors (m, n) whose centre lies in a person's box, or within a step of a small one's middle."""
    y, x = table.centres[:, 0], table.centres[:, 1]
    x1, y1, x2, y2 = (people[:, side, None] for side in range(4))
    inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    close = torch.maximum((x - (x1 + x2) / 2).abs(), (y - (y1 + y2) / 2).abs()) <= table.steps
    return inside | close


def _in_ignored(boxes: Tensor, places: Tensor) -> Tensor:
    """Boxes (n,) that lie mostly in an ignored place (m, 4)."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1).clamp(min=1e-6)
    return (_shared(places, boxes) / area > 0.5).any(0)


def pairwise_iou(one: Tensor, many: Tensor) -> Tensor:
    """IoU (m, n) of boxes (m, 4) with (n, 4)."""
    inner = _shared(one, many)
    areas = [(b[:, 2:] - b[:, :2]).clamp(min=0).prod(-1) for b in (one, many)]
    return inner / (areas[0][:, None] + areas[1] - inner).clamp(min=1e-6)


def _shared(one: Tensor, many: Tensor) -> Tensor:
    """The area (m, n) that boxes (m, 4) and (n, 4) share."""
    wide = torch.minimum(one[:, 2:3], many[:, 2]) - torch.maximum(one[:, 0:1], many[:, 0])
    tall = torch.minimum(one[:, 3:4], many[:, 3]) - torch.maximum(one[:, 1:2], many[:, 1])
    return wide.clamp(min=0) * tall.clamp(min=0)


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
