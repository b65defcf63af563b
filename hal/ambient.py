"""The warmth of the air around the camera, from sensors that people add: 1-wire, I2C chips, humidity sensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hal.kernel import KernelFiles

ONE_WIRE = "sys/bus/w1/devices/??-*/temperature"
"""The kernel's w1_therm; a DS18B20 is 28-*. Reading one takes it most of a second."""
HWMON_NAMES = frozenset(("ds1621", "lm75", "sht3x", "sht4x", "shtc1", "tmp102", "tmp108", "w1_slave_temp"))
IIO_NAMES = frozenset(("bme280", "bme680", "bmp280", "dht11", "hdc100x", "hdc1080", "hdc2010", "hts221", "si7020"))
"""Chips that are made to measure air; others measure themselves or the processor."""
LEAST_C, MOST_C = -40.0, 85.0
"""At the end of the range is no air: a DS18B20 shows 85 °C when it has not measured yet."""


def ambient_c(files: KernelFiles) -> float | None:
    """Degrees Celsius by the first sensor that answers sensibly; None where there is none."""
    values = (files.millidegrees(name) for name in _sources(files))
    return next((value for value in values if value is not None and LEAST_C < value < MOST_C), None)


def _sources(files: KernelFiles) -> Iterator[Path]:
    yield from files.found(ONE_WIRE)
    for name in files.found("sys/class/hwmon/hwmon*/name"):
        if files.text(name) in HWMON_NAMES:
            yield name.with_name("temp1_input")
    for name in files.found("sys/bus/iio/devices/iio:device*/name"):
        if files.text(name).split("@")[0] in IIO_NAMES:
            yield name.with_name("in_temp_input")
