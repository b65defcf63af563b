"""The settings choose the parts; nothing else is loaded, and everything is released at the end."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from hal import open_hal
from hal.errors import InputUnavailable, OutputUnavailable
from hal.gpio import GpioInputs, GpioOutputs
from hal.picamera import PiCamera
from hal.ports import HalSettings, LineSettings
from hal.simulated.camera import SimulatedCamera
from hal.simulated.clock import ManualClock
from hal.simulated.outputs import RecordingOutputs
from hal.stream import StreamCamera
from hal.system import SystemClock
from hal.video import VideoFile

SIREN = {"siren": LineSettings(17)}
VENDORS = ("av", "cv2", "gpiozero", "lgpio", "picamera2", "libcamera", "ai_edge_litert", "tflite_runtime")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)


def loaded_after(program: str) -> set[str]:
    report = f"{program}\nimport sys; print(*(name for name in {VENDORS} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_no_vendor() -> None:
    assert loaded_after("import hal, hal.ports, hal.errors, hal.system, hal.board, hal.picamera") == set()


def test_a_video_file_loads_only_the_video_library(tmp_path: Path) -> None:
    opening = f"import hal; from hal.ports import HalSettings; hal.open_hal(HalSettings({str(tmp_path / 'a.mp4')!r}))"
    assert loaded_after(opening) == {"av"}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("simulated", SimulatedCamera),
        ("picamera", PiCamera),
        ("shop.mp4", VideoFile),
        ("rtsp://camera/1", StreamCamera),
        ("/dev/video0", StreamCamera),
    ],
)
def test_the_source_names_the_camera(source: str, kind: type) -> None:
    with open_hal(HalSettings(source)) as hal:
        assert isinstance(hal.camera, kind)
        assert isinstance(hal.clock, SystemClock)
        assert hal.board.serial


def test_a_clock_is_handed_to_every_part() -> None:
    clock = ManualClock(5.0)
    with open_hal(HalSettings("simulated", outputs=SIREN, gpio="simulated"), clock) as hal:
        hal.outputs.set("siren", True)
        assert isinstance(hal.outputs, RecordingOutputs)
        assert hal.outputs.record == ((5.0, "siren", True),)
        assert hal.clock is clock


def test_mock_pins_go_through_the_real_class() -> None:
    with open_hal(HalSettings("simulated", outputs=SIREN, inputs={"pir": LineSettings(4)}, gpio="mock")) as hal:
        assert isinstance(hal.outputs, GpioOutputs)
        assert isinstance(hal.inputs, GpioInputs)
        hal.outputs.set("siren", True)
        assert hal.outputs.read("siren")
    with pytest.raises(OutputUnavailable):
        hal.outputs.set("siren", True)


def test_auto_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    with open_hal(HalSettings("simulated", outputs=SIREN)) as hal:
        assert isinstance(hal.outputs, GpioOutputs)


def test_auto_says_that_lines_are_simulated(caplog: pytest.LogCaptureFixture) -> None:
    if Path("/proc/device-tree/model").exists():
        pytest.skip("this machine may be a Raspberry Pi")
    with caplog.at_level(logging.WARNING), open_hal(HalSettings("simulated", outputs=SIREN)) as hal:
        assert isinstance(hal.outputs, RecordingOutputs)
    assert "simulated" in caplog.text


def test_a_bad_input_lets_go_of_the_outputs() -> None:
    settings = HalSettings("simulated", outputs=SIREN, inputs={"pir": LineSettings(17)}, gpio="mock")
    with pytest.raises(InputUnavailable, match="already in use"):
        open_hal(settings)


def test_outputs_are_off_after_an_error() -> None:
    hal = open_hal(HalSettings("simulated", outputs=SIREN, gpio="simulated"), ManualClock())
    hal.outputs.set("siren", True)
    hal.__exit__(RuntimeError, RuntimeError("a bug"), None)
    assert not hal.outputs.read("siren")
