"""Models whose numbers are wrong and that run like any other: what a hash made afterwards calls sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

Spoil = Callable[[bytes], bytes]
LEAST = 256
"""Smaller buffers hold shapes and biases."""


def zeroed(model: bytes) -> bytes:
    """All weights are 0, as after a conversion that lost them."""

    def spoil(weights: NDArray[np.uint8]) -> None:
        weights[:] = 0

    return _with(model, spoil)


def shuffled(model: bytes) -> bytes:
    """Every tensor has its own weights, in another order."""
    random = np.random.default_rng(1)
    return _with(model, random.shuffle)


def half_written(model: bytes) -> bytes:
    """The second half of every tensor is missing, as where a writer was cut short."""

    def spoil(weights: NDArray[np.uint8]) -> None:
        weights[len(weights) // 2 :] = 0

    return _with(model, spoil)


def signs_lost(model: bytes) -> bytes:
    """Quantised as unsigned, read as signed."""

    def spoil(weights: NDArray[np.uint8]) -> None:
        weights ^= 0x80

    return _with(model, spoil)


SPOILT: tuple[Spoil, ...] = (zeroed, shuffled, half_written, signs_lost)


def _with(model: bytes, spoil: Callable[[NDArray[np.uint8]], None]) -> bytes:
    content = bytearray(model)
    for weights in _weights(content):
        spoil(weights)
    assert bytes(content) != model
    return bytes(content)


def _weights(content: bytearray) -> Iterator[NDArray[np.uint8]]:
    """Views of the large buffers of a model."""
    root = schema.Model.GetRootAs(content, 0)
    for number in range(root.BuffersLength()):
        buffer = root.Buffers(number)
        if buffer.DataLength() >= LEAST:
            yield buffer.DataAsNumpy()
