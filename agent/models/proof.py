"""Has a model's file look at its reference picture, on the CPU: whether it sees, and what it gives the people there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent.errors import ModelError
from agent.vision.detector import Detector
from agent.vision.pose import PoseModel
from agent.vision.reference import Reference, score_of
from agent.vision.spec import ModelSpec
from hal.errors import HalError
from hal.tflite import compiled_for_edgetpu, open_accelerator
from models import golden
from models.golden import Golden

OWN_VIEW = "a model for another view needs a reference picture of its own beside its manifest (docs/models.md)"


def blindness(spec: ModelSpec, content: bytes, reference: Reference) -> str:
    """What a model gets wrong, or why it cannot look; "" where it sees, or is for an Edge TPU alone."""
    if compiled_for_edgetpu(content):
        return ""
    try:
        with _opened(spec, content, reference) as model:
            return model.prove()
    except (HalError, ModelError) as error:
        return str(error)


def golden_of(spec: ModelSpec, content: bytes, reference: Reference) -> Golden:
    """What a model gives now, to be compared with later. Raises HalError, or ModelError for one that does not see."""
    outputs = _outputs(content) if spec.input.layout == "nhwc" and spec.input.dtype != "float32" else []
    with _opened(spec, content, reference) as model:
        if wrong := model.prove():
            raise ModelError(f"model {spec.name} does not see: {wrong}", hint=OWN_VIEW)
        if isinstance(model, PoseModel):
            pose = model.pose_of_largest(reference)
            joints = [(round(x, 4), round(y, 4), round(score, 3)) for x, y, score in pose.points] if pose else []
            return Golden(spec.name, spec.sha256, outputs, joints=joints)
        found = model.detect(reference.picture)
    scores = [round(score_of(person, found), 3) for person in reference.people]
    return Golden(spec.name, spec.sha256, outputs, scores)


def _outputs(content: bytes) -> list[str]:
    accelerator = open_accelerator(content, device="cpu", reference_kernels=True)
    try:
        return golden.outputs(accelerator)
    finally:
        accelerator.close()


@contextmanager
def _opened(spec: ModelSpec, content: bytes, reference: Reference) -> Iterator[Detector | PoseModel]:
    accelerator = open_accelerator(content, device="cpu")
    try:
        yield (PoseModel if spec.task == "pose" else Detector)(accelerator, spec, reference=reference)
    finally:
        accelerator.close()
