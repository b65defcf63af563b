"""Teach a slim network what a wide one of the same anchors says and sees."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import members
from .graph import Graph
from .net import GraphNet
from .prune import twin

SEEN = ("pw5", "pw8", "pw11", "pw13")


class Teacher:
    """A trained wide network, run at the student's input size."""

    def __init__(self, student: Graph, model: str, weights: str, start: str, seen_share: float = 1.0) -> None:
        self.seen_share = seen_share
        self.net = GraphNet(members.graph(model).resized(student.size)).eval().requires_grad_(False)
        with np.load(weights) as file:
            self.net.load_weights(dict(file))
        self.net.to(memory_format=torch.channels_last)
        names = {node.name for node in student.nodes}
        self.pairs: list[tuple[str, str, Tensor]] = []
        with np.load(start) as file:
            for name in SEEN:
                if name in names:
                    whole = np.arange(student.node(name).out)
                    keep = file.get(f"{name}/keep", whole)
                    self.pairs.append((name, twin(name, student), torch.from_numpy(keep.astype(np.int64))))

    def loss(self, images: Tensor, maps: dict[str, Tensor], raw: Tensor, logits: Tensor, labelled: Tensor) -> Tensor:
        """How far the student's answers and inner maps are from what the teacher makes of `images`.

        `labelled` (batch, n) are the scores that the labels ask for: where they ask for more, they are right.
        """
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            theirs = self.net.maps(images)
            their_raw, their_logits = self.net.heads(theirs)
        wanted = torch.maximum(their_logits.float().sigmoid(), labelled)
        said = answers_apart(raw, logits, their_raw.float(), wanted)
        return said + self.seen_share * self._maps_apart(maps, theirs)

    def _maps_apart(self, maps: dict[str, Tensor], theirs: dict[str, Tensor]) -> Tensor:
        total = torch.zeros(())
        for mine, other, keep in self.pairs:
            wanted = theirs[other][:, keep].float()
            total = total + functional.mse_loss(maps[mine].float(), wanted) / wanted.pow(2).mean()
        return total


def answers_apart(raw: Tensor, logits: Tensor, their_raw: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy of scores where they differ, and distance of raw boxes where the teacher sees somebody."""
    total = wanted.sum().clamp(min=1.0)
    with torch.no_grad():
        differs = (wanted - logits.sigmoid()).abs()
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    boxes = functional.smooth_l1_loss(raw, their_raw, reduction="none").mean(-1)
    return (entropy * differs * 2).sum() / total + (boxes * wanted).sum() / total
