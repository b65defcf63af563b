"""A small ext4 disk of its own, on a loop device: it can be filled, and the kernel made to find an error on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class LoopDisk:
    """Mounted at `place`, its bytes in `image`."""

    place: Path
    image: Path

    def fill(self) -> Path:
        """Take every byte that is left; the file that holds them."""
        ballast = self.place / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        return ballast

    def fail(self) -> None:
        """The kernel finds an error and turns the file system read-only under everybody who uses it."""
        device = self.place.stat().st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")

    def mend(self) -> None:
        """Mount it anew, as a person does after a look at it."""
        subprocess.run(["umount", "-l", str(self.place)], check=True)
        subprocess.run(["e2fsck", "-fy", str(self.image)], check=False, capture_output=True)
        self.mount()

    def mount(self) -> None:
        done = subprocess.run(
            ["mount", "-o", "loop,errors=remount-ro", str(self.image), str(self.place)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"the kernel refuses to mount a loop device: {done.stderr.strip()}")


@contextmanager
def loop_disk(folder: Path, megabytes: int = 24) -> Iterator[LoopDisk]:
    """Make and mount one in `folder`; skips the test, saying why, where that is not allowed."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("a small ext4 disk needs root and mkfs.ext4 (apt-get install e2fsprogs)")
    disk = LoopDisk(folder / "disk", folder / "image")
    disk.place.mkdir()
    with disk.image.open("wb") as image:
        image.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(disk.image)], check=True)
    disk.mount()
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk.place)], check=True)
