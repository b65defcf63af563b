"""Whether a delivered model does here what it did where it was made: it loads, repeats its goldens, sees, is in time.

It runs beside the camera's own model; the fastest of several runs counts, because both share the processor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

import models
from agent.errors import ModelError, OperatorError
from agent.models.bundles.manifest import GOLDEN
from agent.models.bundles.parcel import Parcel
from agent.models.references import read_reference, reference_of
from agent.update.engine import Progress
from agent.vision.detector import Detector
from agent.vision.pose import PoseModel
from agent.vision.reference import Reference
from hal.errors import HalError
from hal.ports import Accelerator
from hal.tflite import compiled_for_edgetpu, open_accelerator
from models import golden
from models.golden import PEOPLE, PICTURE, Golden

BUDGET_MS = 400.0
"""While a person is known the model runs every 0.5 s, and the rest of the walk needs its time, too."""
RUNS = 10


BLIND = "ask whoever made the bundle; a model for another view brings a reference picture of its own (docs/models.md)"


class Unfit(OperatorError):
    """The model is genuine, and not for this camera."""


class Runtime(NamedTuple):
    """How the camera runs its models."""

    library: str
    threads: int


def judge(
    parcel: Parcel, before: bytes | None, runtime: Runtime, monotonic: Callable[[], float], progress: Progress
) -> dict[str, Any]:
    """Load and run the model; `before` is the file of the one in whose place it comes.

    Returns what was measured. Raises Unfit. A model compiled for an Edge TPU, which the camera's own model holds now,
    is left to the trial.
    """
    if compiled_for_edgetpu(parcel.model):
        return {"judged": False}
    known = _golden(parcel)
    progress(30, "repeating its golden outputs")
    repeated = _repeat(parcel, known)
    progress(40, "looking at its reference picture")
    accelerator = _opened(parcel, runtime, known)
    progress(50, "timing it")
    took_ms = fastest_ms(accelerator, monotonic)
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


def _golden(parcel: Parcel) -> Golden | None:
    """What it gave where it was made. Raises Unfit."""
    if GOLDEN not in parcel.contents:
        return None
    try:
        return golden.parse(parcel.contents[GOLDEN])
    except msgspec.DecodeError as error:
        raise Unfit(f"{GOLDEN} cannot be read: {error}") from None


def _repeat(parcel: Parcel, known: Golden | None) -> bool:
    """Whether it has golden outputs, and repeats them. Raises Unfit where it has, and does not."""
    if known is None or not known.outputs:
        return False
    accelerator = _plain(parcel.model, Runtime("auto", 1), reference=True)
    found = golden.outputs(accelerator)
    accelerator.close()
    if found != list(known.outputs):
        raise Unfit(f"{parcel.spec.name} gives other outputs here than where it was made")
    return True


def _opened(parcel: Parcel, runtime: Runtime, known: Golden | None) -> Accelerator:
    """The model, once its inputs and outputs are what its entry says, and it sees. Raises Unfit."""
    accelerator, spec = _plain(parcel.model, runtime), parcel.spec
    try:
        model = PoseModel if spec.task == "pose" else Detector
        if blind := model(accelerator, spec, reference=_reference(parcel, known)).prove():
            raise Unfit(f"{spec.name} does not see: {blind}", hint=BLIND)
    except ModelError as error:
        raise Unfit(str(error), hint=error.hint) from None
    return accelerator


def _reference(parcel: Parcel, known: Golden | None) -> Reference:
    """The picture that it brings, else the one that came with the software. Raises ModelError."""
    if PICTURE not in parcel.contents:
        return read_reference(models.DIRECTORY)
    return reference_of(parcel.contents[PICTURE], parcel.contents[PEOPLE], known)


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
