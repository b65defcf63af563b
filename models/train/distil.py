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

    def __init__(self, student: Graph, model: str, weights: str, start: str) -> None:
        self.net = GraphNet(members.graph(model).resized(student.size)).eval().requires_grad_(False)
        with np.load(weights) as file:
            self.net.load_weights(dict(file))
        self.net.to(memory_format=torch.channels_last)
        names = {node.name for node in student.nodes}
        self.pairs: list[tuple[str, str, Tensor]] = []
        with np.load(start) as file:
            for name in SEEN:
                if name in names:
                    keep = torch.from_numpy(file[f"{name}/keep"].astype(np.int64))
                    self.pairs.append((name, twin(name, student), keep))

    def loss(self, images: Tensor, maps: dict[str, Tensor], raw: Tensor, logits: Tensor) -> Tensor:
        """How far the student's answers and inner maps are from the teacher's."""
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            theirs = self.net.maps(images)
            their_raw, their_logits = self.net.heads(theirs)
        return answers_apart(raw, logits, their_raw.float(), their_logits.float()) + self._maps_apart(maps, theirs)

    def _maps_apart(self, maps: dict[str, Tensor], theirs: dict[str, Tensor]) -> Tensor:
        total = torch.zeros(())
        for mine, other, keep in self.pairs:
            wanted = theirs[other][:, keep].float()
            total = total + functional.mse_loss(maps[mine].float(), wanted) / wanted.pow(2).mean()
        return total


def answers_apart(raw: Tensor, logits: Tensor, their_raw: Tensor, their_logits: Tensor) -> Tensor:
    """Cross entropy of scores where they differ, and distance of raw boxes where the teacher sees somebody."""
    wanted = their_logits.sigmoid()
    total = wanted.sum().clamp(min=1.0)
    with torch.no_grad():
        differs = (wanted - logits.sigmoid()).abs()
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    boxes = functional.smooth_l1_loss(raw, their_raw, reduction="none").mean(-1)
    return (entropy * differs * 2).sum() / total + (boxes * wanted).sum() / total
