"""A real small file system that can be filled up or made read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk_at(place: Path, size: str = "1m") -> Iterator[Path]:
    """Mount a tmpfs of `size` at `place`; skips the test, saying why, where mounting is not allowed."""
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root and mount(8)")
    done = subprocess.run(mounting, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the kernel refuses to mount a small file system: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
