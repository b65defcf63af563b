"""Output and input lines through gpiozero: lgpio on a device, gpiozero's own mock pins on a desk."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import gpiozero

from hal.each import each_line
from hal.errors import InputUnavailable, OperatorHalError, OutputUnavailable
from hal.ports import Clock, HalSettings, InputCallback, LineSettings

_T = TypeVar("_T")
_FACTORIES = "gpiozero_pin_factories"


def open_factory(gpio: str, data_dir: str) -> Any:
    """gpiozero's pin factory: GPIOZERO_PIN_FACTORY where set, else the one named by `gpio` (`auto` is lgpio).

    Only that one is tried, so that a camera never believes in pins that are not there. Raises OutputUnavailable.
    """
    name = os.environ.get("GPIOZERO_PIN_FACTORY") or ("lgpio" if gpio == "auto" else gpio)
    os.environ.setdefault("LG_WD", _writable(data_dir))
    found = entry_points(group=_FACTORIES, name=name)
    if not found:
        known = ", ".join(sorted(entry.name for entry in entry_points(group=_FACTORIES)))
        raise OutputUnavailable(f"there is no GPIO driver {name!r}", hint=f"known drivers: {known}")
    try:
        return next(iter(found)).load()()
    except (gpiozero.GPIOZeroError, ImportError, OSError, *_driver_errors()) as error:
        hint = "install python3-lgpio, check that /dev/gpiochip0 exists and that this user is in the group `gpio`"
        raise OutputUnavailable(f"the GPIO driver {name!r} cannot be opened: {error}", hint=hint) from error


def release_lines(settings: HalSettings) -> None:
    """Drive every configured output off and let go of it, whatever an earlier process left it at.

    Goes on past a line that fails and raises the first OutputUnavailable at the end.
    """
    factory = open_factory(settings.gpio, settings.data_dir)
    lines = settings.outputs or {}
    try:
        each_line(lines, lambda name: GpioOutputs({name: lines[name]}, factory).close())
    finally:
        factory.close()


class GpioOutputs:
    """Named output lines, claimed and driven off at once; `readbacks` are lines wired back from what they switch."""

    def __init__(
        self, lines: Mapping[str, LineSettings], factory: Any, readbacks: Mapping[str, LineSettings] | None = None
    ) -> None:
        self._wired: dict[str, Any] = {}
        self._devices = _claim_all(lines, partial(_open_output, factory), OutputUnavailable)
        try:
            self._wired = _claim_all(readbacks or {}, partial(_open_input, factory), OutputUnavailable)
        except OutputUnavailable:
            self.close()
            raise

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._devices)

    def set(self, name: str, on: bool) -> None:
        """Drive one line. Raises KeyError for an unknown name, OutputUnavailable when it cannot be driven."""
        device = self._devices[name]
        _translated(partial(setattr, device, "value", on), f"output {name!r}", OutputUnavailable)

    def read(self, name: str) -> bool:
        """The level wired back, else that of the pin. Raises KeyError, or OutputUnavailable when it cannot be read."""
        device = self._wired.get(name) or self._devices[name]
        return bool(_translated(lambda: device.value, f"output {name!r}", OutputUnavailable))

    def all_off(self) -> None:
        """Drive every line off, past a failing one; then raise the first OutputUnavailable met."""
        each_line(self._devices, lambda name: self.set(name, False))

    def close(self) -> None:
        """Drive every line off and release it."""
        for name, device in self._devices.items():
            if not device.closed:
                with suppress(OutputUnavailable):
                    self.set(name, False)
                device.close()
        for device in self._wired.values():
            device.close()


class GpioInputs:
    """Named input lines, debounced by the driver."""

    def __init__(self, lines: Mapping[str, LineSettings], factory: Any, clock: Clock) -> None:
        self._clock = clock
        self._lines = dict(lines)
        self._devices = _claim_all(lines, partial(_open_input, factory), InputUnavailable)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._devices)

    def read(self, name: str) -> bool:
        """Whether one input is active. Raises KeyError, or InputUnavailable when it cannot be read."""
        device = self._devices[name]
        pulled = bool(_translated(lambda: device.value, f"input {name!r}", InputUnavailable))
        return pulled != _inverted(self._lines[name])

    def listen(self, callback: InputCallback) -> None:
        """Call `callback(name, active, t_s)` on every change from now on, from gpiozero's thread."""
        for name, device in self._devices.items():
            inverted = _inverted(self._lines[name])
            device.when_activated = partial(self._tell, callback, name, not inverted)
            device.when_deactivated = partial(self._tell, callback, name, inverted)

    def close(self) -> None:
        """Stop listening and release the lines."""
        for device in self._devices.values():
            device.close()

    def _tell(self, callback: InputCallback, name: str, active: bool) -> None:
        callback(name, active, self._clock.monotonic())


def _open_output(factory: Any, line: LineSettings) -> Any:
    return gpiozero.DigitalOutputDevice(
        line.pin, active_high=line.active_high, initial_value=False, pin_factory=factory
    )


def _open_input(factory: Any, line: LineSettings) -> Any:
    return gpiozero.DigitalInputDevice(
        line.pin, pull_up=line.pull_up, bounce_time=line.debounce_s or None, pin_factory=factory
    )


def _inverted(line: LineSettings) -> bool:
    """gpiozero calls a line active when it is pulled away from its resistor; whether the setting says the opposite."""
    return line.pull_up == line.active_high


def _claim_all(
    lines: Mapping[str, LineSettings], claim: Callable[[LineSettings], Any], failure: type[OperatorHalError]
) -> dict[str, Any]:
    """Claim every line, or none."""
    devices: dict[str, Any] = {}
    try:
        for name, line in lines.items():
            devices[name] = _translated(partial(claim, line), f"line {name!r} on GPIO{line.pin}", failure)
    except OperatorHalError:
        for device in devices.values():
            device.close()
        raise
    return devices


def _translated(action: Callable[[], _T], what: str, failure: type[OperatorHalError]) -> _T:
    """Do something with a pin, in our own words when it fails."""
    try:
        return action()
    except gpiozero.GPIOPinInUse as error:
        raise failure(f"{what} is already in use: {error}", hint="give each line a pin of its own") from error
    except gpiozero.PinInvalidPin as error:
        raise failure(f"{what}: no such pin", hint="use the BCM number, 0 to 27 on a 40-pin header") from error
    except (gpiozero.GPIOZeroError, OSError, *_driver_errors()) as error:
        hint = "another program may hold this line: `gpioinfo` shows which"
        raise failure(f"{what} does not answer: {error}", hint=hint) from error


def _driver_errors() -> tuple[type[Exception], ...]:
    """lgpio's own exception, which is none of gpiozero's."""
    lgpio = sys.modules.get("lgpio")
    return (lgpio.error,) if lgpio is not None else ()


def _writable(data_dir: str) -> str:
    """Where lgpio may put its notification pipe; it would take the current directory."""
    wished = (os.environ.get("RUNTIME_DIRECTORY", ""), data_dir)
    found = (path for path in wished if path and Path(path).is_dir() and os.access(path, os.W_OK))
    return next(found, tempfile.gettempdir())
