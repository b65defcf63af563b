"""Teaches a temporal convolution network, in PyTorch, what hands look like that hide goods."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.rules.pose_net import KERNEL, LAYERS, Layer, Net
from agent.rules.pose_numbers import NUMBERS

from .days import Days
from .stretches import Batch, Stretches

CHANNELS = 96
RATE, DECAY, AVERAGE = 2e-3, 1e-3, 0.999
WARM_STEPS = 200
FALL_SHARE = 0.5
"""Over so much of the time, at its end, the rate falls to nought."""
RARE = -4.0
"""Where log-odds begin: few moments are of hiding."""
TOGETHER = 100
"""After so many steps learners move halfway to one another (Jin and others, 2016: gossip averaging)."""
KEEP = 500


class HandNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch is not installed where this is checked
    """The network of agent/rules/pose_net.py, for long stretches: (batch, steps, k) to (batch, steps - STEPS + 1)."""

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.first = nn.Linear(len(NUMBERS), channels)
        self.middle = nn.ModuleList([nn.Linear(KERNEL * channels, channels) for _ in range(LAYERS)])
        self.last = nn.Linear(channels, 1)
        nn.init.constant_(self.last.bias, RARE)

    def forward(self, steps: Tensor) -> Tensor:
        """Log-odds of the moment DELAY_STEPS before each step."""
        hidden = functional.relu(self.first(steps))
        for number, layer in enumerate(self.middle):
            far = 2**number
            count = hidden.shape[1] - (KERNEL - 1) * far
            parts = [hidden[:, part * far : part * far + count] for part in range(KERNEL)]
            hidden = parts[-1] + functional.relu(layer(torch.cat(parts, 2)))
        return self.last(hidden)[..., 0]

    def net(self) -> Net:
        """It as the agent reads it."""
        first, *middle, last = [
            Layer(layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy())
            for layer in (self.first, *self.middle, self.last)
        ]
        return Net(first, tuple(middle), last)


def widened(start: Net, channels: int = CHANNELS) -> HandNet:
    """A network that says nearly what a narrower one does and can learn more (Chen and others, 2016: Net2Net)."""
    net, narrow = HandNet(channels), len(start.first.bias)
    with torch.no_grad():
        _lay(net.first, start.first, 1)
        for layer, known in zip(net.middle, start.middle, strict=True):
            layer.weight[:narrow] *= 0.1
            _lay(layer, known, KERNEL)
        net.last.weight *= 0.1
        _lay(net.last, start.last, 1)
    return net


def _lay(layer: nn.Linear, known: Layer, parts: int) -> None:
    """Put known weights, of so many steps side by side, in the place of a layer's first inputs and outputs."""
    outputs, inputs = known.weights.shape[1], known.weights.shape[0] // parts
    wide = layer.weight.view(len(layer.weight), parts, -1)
    wide[:outputs, :, :inputs] = torch.from_numpy(known.weights.T.reshape(outputs, parts, inputs).copy())
    layer.bias[:outputs] = torch.from_numpy(known.bias)


@dataclass
class Learner:
    """One network that learns; `kept` is the folder in which it and others, numbered from 0, leave what they know."""

    number: int
    kept: Path
    net: HandNet = field(default_factory=HandNet)
    step: int = 0
    spent_s: float = 0.0

    def __post_init__(self) -> None:
        self.mean = HandNet(len(self.net.first.bias))
        self.mean.load_state_dict(self.net.state_dict())
        self._best = torch.optim.AdamW(self.net.parameters(), lr=RATE, weight_decay=DECAY)
        self._met: dict[Path, float] = {}
        if self._path.exists():
            self._restore(torch.load(self._path))

    def learn(self, days: Days, minutes: float, others: int = 0) -> HandNet:
        """Learn until so long was spent in all, together with so many others; gives the running mean."""
        stretches = Stretches(days, np.random.default_rng((self.number, self.step)))
        start_s = time.monotonic() - self.spent_s
        while True:
            for moments in stretches.rounds():
                self.spent_s = time.monotonic() - start_s
                share = self.spent_s / (60.0 * minutes)
                if share >= 1.0:
                    self._keep()
                    return self.mean
                loss = self._improve(stretches.draw(moments), min(1.0, (1.0 - share) / FALL_SHARE))
                if self.step % TOGETHER == 0:
                    self._meet(others)
                if self.step % KEEP == 0:
                    self._keep()
                    print(f"learner {self.number}: {share:.0%} step {self.step} loss {loss:.5f}", flush=True)

    def _improve(self, batch: Batch, slow: float) -> float:
        self.step += 1
        for group in self._best.param_groups:
            group["lr"] = RATE * slow * min(1.0, self.step / WARM_STEPS)
        with torch.autocast("cpu", torch.bfloat16):
            odds = self.net(torch.from_numpy(batch.steps))
        labels, weights = torch.from_numpy(batch.labels), torch.from_numpy(batch.weights)
        losses = functional.binary_cross_entropy_with_logits(odds.float(), labels, weights, reduction="sum")
        loss = losses / weights.sum()
        self._best.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self._best.step()
        _approach(self.mean, self.net, 1.0 - min(AVERAGE, self.step / (self.step + 9)))
        return float(loss.item())

    def _meet(self, others: int) -> None:
        """Show the others what it has come to, and go halfway to what is new of each."""
        _save(self.net.state_dict(), self.kept / f"shown-{self.number}.pt")
        for number in set(range(others + 1)) - {self.number}:
            path = self.kept / f"shown-{number}.pt"
            if path.exists() and path.stat().st_mtime > self._met.get(path, 0.0):
                self._met[path] = path.stat().st_mtime
                other = HandNet(len(self.net.first.bias))
                other.load_state_dict(torch.load(path))
                _approach(self.net, other, 0.5)

    @property
    def _path(self) -> Path:
        return self.kept / f"learner-{self.number}.pt"

    def _keep(self) -> None:
        parts = {"net": self.net, "mean": self.mean, "best": self._best}
        state = {name: part.state_dict() for name, part in parts.items()}
        _save({**state, "step": self.step, "spent_s": self.spent_s}, self._path)

    def _restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self._best.load_state_dict(state["best"])
        self.step, self.spent_s = state["step"], state["spent_s"]


def _approach(net: HandNet, other: HandNet, share: float) -> None:
    with torch.no_grad():
        for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
            mine.lerp_(theirs, share)


def _save(state: dict[str, Any], path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
