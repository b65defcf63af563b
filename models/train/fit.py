"""Train a member of the family on the published training split.

    python -m models.train.fit --model person-m --start ssd --minutes 40 --out .cache/train/m

Interrupt it and start it again: it goes on from the last checkpoint in --out. The weights to use are the running
mean (EMA), written to --out as ema.npz.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from . import members
from .augment import Augmenter, Sample, Source, source
from .data import Boxes, data_root, load_rendered, some_scenes, split
from .distil import Teacher
from .graph import Graph
from .loss import AnchorTable, Truth, answers, detection_loss
from .net import GraphNet
from .ssd_weights import Weights, read_ssd


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides the outcome of a training."""

    model: str
    start: str
    steps: int
    batch: int = 24
    rate: float = 3e-4
    fresh_rate: float = 1.5e-3
    decay: float = 1e-4
    average: float = 0.9993
    seed: int = 1
    labels: str = ""
    teacher: str = ""
    teacher_model: str = "person-m"
    own_share: float = 1.0
    seen_share: float = 1.0
    threads: int = 2
    workers: int = 2
    share: float = 1.0
    frozen: str = "conv0 dw1 pw1"
    fine_only: int = 0
    rendered: str = ""
    rendered_share: float = 0.12
    height: int = 0
    width: int = 0

    def graph(self) -> Graph:
        """The member's network, for another input size where the plan names one."""
        graph = members.graph(self.model)
        return graph.resized((self.height, self.width)) if self.height else graph


#: The stride-8 branch: `fine_only` trains nothing else, on people up to that many pixels high. Left to compete with the
#: SSD's heads from the start it hardly gets anybody assigned.
FINE_LAYERS = ("far", "near", "fine_dw", "fine_pw", "h8_boxes", "h8_scores")


class Stream(IterableDataset[Sample]):  # type: ignore[misc, unused-ignore]  # as in net.py
    """An endless stream of samples, different in every worker."""

    def __init__(self, augmenter: Augmenter, seed: int) -> None:
        self.augmenter, self.seed = augmenter, seed

    def __iter__(self) -> Iterator[Sample]:
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            yield self.augmenter.draw(random)


@dataclass(slots=True)
class Batch:
    """Pictures (batch, h, w, 3) uint8, the same before light and signal were changed, and their people."""

    images: Tensor
    clean: Tensor
    truth: Truth


def collate(samples: list[Sample]) -> Batch:
    """Stack samples; missing people are padded with weight -1."""
    images = torch.from_numpy(np.stack([sample.image for sample in samples]))
    clean = torch.from_numpy(np.stack([sample.clean for sample in samples]))
    most = max(1, *(len(sample.boxes) for sample in samples))
    boxes = torch.zeros(len(samples), most, 4)
    weights = torch.full((len(samples), most), -1.0)
    for row, sample in enumerate(samples):
        boxes[row, : len(sample.boxes)] = torch.from_numpy(sample.boxes)
        weights[row, : len(sample.boxes)] = torch.from_numpy(sample.weights)
    return Batch(images, clean, Truth(boxes, weights))


def sources(plan: Plan) -> list[Source]:
    """The training split in memory, with a teacher's additions where a file of them is given."""
    pictures = some_scenes(split("train"), plan.share, plan.seed)
    added = json.loads(Path(plan.labels).read_text()) if plan.labels else {}
    return [source(picture, _extra(added.get(f"{picture.group}/{picture.name}"))) for picture in pictures]


def rendered(plan: Plan) -> list[Source]:
    """Pictures of the simulated shop, if the plan names a folder of them."""
    pictures = load_rendered(Path(plan.rendered)) if plan.rendered else []
    return [source(picture, weights=weights) for picture, weights in pictures]


def _extra(rows: list[list[float]] | None) -> tuple[Boxes, Boxes] | None:
    if not rows:
        return None
    table = np.asarray(rows, np.float32)
    return table[:, :4], table[:, 4]


def start_weights(start: str) -> Weights:
    """`ssd` reads the COCO SSD; anything else is a file of weights."""
    if start == "ssd":
        weights = read_ssd(data_root() / "models" / "coco_ssd_mobilenet_v1_quant.tflite")
        return members.with_coarse_head(weights)
    with np.load(start) as file:
        return dict(file)


class Trainer:
    """Holds what a checkpoint holds: network, running mean, optimiser, step."""

    def __init__(self, plan: Plan, out: Path) -> None:
        self.plan, self.out = plan, out
        self.graph = plan.graph()
        self.net, self.mean = GraphNet(self.graph), GraphNet(self.graph)
        fresh = self.net.load_weights(start_weights(plan.start))
        _calm(self.net, fresh)
        self.mean.load_state_dict(self.net.state_dict())
        print("fresh layers:", ", ".join(fresh) or "none", flush=True)
        self.optimiser = torch.optim.AdamW(self._groups(set(fresh)), weight_decay=plan.decay)
        self.table, self.step = AnchorTable(self.graph), 0
        if plan.fine_only:
            self.table = self.table.first_level()
        self.teacher = _teacher(self.graph, plan)
        self.net.to(memory_format=torch.channels_last)
        self._resume()

    def _groups(self, fresh: set[str]) -> list[dict[str, object]]:
        kinds: dict[float, list[nn.Parameter]] = {self.plan.rate: [], self.plan.fresh_rate: []}
        for name, layer in self.net.layers.items():
            if name in self.plan.frozen.split() or (self.plan.fine_only and name not in FINE_LAYERS):
                layer.requires_grad_(False)
                continue
            rate = self.plan.fresh_rate if name in fresh else self.plan.rate
            kinds[rate] += list(layer.parameters())
        return [{"params": params, "lr": rate, "peak": rate} for rate, params in kinds.items() if params]

    def run(self) -> None:
        """Train to the last step."""
        loader = self._loader()
        began, losses = time.monotonic(), []
        for batch in loader:
            if self.step >= self.plan.steps:
                break
            losses.append(self._advance(batch))
            if self.step % 100 == 0:
                pace = (time.monotonic() - began) / 100
                print(f"{self.step}/{self.plan.steps} loss {np.mean(losses):.3f} {pace:.3f} s/step", flush=True)
                began, losses = time.monotonic(), []
                self.save()
        self.save()

    def _loader(self) -> DataLoader[Sample]:
        real, drawn = sources(self.plan), rendered(self.plan)
        chances = np.full(len(real) + len(drawn), (1 - self.plan.rendered_share) / len(real), np.float32)
        chances[len(real) :] = self.plan.rendered_share / max(len(drawn), 1)
        augmenter = Augmenter(real + drawn, self.graph.size, chances, lifted=self.plan.model in members.LIFTED)
        stream = Stream(augmenter, self.plan.seed + self.step)
        return DataLoader(stream, self.plan.batch, num_workers=self.plan.workers, collate_fn=collate, prefetch_factor=4)

    def _advance(self, batch: Batch) -> float:
        self._set_rates()
        images = _scaled(batch.images)
        with torch.autocast("cpu", torch.bfloat16):
            maps = self.net.maps(images)
            raw, logits = self.net.heads(maps)
        if self.plan.fine_only:
            count = len(self.table.steps)
            raw, logits = raw[:, :count], logits[:, :count]
            batch.truth.weights[_heights(batch.truth) > self.plan.fine_only] = -1
        raw, logits = raw.float(), logits.float()
        answer = answers(logits.sigmoid(), self.table.decode(raw), self.table, batch.truth)
        loss = detection_loss(raw, logits, self.table, answer)
        if self.teacher is not None:
            taught = self.teacher.loss(_scaled(batch.clean), maps, raw, logits, answer.scores)
            loss = self.plan.own_share * loss + taught
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        return float(loss.detach())

    def _set_rates(self) -> None:
        warm = min(1.0, (self.step + 1) / 200)
        cosine = 0.5 * (1 + math.cos(math.pi * self.step / self.plan.steps))
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * warm * (0.02 + 0.98 * cosine)

    def _average(self) -> None:
        share = min(self.plan.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mine, theirs in zip(self.mean.parameters(), self.net.parameters(), strict=True):
                if theirs.requires_grad:
                    mine.lerp_(theirs, 1 - share)

    def save(self) -> None:
        """Write checkpoint and running mean; a rename makes each whole or absent."""
        state = {
            "net": self.net.state_dict(), "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(), "step": self.step,
        }  # fmt: skip
        torch.save(state, self.out / "last.tmp")
        (self.out / "last.tmp").replace(self.out / "last.pt")
        np.savez(self.out / "ema.tmp.npz", **self.mean.weights())  # type: ignore[arg-type]
        (self.out / "ema.tmp.npz").replace(self.out / "ema.npz")

    def _resume(self) -> None:
        last = self.out / "last.pt"
        if last.exists():
            state = torch.load(last)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]
            print("goes on from step", self.step, flush=True)


def _scaled(images: Tensor) -> Tensor:
    """uint8 (batch, h, w, 3) as the network's input, (batch, 3, h, w) in [-1, 1)."""
    return (images.permute(0, 3, 1, 2).float() - 128) / 128


def _heights(truth: Truth) -> Tensor:
    return truth.boxes[..., 3] - truth.boxes[..., 1]


def _teacher(graph: Graph, plan: Plan) -> Teacher | None:
    if not plan.teacher:
        return None
    return Teacher(graph, plan.teacher_model, plan.teacher, plan.start, plan.seen_share)


def _calm(net: GraphNet, fresh: list[str]) -> None:
    """Fresh score layers start out saying no."""
    for name in fresh:
        if name.endswith("_scores"):
            with torch.no_grad():
                net.layers[name].weight.mul_(0.1)
                net.layers[name].bias.fill_(-5.0)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    for name, kind in Plan.__annotations__.items():
        default = Plan.__dataclass_fields__[name].default
        types = {"str": str, "int": int, "float": float}
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=types[kind], default=default, required=default is MISSING
        )
    arguments = vars(parser.parse_args())
    out: Path = arguments.pop("out")
    out.mkdir(parents=True, exist_ok=True)
    plan = Plan(**arguments)
    (out / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    Trainer(plan, out).run()


if __name__ == "__main__":
    main()
