"""Where a card is written: a removable disk or a file; what must not be overwritten is refused."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from agent.errors import OperatorError

_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Disks:
    """What the kernel tells of disks; tests name other folders."""

    block: Path = Path("/sys/class/block")
    mounts: Path = Path("/proc/self/mounts")

    def size(self, disk: Path) -> int:
        """Its size in bytes."""
        return int((self.block / disk.name / "size").read_text()) * _SECTOR

    def removable(self, disk: Path) -> bool:
        """Whether it can be taken out: a stick or a card."""
        folder = self.block / disk.name
        kind = folder / "device/type"
        return (folder / "removable").read_text().strip() == "1" or (
            kind.is_file() and kind.read_text().strip() == "SD"
        )

    def mounted(self, disk: Path) -> list[str]:
        """Where it, or a partition of it, is mounted now."""
        found = []
        for line in self.mounts.read_text().splitlines():
            source, place, *_ = line.split()
            name = Path(source).name
            if source.startswith("/dev/") and (name == disk.name or self._part_of(name, disk)):
                found.append(place)
        return found

    def _part_of(self, name: str, disk: Path) -> bool:
        return (self.block / disk.name / name).is_dir()


def check(target: Path, needed: int, *, force: bool, disks: Disks | None = None) -> None:
    """Whether a card of `needed` bytes may be written there. Raises OperatorError.

    `force` allows a disk that is not removable; one that is in use is never overwritten.
    """
    disks = disks or Disks()
    if not target.exists() or not stat.S_ISBLK(target.stat().st_mode):
        _check_file(target)
        return
    check_disk(target.resolve(), needed, force=force, disks=disks)


def check_disk(disk: Path, needed: int, *, force: bool, disks: Disks) -> None:
    """The same for a disk. Raises OperatorError."""
    if not (disks.block / disk.name / "removable").is_file():
        raise OperatorError(f"{disk} is a partition, not a whole disk", hint="name the disk, such as /dev/sdb")
    if places := disks.mounted(disk):
        raise OperatorError(f"{disk} is in use: {', '.join(places)}", hint="unmount it, or name another disk")
    if not force and not disks.removable(disk):
        raise OperatorError(f"{disk} is not removable", hint="--force, once you are sure that it is the card")
    if disks.size(disk) < needed:
        raise OperatorError(f"{disk} has {disks.size(disk) >> 20} MiB, the image needs {needed >> 20}")


def _check_file(target: Path) -> None:
    if target.exists() and not target.is_file():
        raise OperatorError(f"{target} is neither a disk nor a file")
    if not target.exists() and target.is_relative_to("/dev"):
        raise OperatorError(f"there is no disk {target}", hint="`lsblk` lists disks")
    if not target.parent.is_dir():
        raise OperatorError(f"there is no folder {target.parent}")
