"""An MLX90640 on an I2C bus, register by register, so that the real driver can be run without the chip.

Its calibration is the plainest that the datasheet (Melexis 3901090640, rev. 12) allows: no offsets, no drift, the same
sensitivity everywhere. The pictures it shows come out of the driver as they went in, to the resolution of its counts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np

from hal.ports import F32

ADDRESS = 0x33
_RAM, _EEPROM, _STATUS, _CONTROL = 0x0400, 0x2400, 0x8000, 0x800D
_READY, _CHESS_18BIT_2HZ = 0x0008, 0x1901
_PIXELS, _WORDS = 768, 832
_GAIN, _VPTAT25, _PTAT, _ALPHA_PTAT, _KT_PTAT = 6000, 12000, 1700, 9, 42.25
_VDD25 = (0x68 - 256) * 32 - 8192
_ALPHA = 101 / 2**30
_EMISSIVITY, _SHIFT_C, _ZERO_C = 0.95, 8.0, 273.15
_LATENCY = 2
"""Readings of the status between taking a half picture and the next one being ready."""


class SimulatedMlx90640:
    """The bus with one such chip on it, as CircuitPython's busio.I2C; `picture` gives the degrees (24, 32) to show.

    `broken` pixels are marked as such in its calibration. While `present` is false nothing answers (OSError), as with a
    wire that came off.
    """

    def __init__(self, picture: Callable[[], F32], ambient_c: float = 25.0, broken: Sequence[int] = ()) -> None:
        self.present = True
        self.closed = False
        self._picture = picture
        self._ambient_c = ambient_c
        self._control = _CHESS_18BIT_2HZ
        self._half, self._ready, self._wait = 1, False, 0
        self._eeprom = _calibration()
        for pixel in broken:
            self._eeprom[64 + pixel] = 0

    def try_lock(self) -> bool:
        """The bus is free."""
        return True

    def unlock(self) -> None:
        """Free it again."""

    def deinit(self) -> None:
        """Close it."""
        self.closed, self.present = True, False

    def writeto(self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None) -> None:
        """Write a register; nothing but its address probes for the chip. Raises OSError when it does not answer."""
        self._check(address)
        written = bytes(buffer)[start:end]
        if len(written) == 4:
            register, value = struct.unpack(">HH", written)
            self._write(register, value)

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Read without a register, as a probe does."""
        self._check(address)

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Read registers from the one written. Raises OSError when the chip does not answer."""
        self._check(address)
        (register,) = struct.unpack(">H", bytes(out_buffer)[out_start:out_end])
        end = len(in_buffer) if in_end is None else in_end
        words = self._read(register, (end - in_start) // 2)
        in_buffer[in_start:end] = struct.pack(f">{len(words)}H", *words)

    def _check(self, address: int) -> None:
        if not self.present or address != ADDRESS:
            raise OSError(121, "Remote I/O error")

    def _write(self, register: int, value: int) -> None:
        if register == _CONTROL:
            self._control = value
        elif register == _STATUS and not value & _READY:
            self._ready, self._wait = False, _LATENCY

    def _read(self, register: int, count: int) -> list[int]:
        if register == _STATUS:
            return [self._status()]
        if register == _CONTROL:
            return [self._control]
        base, words = (_EEPROM, self._eeprom) if register >= _EEPROM else (_RAM, self._measured())
        return words[register - base : register - base + count]

    def _status(self) -> int:
        if not self._ready and self._wait == 0:
            self._ready, self._half = True, 1 - self._half
        elif self._wait:
            self._wait -= 1
        return self._half | (_READY if self._ready else 0)

    def _measured(self) -> list[int]:
        """The RAM: counts of every pixel, then what the chip measures about itself."""
        ambient = self._ambient_c
        reflected4, ambient4 = (ambient - _SHIFT_C + _ZERO_C) ** 4, (ambient + _ZERO_C) ** 4
        base = reflected4 - (reflected4 - ambient4) / _EMISSIVITY
        counts = _EMISSIVITY * _ALPHA * ((self._picture().astype(np.float64).ravel() + _ZERO_C) ** 4 - base)
        words = [*np.clip(np.round(counts), -32768, 32767).astype(np.int64).tolist(), *[0] * (_WORDS - _PIXELS)]
        wished = _VPTAT25 + _KT_PTAT * (ambient - 25)
        words[768] = round(_PTAT * 2**18 / wished - _ALPHA_PTAT * _PTAT)
        words[778], words[800], words[810] = _GAIN, _PTAT, _VDD25
        return [word & 0xFFFF for word in words]


def _calibration() -> list[int]:
    words = [0] * _WORDS
    words[16] = 0x4000
    words[33] = 100
    words[48], words[49] = _GAIN, _VPTAT25
    words[50] = 22 << 10 | round(_KT_PTAT * 8)
    words[51] = 0x9D << 8 | 0x68
    words[52], words[54], words[55], words[56] = 0x1111, 0x0101, 0x0101, 0x2880
    words[64:] = [0x0010] * _PIXELS
    return words
