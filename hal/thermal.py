"""The low-resolution thermal array: an MLX90640 on I2C, read through the driver that Adafruit maintains for it.

The only file that imports that driver. It turns register values into degrees with the calibration in the chip.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from hal.errors import ThermalLost, ThermalUnavailable
from hal.ports import F32, ThermalSettings

ROWS, COLUMNS = 24, 32
BROKEN_C = -273.0
"""The driver gives -273.15 for a pixel that the chip itself calls broken."""
_RATES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_FAILURES = (OSError, RuntimeError, ValueError, ArithmeticError)
"""What the driver raises for a wire that is off, a chip that does not answer, and registers that make no sense."""


def _driver(name: str) -> Any:
    try:
        return import_module(name)
    except (ImportError, NotImplementedError) as error:
        hint = "pip install 'aislewatch[thermal]'"
        raise ThermalUnavailable(f"the driver of the thermal array cannot be loaded: {error}", hint=hint) from error


class Mlx90640:
    """One array (hal.ports.ThermalArray); `open_bus` gives an object with the methods of CircuitPython's busio.I2C."""

    def __init__(self, settings: ThermalSettings, open_bus: Callable[[], Any] | None = None) -> None:
        self._settings = settings
        self._open_bus = open_bus or partial(_bus, settings.bus)
        self._bus: Any = None
        self._chip: Any = None

    def open(self) -> None:
        """Find the chip and set its rate. Raises ThermalUnavailable with what to do."""
        driver = _driver("adafruit_mlx90640").MLX90640
        # Its lists of bad pixels belong to the class: opened again, it would count every bad pixel once more.
        one = type("MLX90640", (driver,), {"brokenPixels": [], "outlierPixels": []})
        self._bus = self._open_bus()
        address = self._settings.address
        try:
            self._chip = one(self._bus, address)
            self._chip.refresh_rate = _rate(self._settings.fps)
        except _FAILURES as error:
            self.close()
            hint = f"check its wires and `i2cdetect -y {self._settings.bus}`"
            raise ThermalUnavailable(f"no MLX90640 at address {address:#x}: {error}", hint=hint) from error

    def read(self) -> F32:
        """The picture of now. Raises ThermalLost."""
        if self._chip is None:
            raise ThermalLost("the thermal array is not open")
        pixels = [0.0] * (ROWS * COLUMNS)
        try:
            self._chip.getFrame(pixels)
        except _FAILURES as error:
            raise ThermalLost(f"the thermal array does not answer: {error}") from error
        picture = np.array(pixels, np.float32).reshape(ROWS, COLUMNS)
        picture[picture <= BROKEN_C] = np.nan
        return picture

    def close(self) -> None:
        """Let go of the bus."""
        bus, self._bus, self._chip = self._bus, None, None
        if bus is not None:
            bus.deinit()


def _bus(number: int) -> Any:
    extended = _driver("adafruit_extended_bus")
    try:
        return extended.ExtendedI2C(number)
    except _FAILURES as error:
        hint = "switch I2C on (raspi-config), check the bus number and that this user is in the group `i2c`"
        raise ThermalUnavailable(f"I2C bus {number} cannot be opened: {error}", hint=hint) from error


def _rate(fps: float) -> int:
    """The chip's code for the slowest rate of half pictures that makes `fps` whole ones."""
    return next((code for code, rate in enumerate(_RATES) if rate >= 2 * fps), len(_RATES) - 1)
