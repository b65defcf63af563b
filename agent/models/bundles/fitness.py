"""Whether a delivered model does here what it did where it was made: it loads, repeats its goldens, and is in time.

It runs beside the camera's own model; the fastest of several runs counts, because both share the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from agent.errors import OperatorError
from agent.models.bundles.manifest import GOLDEN
from agent.models.bundles.parcel import Parcel
from agent.update.engine import Progress
from agent.vision.detector import Detector
from agent.vision.pose import PoseModel
from agent.vision.spec import ModelSpec
from hal.errors import HalError
from hal.ports import Accelerator
from hal.tflite import compiled_for_edgetpu, open_accelerator
from models import golden

BUDGET_MS = 400.0
"""While a person is known the model runs every 0.5 s, and the rest of the walk needs its time, too."""
RUNS = 10


class Unfit(OperatorError):
    """The model is genuine, and not for this camera."""


class Runtime(NamedTuple):
    """How the camera runs its models."""

    library: str
    threads: int


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`golden.json`: the SHA-256 of each output for the known picture, under the reference kernels."""

    model: str
    sha256: str
    outputs: Sequence[str]


def judge(
    parcel: Parcel, before: bytes | None, runtime: Runtime, monotonic: Callable[[], float], progress: Progress
) -> dict[str, Any]:
    """Load and run the model; `before` is the file of the one in whose place it comes.

    Returns what was measured. Raises Unfit. A model compiled for an Edge TPU, which the camera's own model holds now,
    is left to the trial.
    """
    if compiled_for_edgetpu(parcel.model):
        return {"judged": False}
    progress(30, "repeating its golden outputs")
    repeated = _repeat(parcel)
    progress(50, "timing it")
    took_ms = fastest_ms(_opened(parcel.model, parcel.spec, runtime), monotonic)
    limit_ms = BUDGET_MS
    if before is not None and not compiled_for_edgetpu(before):
        limit_ms = min(BUDGET_MS, parcel.bundle.slower * fastest_ms(_plain(before, runtime), monotonic))
    if took_ms > limit_ms:
        raise Unfit(f"{parcel.spec.name} takes {took_ms:.1f} ms here, {limit_ms:.1f} ms are its budget")
    return {"judged": True, "golden": repeated, "took_ms": round(took_ms, 2), "limit_ms": round(limit_ms, 2)}


def fastest_ms(accelerator: Accelerator, monotonic: Callable[[], float]) -> float:
    """The shortest of several runs of a model, which then is closed."""
    took_s = []
    for _ in range(RUNS):
        start_s = monotonic()
        accelerator.invoke()
        took_s.append(monotonic() - start_s)
    accelerator.close()
    return 1e3 * min(took_s)


def _repeat(parcel: Parcel) -> bool:
    """Whether it has golden outputs, and repeats them. Raises Unfit where it has, and does not."""
    if GOLDEN not in parcel.contents:
        return False
    try:
        known = msgspec.json.decode(parcel.contents[GOLDEN], type=Golden)
    except msgspec.DecodeError as error:
        raise Unfit(f"{GOLDEN} cannot be read: {error}") from None
    accelerator = _plain(parcel.model, Runtime("auto", 1), reference=True)
    found = golden.outputs(accelerator)
    accelerator.close()
    if found != list(known.outputs):
        raise Unfit(f"{parcel.spec.name} gives other outputs here than where it was made")
    return True


def _opened(content: bytes, spec: ModelSpec, runtime: Runtime) -> Accelerator:
    """The model, once its inputs and outputs are what its entry says. Raises Unfit."""
    accelerator = _plain(content, runtime)
    try:
        (Detector if spec.task == "person" else PoseModel)(accelerator, spec)
    except OperatorError as error:
        raise Unfit(str(error), hint=error.hint) from None
    return accelerator


def _plain(content: bytes, runtime: Runtime, *, reference: bool = False) -> Accelerator:
    """Raises Unfit for a model that cannot be loaded."""
    try:
        return open_accelerator(
            content,
            runtime=runtime.library,  # type: ignore[arg-type]  # a choice of ModelConfig
            device="cpu",
            threads=runtime.threads,
            reference_kernels=reference,
        )
    except HalError as error:
        raise Unfit(f"the model cannot be loaded: {error}") from None
