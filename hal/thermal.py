"""The low-resolution thermal array: an MLX90640 on I2C, read through the driver that Adafruit maintains for it.

The only file that imports that driver. It turns register values into degrees with the calibration in the chip.
"""

from __future__ import annotations

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


def open_array(settings: ThermalSettings) -> Mlx90640:
    """The array on its bus. Raises ThermalUnavailable with what to do."""
    driver = _driver("adafruit_extended_bus")
    try:
        bus = driver.ExtendedI2C(settings.bus)
    except _FAILURES as error:
        hint = "switch I2C on (raspi-config), check the bus number and that this user is in the group `i2c`"
        raise ThermalUnavailable(f"I2C bus {settings.bus} cannot be opened: {error}", hint=hint) from error
    return Mlx90640(bus, settings)


def _driver(name: str) -> Any:
    try:
        return import_module(name)
    except (ImportError, NotImplementedError) as error:
        hint = "pip install 'aislewatch[thermal]'"
        raise ThermalUnavailable(f"the driver of the thermal array cannot be loaded: {error}", hint=hint) from error


class Mlx90640:
    """One array (hal.ports.ThermalArray) on `bus`, an object with the methods of CircuitPython's busio.I2C.

    Raises ThermalUnavailable when nothing answers at the address, or what answers is no such chip.
    """

    def __init__(self, bus: Any, settings: ThermalSettings) -> None:
        self._bus = bus
        driver = _driver("adafruit_mlx90640").MLX90640
        # Its lists of bad pixels belong to the class: opened again, it would count every bad pixel once more.
        one = type("MLX90640", (driver,), {"brokenPixels": [], "outlierPixels": []})
        try:
            self._chip = one(bus, settings.address)
            self._chip.refresh_rate = _rate(settings.fps)
        except _FAILURES as error:
            hint = f"check its wires and `i2cdetect -y {settings.bus}`"
            raise ThermalUnavailable(f"no MLX90640 at address {settings.address:#x}: {error}", hint=hint) from error

    def read(self) -> F32:
        """The picture of now. Raises ThermalLost."""
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
        self._bus.deinit()


def _rate(fps: float) -> int:
    """The chip's code for the slowest rate of half pictures that makes `fps` whole ones."""
    return next((code for code, rate in enumerate(_RATES) if rate >= 2 * fps), len(_RATES) - 1)
