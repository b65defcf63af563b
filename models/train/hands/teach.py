"""Teaches a temporal convolution network, in PyTorch, what hands look like that hide goods."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agent.rules.pose_memory import DELAY_STEPS, STEPS
from agent.rules.pose_net import KERNEL, LAYERS
from agent.rules.pose_numbers import COLUMN, F32, NUMBERS, mirrored

from .days import HIDES, UNCLEAR, Days, idle_weights

CHANNELS = 48
STRETCH = 128
"""Steps in a row that are judged in one go."""
BATCH = 96
RATE, DECAY, AVERAGE = 3e-3, 1e-3, 0.999
WARM_STEPS = 200
RARE = -4.0
"""Where log-odds begin: few moments are of hiding."""
BEGUN_SHARE = 0.3
"""So many stretches begin where somebody has just come into view."""
KNOWN_SHARE = 0.6
"""In so many the shelves are known: files of poses have none."""
_SHELF = slice(COLUMN["other_in_shelf"], COLUMN["shelf_known"] + 1)


class HandNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch is not installed where this is checked
    """The network of agent/rules/pose_net.py, for long stretches: (batch, k, steps) to (batch, steps - STEPS + 1)."""

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.first = nn.Conv1d(len(NUMBERS), channels, 1)
        self.middle = nn.ModuleList([nn.Conv1d(channels, channels, KERNEL, dilation=2**n) for n in range(LAYERS)])
        self.last = nn.Conv1d(channels, 1, 1)
        nn.init.constant_(self.last.bias, RARE)

    def forward(self, steps: Tensor) -> Tensor:
        """Log-odds of the moment DELAY_STEPS before each step."""
        hidden = functional.relu(self.first(steps))
        for number, layer in enumerate(self.middle):
            hidden = hidden[:, :, (KERNEL - 1) * 2**number :] + functional.relu(layer(hidden))
        return self.last(hidden)[:, 0]


class Stretches:
    """Draws stretches of courses, of either hand, from anywhere."""

    def __init__(self, days: Days, rng: np.random.Generator) -> None:
        self._days, self._rng = days, rng
        self._first = np.cumsum(days.lengths) - days.lengths
        self._idle = idle_weights(days)

    def rounds(self) -> NDArray[np.int64]:
        """The courses of one round, in any order, long ones more than once: (batches, BATCH)."""
        courses = np.repeat(np.arange(len(self._first)), np.maximum(1, self._days.lengths // STRETCH))
        self._rng.shuffle(courses)
        return courses[: len(courses) // BATCH * BATCH].reshape(-1, BATCH)

    def draw(self, courses: NDArray[np.int64]) -> tuple[F32, F32, F32]:
        """Steps (BATCH, STRETCH + STEPS - 1, k), labels and weights (BATCH, STRETCH) of one stretch of each course."""
        rng, count = self._rng, len(courses)
        length, first = self._days.lengths[courses][:, None], self._first[courses][:, None]
        start = np.floor(rng.random((count, 1)) * np.maximum(length - STRETCH + 1, 1)).astype(np.int64)
        late = np.maximum(start - rng.integers(0, STEPS, (count, 1)), 0)
        begun = np.where(rng.random((count, 1)) < BEGUN_SHARE, late, 0)
        seen = np.clip(start + np.arange(1 - STEPS, STRETCH), begun, length - 1)
        left = rng.random(count) < 0.5
        steps = self._seen(first + seen, left)
        end = start + np.arange(STRETCH)
        moment = end - DELAY_STEPS
        rows = first + np.clip(moment, 0, length - 1)
        labels = self._days.labels[rows, np.where(left, 0, 1)[:, None]]
        counts = (end < length) & (moment >= begun) & (labels != UNCLEAR)
        weights = np.where(labels == HIDES, 1.0, self._idle[rows]) * counts
        return steps, (labels == HIDES).astype(np.float32), weights.astype(np.float32)

    def _seen(self, rows: NDArray[np.int64], left: NDArray[np.bool_]) -> F32:
        steps = self._days.rows[rows].astype(np.float32)
        steps[left] = mirrored(steps[left])
        steps[self._rng.random(len(left)) >= KNOWN_SHARE, :, _SHELF] = 0.0
        return steps


def taught(days: Days, minutes: float, kept: Path, threads: int = 1) -> HandNet:
    """The running mean of a network that learns for so long; `kept` has it as far as it has come."""
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    net, mean = HandNet(), HandNet()
    if kept.exists():
        net.load_state_dict(torch.load(kept))
    mean.load_state_dict(net.state_dict())
    best = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    stretches = Stretches(days, np.random.default_rng(1))
    start_s, step, share = time.monotonic(), 0, 0.0
    while share < 1.0:
        for courses in stretches.rounds():
            share = min((time.monotonic() - start_s) / (60.0 * minutes), 1.0)
            for group in best.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / WARM_STEPS) * (0.51 + 0.5 * math.cos(math.pi * share))
            loss = _improve(net, best, *stretches.draw(courses))
            _follow(mean, net, min(AVERAGE, (step + 1) / (step + 10)))
            step += 1
            if step % 200 == 0:
                torch.save(mean.state_dict(), kept)
                print(f"{share:.0%} step {step} loss {loss:.4f}", flush=True)
            if share >= 1.0:
                break
    return mean


def _improve(net: HandNet, best: torch.optim.Optimizer, steps: F32, labels: F32, weights: F32) -> float:
    odds = net(torch.from_numpy(steps).transpose(1, 2))
    weight = torch.from_numpy(weights)
    losses = functional.binary_cross_entropy_with_logits(odds, torch.from_numpy(labels), weight, reduction="sum")
    loss = losses / weight.sum()
    best.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    best.step()
    return float(loss.item())


def _follow(mean: HandNet, net: HandNet, keep: float) -> None:
    with torch.no_grad():
        for kept, new in zip(mean.parameters(), net.parameters(), strict=True):
            kept.lerp_(new, 1.0 - keep)
