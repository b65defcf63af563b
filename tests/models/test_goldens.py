"""The shipped person models repeat their goldens: to the bit on reference kernels, closely on fast ones."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from hal.errors import HalError
from hal.ports import Accelerator
from hal.tflite import RuntimeName, open_accelerator
from models import DIRECTORY, golden

FAMILY = ("person-m", "person-s")
#: Fast kernels round differently: by at most this many steps of an output's quantisation, and hardly ever by that.
MOST_STEPS, MEAN_STEPS = 6, 0.6


def _open(name: str, runtime: RuntimeName, *, reference: bool) -> Accelerator:
    model = DIRECTORY / f"{name}.tflite"
    try:
        return open_accelerator(model, runtime=runtime, device="cpu", reference_kernels=reference)
    except HalError as error:
        pytest.skip(f"{runtime}: {error}")


def _outputs(accelerator: Accelerator) -> list[NDArray[np.int32]]:
    golden.outputs(accelerator)
    numbers = range(len(accelerator.outputs))
    return [np.asarray(accelerator.output(number), np.int32) for number in numbers]


@pytest.mark.parametrize("name", FAMILY)
def test_the_golden_is_of_this_file(name: str) -> None:
    content = (DIRECTORY / f"{name}.tflite").read_bytes()
    assert golden.load(golden.GOLDENS / f"{name}.json").sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("runtime", ["litert", "tflite"])
@pytest.mark.parametrize("name", FAMILY)
def test_reference_kernels_of_both_runtimes_give_the_golden_bits(name: str, runtime: RuntimeName) -> None:
    expected = golden.load(golden.GOLDENS / f"{name}.json")
    assert golden.outputs(_open(name, runtime, reference=True)) == expected.outputs


@pytest.mark.parametrize("name", FAMILY)
def test_fast_kernels_stay_close(name: str) -> None:
    exact, fast = (_outputs(_open(name, "litert", reference=reference)) for reference in (True, False))
    for one, other in zip(exact, fast, strict=True):
        apart = np.abs(one - other)
        assert apart.max() <= MOST_STEPS
        assert apart.mean() <= MEAN_STEPS
