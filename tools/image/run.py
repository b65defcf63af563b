"""Runs the programs of other packages, and says which package brings one that is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.image.recipe import BuildError

# Which Debian package brings a program.
PACKAGES = {
    "apt-get": "apt",
    "cpio": "cpio",
    "fdtput": "device-tree-compiler",
    "dpkg-deb": "dpkg",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mmdebstrap": "mmdebstrap",
    "modprobe": "kmod",
    "depmod": "kmod",
    "openssl": "openssl",
    "rauc": "rauc",
    "xz": "xz-utils",
    "zstd": "zstd",
}


def need(*programs: str) -> None:
    """Raises BuildError naming the packages to install for programs that are missing."""
    missing = sorted({PACKAGES.get(name, name) for name in programs if shutil.which(name) is None})
    if missing:
        raise BuildError(f"missing: {' '.join(missing)}. Run: sudo apt-get install {' '.join(missing)}")


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
) -> str:
    """What a program prints. Raises BuildError with its last words when it fails."""
    words = [str(word) for word in command]
    need(words[0])
    result = subprocess.run(
        words, env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}, cwd=cwd, input=stdin, capture_output=True
    )
    if result.returncode:
        said = (result.stderr or result.stdout).decode(errors="replace").strip()[-2000:]
        raise BuildError(f"{' '.join(words[:6])} ... ended with {result.returncode}:\n{said}")
    return result.stdout.decode(errors="replace")
