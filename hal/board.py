"""The computer itself: identity, temperature, supply, load, memory, storage, clock and network, from the kernel."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hal.ambient import ambient_c
from hal.kernel import KernelFiles
from hal.network import Network
from hal.ports import BoardSample
from hal.storage import Storage
from hal.system import KernelClock, kernel_clock

_VCGENCMD_LIMIT_S = 2.0
_END_WITHIN_S = 0.5
_HUNG_PAUSE = 10
"""Samples for which a vcgencmd that hung is left alone."""
# Bits of the firmware's get_throttled word; the same ones 16 higher tell what happened since boot.
_UNDER_VOLTAGE, _CAPPED, _THROTTLED, _HOT = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_SINCE_BOOT = 16
_PWM_FULL = 255


class LinuxBoard:
    """Reads the kernel's files below `root`, which a test points at a tree of its own.

    `data_dir` is the place whose free space and wear count; `instance` tells cameras apart that share the board.
    """

    def __init__(
        self,
        data_dir: str,
        *,
        instance: str = "",
        root: Path = Path("/"),
        vcgencmd: str = "vcgencmd",
        clock: Callable[[], KernelClock | None] = kernel_clock,
    ) -> None:
        self._files = KernelFiles(root)
        self._storage = Storage(self._files, data_dir)
        self._network = Network(self._files)
        self._vcgencmd = vcgencmd
        self._pause = 0
        self._clock = clock
        self._identity = (self._read_model(), "-".join(filter(None, (self._read_serial(), instance))))

    @property
    def model(self) -> str:
        return self._identity[0]

    @property
    def serial(self) -> str:
        return self._identity[1]

    def sample(self) -> BoardSample:
        """Every reading the board has."""
        files, storage, network = self._files, self._storage, self._network
        flags, fan, clock = self._throttled_flags(), self._fan(), self._clock()
        memory = kilobytes(files.text("proc/meminfo"))
        free_mb, total_mb = storage.space_mb()
        return BoardSample(
            soc_temp_c=self._soc_temp_c(),
            throttled_now=_flag(flags, _THROTTLED),
            throttled_since_boot=_flag(flags, _THROTTLED << _SINCE_BOOT),
            capped_now=_flag(flags, _CAPPED),
            capped_since_boot=_flag(flags, _CAPPED << _SINCE_BOOT),
            hot_now=_flag(flags, _HOT),
            hot_since_boot=_flag(flags, _HOT << _SINCE_BOOT),
            under_voltage_now=self._under_voltage(flags),
            under_voltage_since_boot=_flag(flags, _UNDER_VOLTAGE << _SINCE_BOOT),
            fan_rpm=fan.rpm,
            fan_level_pct=fan.level_pct,
            load_1min=files.number("proc/loadavg"),
            mem_total_mb=memory.get("MemTotal"),
            mem_available_mb=memory.get("MemAvailable"),
            process_rss_mb=kilobytes(files.text("proc/self/status")).get("VmRSS"),
            disk_free_mb=free_mb,
            disk_total_mb=total_mb,
            disk_written_mb=storage.written_mb(),
            disk_written_life_mb=storage.written_life_mb(),
            disk_size_mb=storage.size_mb(),
            storage_kind=storage.kind(),
            storage_life_used_pct=storage.life_used_pct(),
            storage_reserve=storage.reserve(),
            storage_errors=storage.errors(),
            read_only=storage.read_only(),
            clock_error_s=clock.error_s if clock else None,
            clock_frequency_ppm=clock.frequency_ppm if clock else None,
            wifi_signal_dbm=network.wifi_dbm(),
            link_up=network.link_up(),
            gateway_reached=network.gateway_reached(),
            accelerator_temp_c=files.millidegrees("sys/class/apex/apex_0/temp"),
            ambient_c=ambient_c(files),
            uptime_s=files.number("proc/uptime"),
        )

    def _read_model(self) -> str:
        names = ("proc/device-tree/model", "sys/class/dmi/id/product_name")
        return next((text for name in names if (text := self._files.text(name))), "unknown board")

    def _read_serial(self) -> str:
        written = self._files.text("proc/device-tree/serial-number") or self._cpuinfo_serial()
        serial = re.sub("[^a-z0-9]", "", written.lower())
        if serial.strip("0"):
            return serial
        # A machine id is confidential (machine-id(5)): only a hash of it leaves the device.
        machine = self._files.text("etc/machine-id") or self._files.text("proc/sys/kernel/hostname")
        return hashlib.sha256(b"aislewatch " + machine.encode()).hexdigest()[:16]

    def _cpuinfo_serial(self) -> str:
        found = re.search(r"^Serial\s*:\s*(\w+)", self._files.text("proc/cpuinfo"), re.MULTILINE)
        return found[1] if found else ""

    def _soc_temp_c(self) -> float | None:
        """The processor's thermal zone by its name, else the first one."""
        for kind in self._files.found("sys/class/thermal/thermal_zone*/type"):
            if re.search("cpu|soc|x86_pkg", self._files.text(kind)):
                return self._files.millidegrees(kind.with_name("temp"))
        return self._files.millidegrees("sys/class/thermal/thermal_zone0/temp")

    def _fan(self) -> _Fan:
        """The first fan that tells its speed, and what it is asked for; else what a cooling device is asked for."""
        for speed in self._files.found("sys/class/hwmon/hwmon*/fan1_input"):
            level = self._files.integer(speed.with_name("pwm1"))
            return _Fan(self._files.number(speed), None if level is None else 100.0 * level / _PWM_FULL)
        for kind in self._files.found("sys/class/thermal/cooling_device*/type"):
            most = self._files.integer(kind.with_name("max_state"))
            now = self._files.integer(kind.with_name("cur_state"))
            if "fan" in self._files.text(kind).lower() and now is not None and most:
                return _Fan(None, 100.0 * now / most)
        return _Fan(None, None)

    def _under_voltage(self, flags: int | None) -> bool | None:
        """From the firmware's word, else from the kernel's own monitor of it (raspberrypi-hwmon)."""
        if flags is not None:
            return _flag(flags, _UNDER_VOLTAGE)
        for name in self._files.found("sys/class/hwmon/hwmon*/name"):
            if self._files.text(name) == "rpi_volt":
                alarm = self._files.integer(name.with_name("in0_lcrit_alarm"))
                return None if alarm is None else bool(alarm)
        return None

    def _throttled_flags(self) -> int | None:
        written = self._files.text("sys/devices/platform/soc/soc:firmware/get_throttled") or self._ask_vcgencmd()
        try:
            return int(written.removeprefix("throttled="), 16)
        except ValueError:
            return None

    def _ask_vcgencmd(self) -> str:
        """Its answer, or nothing; the firmware may not answer, and then not even a kill ends the program at once."""
        self._pause = max(self._pause - 1, 0)
        program = shutil.which(self._vcgencmd)
        if program is None or self._pause:
            return ""
        try:
            asked = subprocess.Popen(
                [program, "get_throttled"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        except OSError:
            return ""
        try:
            return asked.communicate(timeout=_VCGENCMD_LIMIT_S)[0].strip()
        except subprocess.TimeoutExpired:
            asked.kill()
            self._pause = _HUNG_PAUSE
            with contextlib.suppress(subprocess.TimeoutExpired):
                asked.communicate(timeout=_END_WITHIN_S)
            return ""


class _Fan(NamedTuple):
    """A fan's speed, and how much it is asked for."""

    rpm: float | None
    level_pct: float | None


def kilobytes(text: str) -> dict[str, float]:
    """The `Name:   123 kB` lines of a procfs file, in MiB."""
    return {name: int(value) / 1024 for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def _flag(flags: int | None, bit: int) -> bool | None:
    return None if flags is None else bool(flags & bit)
