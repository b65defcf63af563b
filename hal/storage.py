"""The disk that holds the data: space, what was written, wear, errors, and whether it can be written at all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from hal.kernel import KernelFiles

_SECTOR_BYTES = 512
_MEBIBYTE = 1024.0 * 1024.0
_CARDS = {"MMC": "emmc", "SD": "sd"}


class _Disk(NamedTuple):
    """The names of the partition (or whole disk) that is mounted, and of its disk; empty where they are not known."""

    partition: str
    disk: str


class Storage:
    """Reads about the disk below `data_dir`, an absolute path below the files' root."""

    def __init__(self, files: KernelFiles, data_dir: str) -> None:
        self._files = files
        self._mounted = "/" + data_dir.strip("/")
        self._data_dir = files.root / data_dir.lstrip("/")

    def space_mb(self) -> tuple[float | None, float | None]:
        """Free for use, and in all."""
        try:
            state = os.statvfs(self._data_dir)
        except OSError:
            return None, None
        return state.f_bavail * state.f_frsize / _MEBIBYTE, state.f_blocks * state.f_frsize / _MEBIBYTE

    def size_mb(self) -> float | None:
        """The size of the whole disk."""
        sectors = self._files.integer(self._sys("size"))
        return None if sectors is None else sectors * _SECTOR_BYTES / _MEBIBYTE

    def kind(self) -> str | None:
        """The kind of disk: emmc, sd, nvme or disk."""
        name = self._names().disk
        if name.startswith("mmcblk"):
            return _CARDS.get(self._files.text(self._sys("device/type")))
        if name.startswith("nvme"):
            return "nvme"
        return "disk" if name else None

    def written_mb(self) -> float | None:
        """Written to the disk since boot: the seventh field of its `stat`, in sectors of 512 bytes."""
        fields = self._files.text(self._sys("stat")).split()
        return int(fields[6]) * _SECTOR_BYTES / _MEBIBYTE if len(fields) > 6 and fields[6].isdigit() else None

    def written_life_mb(self) -> float | None:
        """Written to the file system since it was made, as ext4 keeps count of it."""
        kilobytes = self._files.integer(self._ext4("lifetime_write_kbytes"))
        return None if kilobytes is None else kilobytes / 1024

    def life_used_pct(self) -> float | None:
        """An eMMC's worse wear estimate in steps of 10 %: 0x01 means up to 10 % used (JESD84-B51, 7.4.33)."""
        try:
            steps = [int(field, 16) for field in self._files.text(self._sys("device/life_time")).split()]
        except ValueError:
            return None
        return max(steps) * 10.0 if any(steps) else None

    def reserve(self) -> int | None:
        """An eMMC's word about its spare blocks: 1 normal, 2 warning, 3 urgent (JESD84-B51, PRE_EOL_INFO)."""
        return self._files.integer(self._sys("device/pre_eol_info"), 16) or None

    def errors(self) -> int | None:
        """Failures that the file system, the bus and an MMC host have counted; None where nobody counts."""
        counts = [
            self._files.integer(self._ext4("errors_count")),
            self._files.integer(self._sys("device/ioerr_cnt"), 16),
            self._host_errors(),
        ]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    def read_only(self) -> bool | None:
        """Whether the file system of the data is mounted read-only, as after an error."""
        best = ("", "")
        for line in self._files.text("proc/self/mounts").splitlines():
            fields = line.split()
            if len(fields) > 3 and len(point := _unescaped(fields[1])) >= len(best[0]) and self._lies_in(point):
                best = (point, fields[3])
        return "ro" in best[1].split(",") if best[0] else None

    def _lies_in(self, point: str) -> bool:
        return self._mounted == point or self._mounted.startswith(point.rstrip("/") + "/")

    def _host_errors(self) -> int | None:
        """What the host of an SD card or eMMC has counted; debugfs shows it to root alone."""
        host = (self._files.root / self._sys("device")).resolve().name.partition(":")[0]
        counts = re.findall(r":\s*(\d+)\s*$", self._files.text(f"sys/kernel/debug/{host}/err_stats"), re.MULTILINE)
        return sum(map(int, counts)) if counts else None

    def _sys(self, name: str) -> str:
        return f"sys/block/{self._names().disk or 'none'}/{name}"

    def _ext4(self, name: str) -> str:
        return f"sys/fs/ext4/{self._names().partition or 'none'}/{name}"

    def _names(self) -> _Disk:
        """By the device number of the data's folder; the first SD card or eMMC where that tells nothing."""
        try:
            number = self._data_dir.stat().st_dev
        except OSError:
            number = 0
        link = self._files.root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
        if link.exists():
            return _disk_of(link.resolve())
        cards = [path.name for path in self._files.found("sys/block/mmcblk[0-9]")]
        return _Disk(f"{cards[0]}p2", cards[0]) if cards else _Disk("", "")


def _disk_of(path: Path) -> _Disk:
    return _Disk(path.name, path.parent.name if (path / "partition").exists() else path.name)


def _unescaped(point: str) -> str:
    """A mount point as the kernel writes it, with blanks as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)
