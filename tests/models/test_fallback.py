"""A model for an Edge TPU that is not there is replaced by the configured one on the CPU, and that is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent.build import Detectors
from agent.errors import ModelError
from agent.models import Catalogue
from agent.tables.camera import ModelConfig
from hal.errors import ModelUnreadable
from hal.system import SystemClock
from tests.contract.tiny_model import add_model, edgetpu_model


def catalogue(folder: Path, content: bytes) -> Catalogue:
    """Our small model, and another one of that content called coral."""
    ours = Catalogue.load()
    spec = ours.spec("person-s")
    (folder / Path(spec.file).name).write_bytes(ours.read(spec))
    (folder / "coral.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    coral = replace(spec, name="coral", file="coral.tflite", sha256=digest, size_bytes=len(content))
    return Catalogue((replace(spec, file=Path(spec.file).name), coral), folder, (folder,))


def detectors(folder: Path, content: bytes, fallback: str = "person-s") -> Detectors:
    config = ModelConfig(name="coral", fallback=fallback)
    return Detectors(config, SystemClock(), catalogue(folder, content))


def test_without_an_edge_tpu_the_fallback_runs_and_says_why(tmp_path: Path) -> None:
    detector = detectors(tmp_path, edgetpu_model()).open()
    assert (detector.spec.name, detector.accelerator_info.device) == ("person-s", "cpu")
    assert "no Edge TPU is plugged in" in detector.accelerator_info.degraded


def test_when_the_edge_tpu_is_lost_the_same_model_takes_over(tmp_path: Path) -> None:
    detector = detectors(tmp_path, edgetpu_model()).open_fallback("it stopped answering")
    assert (detector.spec.name, detector.accelerator_info.degraded) == ("person-s", "it stopped answering")


def test_a_model_that_no_device_can_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable):
        detectors(tmp_path, add_model()[:200]).open()


def test_a_fallback_that_is_unknown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nobody"):
        detectors(tmp_path, edgetpu_model(), "nobody").open()
