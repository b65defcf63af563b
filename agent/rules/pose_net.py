"""A small temporal convolution network in numpy: from the last seconds of a hand to one number. Pure.

Five layers look at three steps each, every layer twice as far apart as the one before (van den Oord and others, 2016;
Bai, Kolter and Koltun, 2018), with what came in added to what comes out. For the newest moment alone that is a stack of
convolutions of stride 2: only what is needed is computed.
"""

from __future__ import annotations

from base64 import b85decode
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agent.rules.pose_memory import STEPS
from agent.rules.pose_numbers import F32

LAYERS = 5
KERNEL = 3
ONE_THREAD = 2**18
"""So many multiplications are still done by one thread (OpenBLAS); on a busy machine more wait long for one another."""
assert STEPS == 2 ** (LAYERS + 1) - 1


class Layer(NamedTuple):
    """`weights` (inputs, outputs) and `bias` (outputs,)."""

    weights: F32
    bias: F32


class Net(NamedTuple):
    """The first layer takes the numbers of one step, the middle ones three steps each, the last gives log-odds."""

    first: Layer
    middle: tuple[Layer, ...]
    last: Layer


def logits(net: Net, windows: F32) -> F32:
    """Log-odds (n,) for windows (n, STEPS, k), oldest step first."""
    hidden = np.maximum(_product(windows, net.first.weights) + net.first.bias, 0.0)
    for layer in net.middle:
        newest = hidden[:, 2::2]
        steps = np.concatenate([hidden[:, :-2:2], hidden[:, 1:-1:2], newest], axis=2)
        hidden = newest + np.maximum(_product(steps, layer.weights) + layer.bias, 0.0)
    return np.asarray((hidden[:, 0] @ net.last.weights + net.last.bias)[:, 0])


def _product(rows: F32, weights: F32) -> F32:
    """`rows` (n, m, inputs) times `weights` (inputs, outputs), in pieces that are not shared among threads."""
    together = max(ONE_THREAD // weights.size, 1)
    return np.concatenate([rows[:, k : k + together] @ weights for k in range(0, rows.shape[1], together)], axis=1)


def read_net(shapes: Sequence[tuple[int, int]], scales: str, weights: str) -> Net:
    """A network from base 85: float32 scales and biases, a pair an output, and int8 weights, layer by layer."""
    fine, coarse = read_numbers(scales), np.frombuffer(_content(weights), np.int8).astype(np.float32)
    layers = []
    for rows, columns in shapes:
        scale, bias, fine = fine[:columns], fine[columns : 2 * columns], fine[2 * columns :]
        layers.append(Layer(coarse[: rows * columns].reshape(rows, columns) * scale, bias.copy()))
        coarse = coarse[rows * columns :]
    return Net(layers[0], tuple(layers[1:-1]), layers[-1])


def read_numbers(text: str) -> F32:
    """The float32 numbers in a text of base 85."""
    return np.frombuffer(_content(text), "<f4").astype(np.float32)


def _content(text: str) -> bytes:
    return b85decode("".join(text.split()))
