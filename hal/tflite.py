"""Quantised models on LiteRT or tflite-runtime, on the CPU or an Edge TPU: the one place that knows these vendors."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hal.errors import AcceleratorLost, ModelUnreadable, RuntimeMissing
from hal.flatbuffer import verify_model
from hal.isolated import Recipe, open_isolated
from hal.ports import Accelerator, AcceleratorInfo, TensorSpec

RuntimeName = Literal["auto", "litert", "tflite"]
DeviceName = Literal["auto", "cpu", "edgetpu", "simulated"]

_MODULES = {"litert": "ai_edge_litert.interpreter", "tflite": "tflite_runtime.interpreter"}
_DISTRIBUTIONS = {"litert": "ai-edge-litert", "tflite": "tflite-runtime"}
_EDGETPU_OP = b"edgetpu-custom-op"
_SMALLEST_MODEL = 64
_HELD_VIEW = "reference to internal data"

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class EdgeTpu:
    """Where Coral's driver library and the kernel's list of devices are looked for."""

    library: str = "libedgetpu.so.1"
    sysfs: Path = Path("/sys")

    def present(self) -> bool:
        """Whether a Coral is plugged in: by USB (before or after its firmware is loaded) or PCIe."""
        usb = {("1a6e", "089a"), ("18d1", "9302")}
        pci = {("0x1ac1", "0x089a")}
        return any(
            _sysfs_ids(device, names) in known
            for bus, names, known in (("usb", ("idVendor", "idProduct"), usb), ("pci", ("vendor", "device"), pci))
            for device in (self.sysfs / "bus" / bus / "devices").glob("*")
        )


def open_accelerator(
    model: bytes | Path,
    *,
    runtime: RuntimeName = "auto",
    device: DeviceName = "auto",
    threads: int = 1,
    reference_kernels: bool = False,
    edgetpu: EdgeTpu | None = None,
    faults: str = "",
) -> Accelerator:
    """Load a model and run it once, so that one which cannot run is refused here and not in the shop.

    `auto` takes LiteRT where installed, and the Edge TPU where the model was compiled for it. An Edge TPU runs in a
    process of its own (hal.isolated); one that cannot be used is replaced by the CPU and `info.degraded` says why.
    `simulated` is a stand-in whose faults the file `faults` names; with one, the `cpu` may get stuck, too.
    `reference_kernels` selects the slow portable kernels, equal on every machine, for golden results. Check a model's
    hash first: its structure is verified, its numbers cannot be.

    Raises ModelUnreadable, or RuntimeMissing when the runtime is not installed.
    """
    content = _read_model(model)
    vendor = _find_runtime(runtime)
    if device == "simulated":
        return _apart(content, vendor, Recipe(vendor.name, threads, faults=faults))
    if device == "edgetpu" or (device == "auto" and compiled_for_edgetpu(content)):
        coral = edgetpu or EdgeTpu()
        recipe = Recipe(vendor.name, threads, coral.library)
        return _apart(content, vendor, recipe, _edgetpu_obstacle(content, coral))
    here = _Model(content, vendor, threads, reference_kernels=reference_kernels)
    return _faulty(here, faults) if faults else here


def _faulty(model: Accelerator, faults: str) -> Accelerator:
    from hal.simulated.accelerator import FaultyAccelerator  # wanted where faults are tried

    return FaultyAccelerator(model, faults, stands_in=True)


def _apart(content: bytes, vendor: _Runtime, recipe: Recipe, obstacle: str = "") -> Accelerator:
    """The model on its device, in another process; here on the CPU where there is an obstacle."""
    if not obstacle:
        try:
            return open_isolated(content, recipe)
        except AcceleratorLost as error:
            obstacle = f"the {'Edge TPU' if recipe.library else 'accelerator'} failed its trial run: {error}"
    return _Model(content, vendor, recipe.threads, degraded=obstacle)


def compiled_for_edgetpu(content: bytes) -> bool:
    """Whether a model was compiled for the Edge TPU: no CPU can then run it."""
    return _EDGETPU_OP in content


def load_model(content: bytes, runtime: str, threads: int, library: str) -> Accelerator:
    """The model in this process, on the delegate of `library` where one is named. Raises as `open_accelerator`, and
    OSError or ValueError for a library that cannot be loaded.
    """
    vendor = _find_runtime("tflite" if runtime == "tflite" else "litert")
    delegate = vendor.module.load_delegate(library) if library else None
    return _Model(content, vendor, threads, delegate=delegate)


@dataclass(frozen=True, slots=True)
class _Runtime:
    """An imported interpreter package."""

    name: str
    module: ModuleType

    @property
    def label(self) -> str:
        distribution = _DISTRIBUTIONS[self.name]
        return f"{distribution.removeprefix('ai-edge-')} {importlib.metadata.version(distribution)}"


class _Model:
    """A vendor interpreter behind the Accelerator port."""

    def __init__(
        self,
        content: bytes,
        runtime: _Runtime,
        threads: int,
        *,
        delegate: Any = None,
        degraded: str = "",
        reference_kernels: bool = False,
    ) -> None:
        self._info = AcceleratorInfo(runtime.label, "edgetpu" if delegate else "cpu", threads, degraded)
        resolvers = runtime.module.OpResolverType
        try:
            with _quiet_native_log():
                self._interpreter = runtime.module.Interpreter(
                    model_content=content,
                    num_threads=threads,
                    experimental_delegates=[delegate] if delegate else None,
                    experimental_op_resolver_type=resolvers.BUILTIN_REF if reference_kernels else resolvers.AUTO,
                )
                self._interpreter.allocate_tensors()
                self._run_on_zeros()
            self._input_ids, self.inputs = _describe(self._interpreter.get_input_details())
            self._output_ids, self.outputs = _describe(self._interpreter.get_output_details())
        except (ValueError, RuntimeError, MemoryError) as error:
            raise _unreadable(error, content, degraded) from error

    def _run_on_zeros(self) -> None:
        for detail in self._interpreter.get_input_details():
            self._interpreter.tensor(detail["index"])()[...] = 0
        self._interpreter.invoke()

    @property
    def info(self) -> AcceleratorInfo:
        return self._info

    def input(self, index: int = 0) -> NDArray[Any]:
        """The input tensor itself; `invoke` raises RuntimeError while any view of it is held."""
        view: NDArray[Any] = self._interpreter.tensor(self._input_ids[index])()
        return view

    def invoke(self) -> None:
        """Run once. Raises AcceleratorLost when the device fails, RuntimeError when an input view is still held."""
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            if _HELD_VIEW in str(error):
                raise
            raise AcceleratorLost(f"the model stopped running on the {self._info.device}: {_brief(error)}") from error

    def output(self, index: int) -> NDArray[Any]:
        """A copy of an output tensor, as stored."""
        copy: NDArray[Any] = self._interpreter.get_tensor(self._output_ids[index])
        return copy

    def close(self) -> None:
        """Free the model now; views of its tensors keep their memory alive until they are dropped."""
        self._interpreter = None


def _read_model(model: bytes | Path) -> bytes:
    """The model's bytes, refused when they cannot be a TensorFlow Lite flatbuffer."""
    try:
        content = model if isinstance(model, bytes) else model.read_bytes()
    except OSError as error:
        raise ModelUnreadable(
            f"{error.filename}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    what = "the model" if isinstance(model, bytes) else model.name
    if not content:
        raise ModelUnreadable(f"{what} is empty", hint="fetch the model again")
    if len(content) < _SMALLEST_MODEL or content[4:8] != b"TFL3":
        raise ModelUnreadable(f"{what} is not a TensorFlow Lite model", hint="a .tflite file is expected")
    try:
        verify_model(content)
    except ValueError as error:
        raise ModelUnreadable(f"{what} is damaged: {error}", hint="fetch the model again") from error
    return content


def _find_runtime(wanted: RuntimeName) -> _Runtime:
    """Import the runtime asked for, or the first one installed."""
    missing = []
    for name in _MODULES if wanted == "auto" else (wanted,):
        try:
            return _Runtime(name, importlib.import_module(_MODULES[name]))
        except ImportError as error:
            missing.append(f"{_DISTRIBUTIONS[name]}: {error}")
    raise RuntimeMissing(
        f"no inference runtime ({'; '.join(missing)})",
        hint="install ai-edge-litert, or tflite-runtime 2.14 on Python 3.11 with numpy older than 2",
    )


def _edgetpu_obstacle(content: bytes, coral: EdgeTpu) -> str:
    """Why the Edge TPU cannot run this model, before it is tried; empty where nothing speaks against it."""
    if not compiled_for_edgetpu(content):
        return "the model is not compiled for the Edge TPU"
    return "" if coral.present() else "no Edge TPU is plugged in"


def _describe(details: Sequence[dict[str, Any]]) -> tuple[tuple[int, ...], tuple[TensorSpec, ...]]:
    """The runtime's tensor numbers and our description of the same tensors."""
    specs = tuple(
        TensorSpec(
            name=detail["name"],
            shape=tuple(int(size) for size in detail["shape"]),
            dtype=np.dtype(detail["dtype"]).name,
            scale=float(detail["quantization"][0]),
            zero_point=int(detail["quantization"][1]),
        )
        for detail in details
    )
    return tuple(int(detail["index"]) for detail in details), specs


def _unreadable(error: Exception, content: bytes, degraded: str) -> ModelUnreadable:
    if compiled_for_edgetpu(content):
        return ModelUnreadable(
            f"the model needs an Edge TPU, but {degraded or 'the CPU was asked for'}",
            hint="plug in the Coral, or choose the model's CPU variant",
        )
    return ModelUnreadable(f"the model cannot be run: {_brief(error)}", hint="fetch the model again")


def _brief(error: Exception) -> str:
    """The first line of a vendor's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _sysfs_ids(device: Path, names: tuple[str, str]) -> tuple[str, ...]:
    try:
        return tuple((device / name).read_text(encoding="ascii").strip() for name in names)
    except (OSError, UnicodeDecodeError):
        return ()


@contextlib.contextmanager
def _quiet_native_log() -> Iterator[None]:
    """Hold back what the C++ library writes to standard error; pass on all but its INFO lines afterwards."""
    with _one_at_a_time:
        kept, held = os.dup(2), os.memfd_create("native-log")
        os.dup2(held, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            text = os.pread(held, os.fstat(held).st_size, 0)
            os.close(held)
            os.close(kept)
            os.write(2, b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(b"INFO: ")))
