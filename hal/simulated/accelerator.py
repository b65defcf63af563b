"""A device that is not the CPU, made of the CPU, with the faults of real ones on demand: it hangs, crashes, is lost.

A file names the fault (`hang`, `crash`, `loss`, `garbage` or `stuck`); while it is there, every run and every opening
meets it. It is read in the process that plays the device (hal.isolated), so that a fault does to that process what a
driver's would. `stuck` is met by the CPU that stands in, too: as of a kernel that lets no call return, until the
process ends.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.errors import AcceleratorLost
from hal.ports import Accelerator, AcceleratorInfo, TensorSpec

DEVICE = "simulated"


class Fault(StrEnum):
    """What can go wrong: no answer ever, the driver brings its process down, the device is gone, it answers in time
    and wrongly, or nothing answers.
    """

    HANG = "hang"
    CRASH = "crash"
    LOSS = "loss"
    GARBAGE = "garbage"
    STUCK = "stuck"


OF_DEVICE = (Fault.HANG, Fault.CRASH, Fault.LOSS)
"""Those that a CPU can stand in for."""


def strike(faults: Path, fault: Fault) -> None:
    """From now on, fail in this way until `heal`."""
    partial = faults.with_suffix(".part")
    partial.write_text(fault)
    partial.replace(faults)


def heal(faults: Path) -> None:
    """Take the fault back."""
    faults.unlink(missing_ok=True)


class FaultyAccelerator:
    """An accelerator (hal.ports.Accelerator) that meets the fault named in the file `faults`.

    One that `stands_in` is the CPU: only `stuck` concerns it.
    """

    def __init__(self, model: Accelerator, faults: str, *, stands_in: bool = False) -> None:
        self._model = model
        self._stands_in = stands_in
        self._faults = Path(faults)
        self._garbage = False
        self.inputs: Sequence[TensorSpec] = model.inputs
        self.outputs: Sequence[TensorSpec] = model.outputs
        self._meet()

    @property
    def info(self) -> AcceleratorInfo:
        return self._model.info if self._stands_in else replace(self._model.info, device=DEVICE)

    def input(self, index: int = 0) -> NDArray[Any]:
        return self._model.input(index)

    def invoke(self) -> None:
        """Run once. Raises AcceleratorLost as the file wants it."""
        self._meet()
        self._model.invoke()

    def output(self, index: int) -> NDArray[Any]:
        answer = self._model.output(index)
        return np.zeros_like(answer) if self._garbage else answer

    def close(self) -> None:
        self._model.close()

    def _meet(self) -> None:
        self._garbage = False
        try:
            fault = self._faults.read_text()
        except OSError:
            return
        if fault == Fault.STUCK or (fault == Fault.HANG and not self._stands_in):
            threading.Event().wait()
        if self._stands_in:
            return
        if fault == Fault.GARBAGE:
            self._garbage = True
            return
        if fault == Fault.CRASH:
            os.kill(os.getpid(), signal.SIGSEGV)
        raise AcceleratorLost("the simulated accelerator was unplugged")
