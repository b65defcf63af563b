"""Every shipped person model repeats its golden: exactly on reference kernels, closely on fast ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.train.goldens import TOLERANCE_STEPS, golden_path, outputs
from models.train.runners import open_interpreter

FILES = [Path("models") / f"{name}.tflite" for name in ("person-m", "person-s")]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = Path(__file__).parents[2] / request.param
    return path


@pytest.fixture
def golden(file: Path) -> dict[str, NDArray[Any]]:
    with np.load(golden_path(file)) as stored:
        return dict(stored)


def test_reference_kernels_of_litert_repeat_it_exactly(file: Path, golden: dict[str, NDArray[Any]]) -> None:
    found = outputs(open_interpreter(file, reference=True), golden.pop("image"))
    assert found.keys() == golden.keys()
    for name, values in golden.items():
        np.testing.assert_array_equal(found[name], values, name)


def test_reference_kernels_of_tflite_runtime_repeat_it_exactly(file: Path, golden: dict[str, NDArray[Any]]) -> None:
    runtime = pytest.importorskip("tflite_runtime.interpreter", reason="tflite-runtime is an extra (Python 3.11)")
    kind = runtime.OpResolverType.BUILTIN_REF
    interpreter = runtime.Interpreter(str(file), experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    found = outputs(interpreter, golden.pop("image"))
    for name, values in golden.items():
        np.testing.assert_array_equal(found[name], values, name)


def test_fast_kernels_stay_close(file: Path, golden: dict[str, NDArray[Any]]) -> None:
    found = outputs(open_interpreter(file), golden.pop("image"))
    for name, values in golden.items():
        apart = np.abs(found[name].astype(np.int32) - values)
        assert apart.max() <= TOLERANCE_STEPS, name
