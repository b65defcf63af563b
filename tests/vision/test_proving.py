"""A walk whose accelerator starts to answer with garbage notices it, goes on with the CPU, and takes it up again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.build import Detectors, make_parts
from agent.config import parse_config
from agent.domain import Event
from agent.models import Catalogue
from agent.tables.camera import ModelConfig
from agent.vision.pipeline import PROVEN_EVERY_S, Outcome, Pipeline
from hal.ports import Frame, Yuv420
from hal.simulated.accelerator import Fault, heal, strike
from hal.simulated.clock import ManualClock
from tests.models.spoilt import zeroed
from tests.models.test_reference import spoilt_catalogue

EMPTY = Yuv420(*(np.full(shape, 90, np.uint8) for shape in ((90, 160), (45, 80), (45, 80))))
CONFIG = replace(parse_config(""), model=ModelConfig(name="person-s", device="simulated"))


class Walk:
    """A walk past an empty room, on a device whose faults the file `faults` names."""

    def __init__(self, detectors: Detectors) -> None:
        self._detectors = detectors
        self._detector = detectors.open()
        self.pipeline = Pipeline(make_parts(CONFIG, detectors, self._detector, aspect=16 / 9, prefix="t"), lambda: 0.0)
        self._index = 0

    def look(self, t_s: float) -> Outcome:
        self._index += 1
        return self.pipeline.process(Frame(self._index, t_s, EMPTY, EMPTY))

    def lost(self, t_s: float) -> list[str]:
        """How the accelerator was lost at a look, in words."""
        events = [event for event in self.look(t_s).events if isinstance(event, Event) and event.kind == "accelerator"]
        return [str(event.data["error"]) for event in events if event.data["state"] == "lost"]


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    return tmp_path / "accelerator"


def detectors(faults: Path, catalogue: Catalogue | None = None) -> Detectors:
    return Detectors(CONFIG.model, ManualClock(), catalogue, faults=str(faults))


def test_garbage_is_noticed_within_ten_minutes_and_never_between_two_proofs(faults: Path) -> None:
    walk = Walk(detectors(faults))
    assert walk.lost(1000.0) == []
    assert walk.pipeline.detector.accelerator_info.device == "simulated"
    strike(faults, Fault.GARBAGE)
    assert walk.lost(1000.0 + PROVEN_EVERY_S - 5) == []
    (words,) = walk.lost(1000.0 + PROVEN_EVERY_S)
    assert words.startswith("it gives wrong results: it finds 0 of the")
    now = walk.pipeline.detector
    assert (now.accelerator_info.device, now.blind) == ("cpu", "")
    assert "wrong results" in now.accelerator_info.degraded
    now.close()


def test_one_that_is_still_wrong_is_not_taken_up_and_one_that_is_mended_is(faults: Path) -> None:
    opener = detectors(faults)
    strike(faults, Fault.GARBAGE)
    still = opener.open()
    assert still.accelerator_info.device == "cpu"
    assert "gives wrong results" in still.accelerator_info.degraded
    heal(faults)
    mended = opener.open()
    assert (mended.accelerator_info.device, mended.accelerator_info.degraded) == ("simulated", "")
    for detector in (still, mended):
        detector.close()


def test_a_model_that_sees_nowhere_is_told_once_and_kept(tmp_path: Path, faults: Path) -> None:
    walk = Walk(detectors(faults, spoilt_catalogue(tmp_path, zeroed)))
    assert walk.pipeline.detector.blind
    assert walk.lost(0.0) == walk.lost(PROVEN_EVERY_S) == walk.lost(2 * PROVEN_EVERY_S) == []
    assert walk.pipeline.detector.blind
    walk.pipeline.detector.close()
