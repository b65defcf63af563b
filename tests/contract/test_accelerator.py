"""Every inference runtime gives the same numbers and refuses the same models; the Edge TPU is used or excused."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hal.errors import AcceleratorLost, ModelUnreadable, RuntimeMissing
from hal.ports import Accelerator
from hal.tflite import DeviceName, EdgeTpu, RuntimeName, open_accelerator
from tests.contract.tiny_model import SHAPE, add_model, edgetpu_model, gather_model

ADD_MODEL = add_model()
EDGETPU_MODEL = edgetpu_model()

FAKE_DELEGATE = """
#include <stdlib.h>
typedef int Status;
typedef struct { const int* data; } IntArray;
typedef struct { void* data; Status (*prepare)(void*, void*); void* copies[3]; long flags; void* builder; } Delegate;
static Status prepare(void* context, void* delegate) { ON_PREPARE; return 0; }
Delegate* tflite_plugin_create_delegate(char** keys, char** values, size_t count, void (*report)(const char*)) {
    Delegate* delegate = calloc(1, sizeof(Delegate));
    delegate->prepare = prepare;
    return delegate;
}
void tflite_plugin_destroy_delegate(Delegate* delegate) { free(delegate); }
"""


@pytest.fixture(params=["litert", "tflite"])
def runtime(request: pytest.FixtureRequest) -> RuntimeName:
    name: RuntimeName = request.param
    if name == "tflite":
        pytest.importorskip("tflite_runtime", reason="tflite-runtime is not installed here", exc_type=ImportError)
    return name


@pytest.fixture(params=[False, True], ids=["fast", "reference"])
def adder(request: pytest.FixtureRequest, runtime: RuntimeName) -> Accelerator:
    return open_accelerator(ADD_MODEL, runtime=runtime, reference_kernels=request.param)


def test_the_sum_is_right(adder: Accelerator) -> None:
    left = np.array([[[0, 2, 4], [100, 200, 254]]], np.uint8)
    adder.input(0)[:] = left
    adder.input(1)[:] = 6
    adder.invoke()
    assert adder.output(0).tolist() == ((left.astype(int) + 6) // 2 + 5).tolist()


def test_tensors_are_described_as_stored(adder: Accelerator) -> None:
    assert [spec.name for spec in adder.inputs] == ["left", "right"]
    assert {spec.shape for spec in (*adder.inputs, *adder.outputs)} == {SHAPE}
    assert adder.inputs[0].dtype == "uint8"
    assert (adder.inputs[0].scale, adder.inputs[0].zero_point) == (0.5, 0)
    assert (adder.outputs[0].scale, adder.outputs[0].zero_point) == (1.0, 5)


def test_info_names_the_runtime_and_its_version(adder: Accelerator, runtime: RuntimeName) -> None:
    name, version = adder.info.runtime.split()
    assert name == {"litert": "litert", "tflite": "tflite-runtime"}[runtime]
    assert version[0].isdigit()
    assert (adder.info.device, adder.info.threads, adder.info.degraded) == ("cpu", 1, "")


def test_an_input_is_written_in_place_and_keeps_its_value(adder: Accelerator) -> None:
    adder.input(1)[:] = 42
    assert np.all(adder.input(1) == 42)


def test_an_output_is_a_copy_that_later_runs_leave_alone(adder: Accelerator) -> None:
    adder.input(0)[:] = adder.input(1)[:] = 10
    adder.invoke()
    first = adder.output(0)
    adder.input(0)[:] = 30
    adder.invoke()
    assert np.all(first == 15)
    assert np.all(adder.output(0) == 25)


def test_a_held_input_view_is_a_loud_mistake(adder: Accelerator) -> None:
    view = adder.input(0)
    with pytest.raises(RuntimeError, match="reference to internal data"):
        adder.invoke()
    del view
    adder.invoke()


def test_a_run_that_fails_later_is_a_lost_accelerator(runtime: RuntimeName) -> None:
    model = open_accelerator(gather_model(), runtime=runtime)
    model.input(0)[:] = [5, 6, 7, 8]
    model.input(1)[:] = 2
    model.invoke()
    assert model.output(0).tolist() == [7]
    model.input(1)[:] = 1_000_000
    with pytest.raises(AcceleratorLost, match="stopped running on the cpu"):
        model.invoke()


def test_two_models_do_not_disturb_each_other(runtime: RuntimeName) -> None:
    first, second = open_accelerator(ADD_MODEL, runtime=runtime), open_accelerator(ADD_MODEL, runtime=runtime)
    first.input(0)[:] = 20
    second.input(0)[:] = 40
    first.invoke()
    second.invoke()
    assert (first.output(0)[0, 0, 0], second.output(0)[0, 0, 0]) == (15, 25)
    first.close()
    first.close()
    second.invoke()
    assert second.output(0)[0, 0, 0] == 25


def test_a_model_is_read_from_a_file(runtime: RuntimeName, tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(ADD_MODEL)
    assert open_accelerator(path, runtime=runtime).inputs[0].shape == SHAPE


@pytest.mark.parametrize(
    "content",
    [b"", b"TFL3", b"\0" * 4096, b"GIF89a" + b"x" * 500, ADD_MODEL[:4] + b"TFL4" + ADD_MODEL[8:]],
    ids=["empty", "short", "zeros", "gif", "other-version"],
)
def test_what_is_no_model_is_refused_with_a_hint(runtime: RuntimeName, content: bytes) -> None:
    with pytest.raises(ModelUnreadable) as refusal:
        open_accelerator(content, runtime=runtime)
    assert refusal.value.hint


@pytest.mark.parametrize("missing", [1, 2, 10, 100, 400])
def test_a_truncated_model_is_refused_and_crashes_nothing(runtime: RuntimeName, missing: int) -> None:
    with pytest.raises(ModelUnreadable):
        open_accelerator(ADD_MODEL[:-missing], runtime=runtime)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=r"nothing\.tflite: No such file"):
        open_accelerator(tmp_path / "nothing.tflite")


def test_a_missing_runtime_says_what_to_install() -> None:
    if importlib.util.find_spec("tflite_runtime"):
        pytest.skip("tflite-runtime is installed here")
    with pytest.raises(RuntimeMissing, match="tflite-runtime") as refusal:
        open_accelerator(ADD_MODEL, runtime="tflite")
    assert "numpy" in refusal.value.hint


def test_opening_a_model_writes_no_noise(runtime: RuntimeName, capfd: pytest.CaptureFixture[str]) -> None:
    open_accelerator(ADD_MODEL, runtime=runtime)
    assert capfd.readouterr() == ("", "")


def plug_in_coral(sysfs: Path, bus: str = "usb") -> None:
    device = sysfs / "bus" / bus / "devices" / "1-2"
    device.mkdir(parents=True)
    names = ("idVendor", "idProduct") if bus == "usb" else ("vendor", "device")
    ids = ("18d1", "9302") if bus == "usb" else ("0x1ac1", "0x089a")
    for name, value in zip(names, ids, strict=True):
        (device / name).write_text(value + "\n")


def build_delegate(folder: Path, on_prepare: str = "") -> str:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler to build a stand-in for libedgetpu")
    source, library = folder / "delegate.c", folder / "libdelegate.so"
    source.write_text(FAKE_DELEGATE.replace("ON_PREPARE", on_prepare))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


@pytest.mark.parametrize("bus", ["usb", "pci"])
def test_a_coral_is_seen_on_either_bus(tmp_path: Path, bus: str) -> None:
    coral = EdgeTpu(sysfs=tmp_path)
    assert not coral.present()
    plug_in_coral(tmp_path, bus)
    assert coral.present()


def test_a_cpu_model_on_a_wanted_edgetpu_runs_on_the_cpu_and_says_so(runtime: RuntimeName) -> None:
    info = open_accelerator(ADD_MODEL, runtime=runtime, device="edgetpu").info
    assert (info.device, info.degraded) == ("cpu", "the model is not compiled for the Edge TPU")


@pytest.mark.parametrize("device", ["auto", "edgetpu"])
def test_an_edgetpu_model_without_a_coral_says_what_is_missing(
    runtime: RuntimeName, device: DeviceName, tmp_path: Path
) -> None:
    with pytest.raises(ModelUnreadable, match="no Edge TPU is plugged in") as refusal:
        open_accelerator(
            EDGETPU_MODEL,
            runtime=runtime,
            device="edgetpu" if device == "edgetpu" else "auto",
            edgetpu=EdgeTpu(sysfs=tmp_path),
        )
    assert "Coral" in refusal.value.hint


def marked_model() -> bytes:
    """A model that the CPU can run, marked as compiled for the Edge TPU by the name of a tensor."""
    return add_model(left="edgetpu-custom-op")


def test_library_device_and_trial_run_agree_before_the_edgetpu_is_used(runtime: RuntimeName, tmp_path: Path) -> None:
    plug_in_coral(tmp_path)
    coral = EdgeTpu(build_delegate(tmp_path), tmp_path)
    accelerator = open_accelerator(marked_model(), runtime=runtime, edgetpu=coral)
    accelerator.invoke()
    assert (accelerator.info.device, accelerator.info.degraded) == ("edgetpu", "")


def test_a_missing_library_falls_back_to_the_cpu(runtime: RuntimeName, tmp_path: Path) -> None:
    plug_in_coral(tmp_path)
    coral = EdgeTpu(str(tmp_path / "libmissing.so"), tmp_path)
    info = open_accelerator(marked_model(), runtime=runtime, edgetpu=coral).info
    assert info.device == "cpu"
    assert "libmissing.so" in info.degraded


def test_a_delegate_that_crashes_does_so_in_the_trial_and_the_cpu_takes_over(
    runtime: RuntimeName, tmp_path: Path
) -> None:
    plug_in_coral(tmp_path)
    coral = EdgeTpu(build_delegate(tmp_path, "abort()"), tmp_path)
    accelerator = open_accelerator(marked_model(), runtime=runtime, edgetpu=coral)
    accelerator.invoke()
    assert accelerator.info.device == "cpu"
    assert "crashed the process (signal 6)" in accelerator.info.degraded


def test_shared_models_run_on_fast_and_reference_kernels_alike(runtime: RuntimeName) -> None:
    data = Path(os.environ.get("AISLEWATCH_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
    path = data / "models" / "vww_96_int8.tflite"
    if not path.exists():
        pytest.skip("the shared data is absent (AISLEWATCH_DATA)")
    pixels = np.random.default_rng(1).integers(-128, 128, (1, 96, 96, 3), np.int8)
    scores = []
    for reference in (False, True):
        model = open_accelerator(path, runtime=runtime, reference_kernels=reference)
        model.input()[:] = pixels
        model.invoke()
        scores.append(model.output(0).astype(int))
    assert np.abs(scores[0] - scores[1]).max() <= 3
