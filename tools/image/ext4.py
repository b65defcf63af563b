"""Makes ext4 file systems from folders without mounting anything; the same bytes for the same input."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from tools.image.run import run

WRITTEN_INODES, SPARE_INODES = 4096, 256
"""A file system with a journal grows, its inodes with it; one without is only read and never holds more than now."""
_NAMESPACE = uuid.UUID("6f6d2a52-2c0c-4b8e-9a60-6d0b6f6c9a11")


def make(folder: Path, image: Path, *, label: str, size_mib: int, epoch: int, journal: bool) -> None:
    """Write a file system of a folder's content; one without a journal is only read. Raises BuildError."""
    settle_times(folder, epoch)
    identity = uuid.uuid5(_NAMESPACE, label)
    image.unlink(missing_ok=True)
    features = ["-O", "^has_journal"] if not journal else []
    inodes = WRITTEN_INODES if journal else len([*folder.rglob("*")]) + SPARE_INODES
    run(
        [
            *("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-N", str(inodes)),
            *(*features, "-L", label, "-U", str(identity)),
            *("-E", f"hash_seed={identity},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"),
            *("-d", folder, image, f"{size_mib}M"),
        ],
        env={"E2FSPROGS_FAKE_TIME": str(epoch), "SOURCE_DATE_EPOCH": str(epoch)},
    )
    _settle_inodes(image, epoch)


def settle_times(folder: Path, epoch: int) -> None:
    """No file is younger than `epoch`, and all were last read then."""
    for path in sorted(folder.rglob("*"), reverse=True):
        modified = min(int(path.lstat().st_mtime), epoch)
        os.utime(path, (epoch, modified), follow_symlinks=False)
    os.utime(folder, (epoch, epoch))


def _settle_inodes(image: Path, epoch: int) -> None:
    """Set the times of change and making, which mke2fs takes from this host, for every inode in use."""
    said = run(["dumpe2fs", "-h", image])
    total, free = (int(_number(said, name)) for name in ("Inode count", "Free inodes"))
    commands = []
    for inode in [2, *range(11, total - free + 1)]:
        for field in ("ctime", "atime", "crtime"):
            commands.append(f"set_inode_field <{inode}> {field} @{epoch}")
            commands.append(f"set_inode_field <{inode}> {field}_extra 0")
    run(
        ["debugfs", "-w", "-f", "-", image],
        env={"E2FSPROGS_FAKE_TIME": str(epoch)},
        stdin="\n".join(commands).encode() + b"\n",
    )


def _number(said: str, name: str) -> str:
    match = re.search(rf"^{name}:\s+(\d+)$", said, re.MULTILINE)
    assert match, f"dumpe2fs told no {name}"
    return match.group(1)
