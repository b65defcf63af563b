"""A model in a process of its own: the same numbers, and every way in which its device can fail ends in an answer."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hal.errors import AcceleratorLost
from hal.isolated import Recipe, open_isolated
from hal.ports import Accelerator
from hal.simulated.accelerator import Fault, heal, strike
from hal.tflite import open_accelerator
from tests.contract.tiny_model import add_model
from tests.waiting import eventually

MODEL = add_model()


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    return tmp_path / "accelerator"


def opened(faults: Path, answer_within_s: float = 2.0) -> Accelerator:
    return open_isolated(MODEL, Recipe("litert", faults=str(faults)), answer_within_s=answer_within_s)


def added(model: Accelerator, left: int, right: int) -> int:
    model.input(0)[:] = left
    model.input(1)[:] = right
    model.invoke()
    return int(model.output(0).flat[0])


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_it_gives_what_the_same_model_gives_here(faults: Path) -> None:
    apart, here = opened(faults), open_accelerator(MODEL)
    assert [*apart.inputs] == [*here.inputs]
    assert [*apart.outputs] == [*here.outputs]
    assert (apart.info.device, here.info.device) == ("simulated", "cpu")
    rng = np.random.default_rng(1)
    for left, right in rng.integers(0, 256, (20, 2)):
        assert added(apart, left, right) == added(here, left, right)
    apart.close()


def test_an_input_may_be_held_and_an_output_is_a_copy(faults: Path) -> None:
    model = opened(faults)
    held = model.input(0)
    first = added(model, 10, 10)
    kept = model.output(0)
    held[:] = 200
    model.invoke()
    assert kept.flat[0] == first != model.output(0).flat[0]
    model.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [(Fault.HANG, "no answer within 0.3 s"), (Fault.CRASH, "signal 11"), (Fault.LOSS, "unplugged")],
)
def test_a_fault_is_a_loss_told_in_words_and_stays_one(faults: Path, fault: Fault, words: str) -> None:
    model = opened(faults, 0.3)
    before = children()
    strike(faults, fault)
    started_s = time.monotonic()
    with pytest.raises(AcceleratorLost, match=words):
        model.invoke()
    assert time.monotonic() - started_s < 5.0
    assert children() < before, "its process is gone"
    with pytest.raises(AcceleratorLost):
        model.invoke()


@pytest.mark.parametrize(("fault", "words"), [(Fault.CRASH, "signal 11"), (Fault.LOSS, "unplugged")])
def test_a_device_that_fails_when_it_is_opened_is_replaced_by_the_cpu(faults: Path, fault: Fault, words: str) -> None:
    strike(faults, fault)
    model = open_accelerator(MODEL, device="simulated", faults=str(faults))
    assert model.info.device == "cpu"
    assert words in model.info.degraded
    heal(faults)
    again = open_accelerator(MODEL, device="simulated", faults=str(faults))
    assert (again.info.device, again.info.degraded) == ("simulated", "")
    again.close()


def test_a_device_that_hangs_when_it_is_opened_is_given_up(faults: Path) -> None:
    strike(faults, Fault.HANG)
    before = children()
    with pytest.raises(AcceleratorLost, match="no answer within 3 s"):
        open_isolated(MODEL, Recipe("litert", faults=str(faults)), open_within_s=3.0)
    assert children() <= before


def test_one_that_was_killed_from_outside_is_lost(faults: Path) -> None:
    before = children()
    model = opened(faults)
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(AcceleratorLost, match="signal 9"):
        model.invoke()


def forget(model: Accelerator) -> None:
    del model
    gc.collect()


@pytest.mark.parametrize("end", [lambda model: model.close(), forget], ids=["closed", "forgotten"])
def test_no_process_is_left_behind(faults: Path, end: Callable[[Accelerator], None]) -> None:
    before = children()
    end(opened(faults))
    eventually(lambda: children() <= before)
