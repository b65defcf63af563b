"""The computer itself: identity, temperature, throttling, load, memory, storage and radio from sysfs and procfs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from hal.ports import BoardSample

_SECTOR_BYTES = 512
_MEBIBYTE = 1024.0 * 1024.0
_VCGENCMD_LIMIT_S = 2.0
# Bits of the firmware's get_throttled word; the same ones 16 higher tell what happened since boot.
_UNDER_VOLTAGE, _THROTTLED = 1 << 0, 1 << 2
_SINCE_BOOT = 16


class LinuxBoard:
    """Reads the kernel's files below `root`, which a test points at a tree of its own.

    `data_dir` is the place whose free space and wear count.
    """

    def __init__(self, data_dir: str, *, root: Path = Path("/"), vcgencmd: str = "vcgencmd") -> None:
        self._root = root
        self._data_dir = root / data_dir.lstrip("/")
        self._vcgencmd = vcgencmd
        self._identity = (self._read_model(), self._read_serial())

    @property
    def model(self) -> str:
        return self._identity[0]

    @property
    def serial(self) -> str:
        return self._identity[1]

    def sample(self) -> BoardSample:
        """Every reading the board has."""
        flags = self._throttled_flags()
        memory = self._memory_mb()
        free_mb, total_mb = self._disk_mb()
        return BoardSample(
            soc_temp_c=self._millidegrees("sys/class/thermal/thermal_zone0/temp"),
            throttled_now=_flag(flags, _THROTTLED),
            throttled_since_boot=_flag(flags, _THROTTLED << _SINCE_BOOT),
            under_voltage_now=_flag(flags, _UNDER_VOLTAGE),
            under_voltage_since_boot=_flag(flags, _UNDER_VOLTAGE << _SINCE_BOOT),
            load_1min=_first_number(self._text("proc/loadavg")),
            mem_total_mb=memory.get("MemTotal"),
            mem_available_mb=memory.get("MemAvailable"),
            process_rss_mb=_kilobytes(self._text("proc/self/status")).get("VmRSS"),
            disk_free_mb=free_mb,
            disk_total_mb=total_mb,
            disk_written_mb=self._written_mb(),
            storage_life_used_pct=self._life_used_pct(),
            wifi_signal_dbm=self._wifi_dbm(),
            accelerator_temp_c=self._millidegrees("sys/class/apex/apex_0/temp"),
            uptime_s=_first_number(self._text("proc/uptime")),
        )

    def _read_model(self) -> str:
        names = ("proc/device-tree/model", "sys/class/dmi/id/product_name")
        return next((text for name in names if (text := self._text(name))), "unknown board")

    def _read_serial(self) -> str:
        written = self._text("proc/device-tree/serial-number") or self._cpuinfo_serial()
        serial = re.sub("[^a-z0-9]", "", written.lower())
        if serial.strip("0"):
            return serial
        # A machine id is confidential (machine-id(5)): only a hash of it leaves the device.
        machine = self._text("etc/machine-id") or self._text("proc/sys/kernel/hostname")
        return hashlib.sha256(b"aislewatch " + machine.encode()).hexdigest()[:16]

    def _cpuinfo_serial(self) -> str:
        found = re.search(r"^Serial\s*:\s*(\w+)", self._text("proc/cpuinfo"), re.MULTILINE)
        return found[1] if found else ""

    def _throttled_flags(self) -> int | None:
        written = self._text("sys/devices/platform/soc/soc:firmware/get_throttled") or self._ask_vcgencmd()
        try:
            return int(written.removeprefix("throttled="), 16)
        except ValueError:
            return None

    def _ask_vcgencmd(self) -> str:
        program = shutil.which(self._vcgencmd)
        if program is None:
            return ""
        try:
            answer = subprocess.run(
                [program, "get_throttled"], capture_output=True, text=True, timeout=_VCGENCMD_LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return answer.stdout.strip()

    def _memory_mb(self) -> dict[str, float]:
        return _kilobytes(self._text("proc/meminfo"))

    def _disk_mb(self) -> tuple[float | None, float | None]:
        try:
            state = os.statvfs(self._data_dir)
        except OSError:
            return None, None
        return state.f_bavail * state.f_frsize / _MEBIBYTE, state.f_blocks * state.f_frsize / _MEBIBYTE

    def _written_mb(self) -> float | None:
        """Written to the storage since boot: the seventh field of its `stat`, in sectors of 512 bytes."""
        fields = self._text(f"sys/block/{self._block_device()}/stat").split()
        return int(fields[6]) * _SECTOR_BYTES / _MEBIBYTE if len(fields) > 6 and fields[6].isdigit() else None

    def _life_used_pct(self) -> float | None:
        """An eMMC's worse wear estimate in steps of 10 %: 0x01 means up to 10 % used (JESD84-B51, 7.4.33)."""
        fields = self._text(f"sys/block/{self._block_device()}/device/life_time").split()
        try:
            steps = [int(field, 16) for field in fields]
        except ValueError:
            return None
        return max(steps) * 10.0 if any(steps) else None

    def _block_device(self) -> str:
        """The disk that holds the data, by the device number of its directory; the first SD card or eMMC otherwise."""
        try:
            number = self._data_dir.stat().st_dev
        except OSError:
            number = 0
        link = self._root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
        if link.exists():
            path = link.resolve()
            return path.parent.name if (path / "partition").exists() else path.name
        cards = sorted((self._root / "sys/block").glob("mmcblk[0-9]"))
        return cards[0].name if cards else "none"

    def _wifi_dbm(self) -> float | None:
        """The signal level of the first radio in /proc/net/wireless; its fourth column, with a dot behind."""
        for line in self._text("proc/net/wireless").splitlines()[2:]:
            fields = line.split()
            if len(fields) > 3:
                return _first_number(fields[3].rstrip("."))
        return None

    def _millidegrees(self, name: str) -> float | None:
        value = _first_number(self._text(name))
        return None if value is None else value / 1000

    def _text(self, name: str) -> str:
        """A kernel file without its end of line or closing zero byte; empty where there is none."""
        try:
            return (self._root / name).read_bytes().decode(errors="replace").strip("\0\n ")
        except OSError:
            return ""


def _kilobytes(text: str) -> dict[str, float]:
    """The `Name:   123 kB` lines of a procfs file, in MiB."""
    return {name: int(value) / 1024 for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def _flag(flags: int | None, bit: int) -> bool | None:
    return None if flags is None else bool(flags & bit)


def _first_number(text: str) -> float | None:
    try:
        return float(text.split()[0])
    except (IndexError, ValueError):
        return None
