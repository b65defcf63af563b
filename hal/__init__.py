"""The hardware: `open_hal` chooses real or simulated parts by the settings and loads only the vendors it needs."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from hal.ports import Board, Camera, Clock, Hal, HalSettings, Inputs, Outputs, Powers, Recorder, ThermalArray
    from hal.recorder import SoftwareRecorder

log = logging.getLogger(__name__)

__all__ = ["open_board", "open_hal", "release_outputs"]


def open_hal(settings: HalSettings, clock: Clock | None = None) -> Hal:
    """The parts named by `settings`; lines are claimed and off, the camera waits for its `open`.

    `source` is `simulated`, `picamera`, a file, a URL or a V4L2 device. Every frame has the privacy masks burnt in;
    `recorder` is None unless `settings.recording` asks for one. `gpio` is `auto` (lgpio where lines are
    configured and the machine has a gpiochip or GPIOZERO_PIN_FACTORY is set, else simulated), `simulated`, `latched`
    (simulated, in files that outlive the process), or the name of a gpiozero driver such as `mock`. Raises
    OutputUnavailable or InputUnavailable; a thermal array waits for its `open`.
    """
    from hal.system import SystemClock

    clock = clock or SystemClock()
    with contextlib.ExitStack() as opened:
        camera, recorder = _choose_camera(settings, clock)
        opened.callback(camera.close)
        if recorder is not None:
            opened.callback(recorder.stop)
        outputs, inputs = _open_lines(settings, clock, opened)
        thermal = _choose_thermal(settings, clock)
        if thermal is not None:
            opened.callback(thermal.close)
        board, powers = open_board(settings), _choose_powers(settings, clock)
        return _OpenHal(camera, recorder, outputs, inputs, thermal, board, powers, clock, opened.pop_all())


def open_board(settings: HalSettings) -> Board:
    """The computer itself, without anything that is wired to it."""
    from hal.board import LinuxBoard

    return LinuxBoard(settings.data_dir, instance=settings.instance)


def release_outputs(settings: HalSettings) -> None:
    """Switch every configured output off, whatever an earlier process left it at; for when no agent runs.

    Raises the first OutputUnavailable after all lines were tried.
    """
    if _has_pins(settings):
        from hal.gpio import release_lines

        release_lines(settings)
    elif settings.gpio == "latched":
        _latched(settings).close()


class _OpenHal:
    """The opened parts, released in reverse order."""

    def __init__(
        self,
        camera: Camera,
        recorder: Recorder | None,
        outputs: Outputs,
        inputs: Inputs,
        thermal: ThermalArray | None,
        board: Board,
        powers: Powers,
        clock: Clock,
        opened: contextlib.ExitStack,
    ) -> None:
        self.camera = camera
        self.recorder = recorder
        self.outputs = outputs
        self.inputs = inputs
        self.thermal = thermal
        self.board = board
        self.powers = powers
        self.clock = clock
        self._opened = opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()


def _choose_camera(settings: HalSettings, clock: Clock) -> tuple[Camera, Recorder | None]:
    """The camera with its masks, and what records it: a source's own packets only where no mask applies."""
    if settings.source == "picamera":
        from hal.picamera import PiCamera
        from hal.recorder import CameraRecorder

        pi = PiCamera(settings, clock)
        return pi, CameraRecorder(pi) if settings.recording else None
    if settings.source == "simulated":
        from hal.masks import masked
        from hal.simulated.camera import SimulatedCamera

        return masked(SimulatedCamera(settings, clock), settings.privacy_masks), _software(settings)
    from hal.packets import PacketTap
    from hal.video import open_video

    software = _software(settings)
    if software is None or settings.privacy_masks:
        return open_video(settings, clock), software
    from hal.recorder import SourceRecorder

    tap = PacketTap()
    return open_video(settings, clock, tap), SourceRecorder(tap, software)


def _software(settings: HalSettings) -> SoftwareRecorder | None:
    if settings.recording is None:
        return None
    from hal.recorder import SoftwareRecorder

    return SoftwareRecorder(settings.recording, settings.fps)


def _open_lines(settings: HalSettings, clock: Clock, opened: contextlib.ExitStack) -> tuple[Outputs, Inputs]:
    if _has_pins(settings):
        from hal.gpio import GpioInputs, GpioOutputs, open_factory

        factory: Any = open_factory(settings.gpio, settings.data_dir)
        opened.callback(factory.close)
        outputs: Outputs = GpioOutputs(settings.outputs or {}, factory, settings.readbacks)
        opened.callback(outputs.close)
        if settings.sounds:
            from hal.speaker import JoinedOutputs, Speaker

            outputs = JoinedOutputs(outputs, Speaker(settings.sounds))
            opened.callback(outputs.close)
        inputs: Inputs = GpioInputs(settings.inputs or {}, factory, clock)
    else:
        from hal.simulated.inputs import SimulatedInputs
        from hal.simulated.outputs import RecordingOutputs

        latched = settings.gpio == "latched"
        outputs = _latched(settings) if latched else RecordingOutputs(_output_names(settings), clock)
        opened.callback(outputs.close)
        inputs = SimulatedInputs(settings.inputs or (), clock)
    opened.callback(inputs.close)
    return outputs, inputs


def _latched(settings: HalSettings) -> Outputs:
    from hal.simulated.latched import LatchedOutputs

    return LatchedOutputs(_output_names(settings), Path(settings.data_dir) / "lines")


def _output_names(settings: HalSettings) -> list[str]:
    return [*(settings.outputs or ()), *(settings.sounds or ())]


def _has_pins(settings: HalSettings) -> bool:
    if settings.gpio != "auto":
        return settings.gpio not in ("simulated", "latched")
    if not settings.outputs and not settings.inputs:
        return False
    if os.environ.get("GPIOZERO_PIN_FACTORY") or _is_pi():
        return True
    log.warning('this machine is no Raspberry Pi: outputs and inputs are simulated (gpio = "lgpio" insists)')
    return False


def _is_pi() -> bool:
    model = Path("/proc/device-tree/model")
    return model.exists() and "Raspberry Pi" in model.read_text(encoding="utf-8", errors="replace")


def _choose_thermal(settings: HalSettings, clock: Clock) -> ThermalArray | None:
    if settings.thermal is None:
        return None
    if settings.thermal.source == "simulated":
        from hal.simulated.thermal import thermal_of

        return thermal_of(settings, clock)
    from hal.thermal import Mlx90640

    return Mlx90640(settings.thermal)


def _choose_powers(settings: HalSettings, clock: Clock) -> Powers:
    """Nothing that is simulated reboots the computer it runs on."""
    if settings.source == "simulated":
        from hal.simulated.powers import RecordingPowers

        return RecordingPowers(clock)
    from hal.system import SystemPowers

    return SystemPowers()
