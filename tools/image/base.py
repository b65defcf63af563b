"""The packages of an image, installed by mmdebstrap and kept as one archive under the cache."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tools.image.recipe import ARCHITECTURE, BuildError, Recipe
from tools.image.run import run

# Nothing in the archive is younger, so that it stays the same from commit to commit of ours (s since 1970: 2025-01-01).
EPOCH = 1_735_689_600
# How the kernel knows what it has emulated: for the target, an ELF file of 64 bits for machine 0xb7.
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")
_TARGET = "magic 7f454c460201010000000000000000000200b700"
# What a camera never reads.
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*", "/usr/share/bug/*")


def make(recipe: Recipe, sources: Sequence[str], cache: Path) -> Path:
    """The archive of the recipe's packages from these sources, made once for the same wish."""
    command = [
        "mmdebstrap",
        "--variant=essential",
        "--format=tar",
        f"--architectures={ARCHITECTURE}",
        f"--include={','.join(recipe.packages)}",
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        recipe.suite,
    ]
    wish = "\n".join([*command, *sources])
    archive = cache / f"base-{recipe.name}-{hashlib.sha256(wish.encode()).hexdigest()[:16]}.tar"
    if not archive.is_file():
        need_target()
        partial = archive.with_suffix(".part")
        run([*_apart(), *command, partial, *sources], env={"SOURCE_DATE_EPOCH": str(EPOCH)})
        partial.rename(archive)
    return archive


def need_target(emulators: Path = _EMULATORS, machine: str = platform.machine()) -> None:
    """Raises BuildError where this computer cannot run the target's programs: packages are set up by running them."""
    if machine == "aarch64" or any(_emulates(path) for path in emulators.glob("*")):
        return
    raise BuildError(
        f"this computer ({machine}) runs no programs of {ARCHITECTURE}. Run: sudo apt-get install qemu-user-static; "
        f"if that is there, its emulator is not registered in {emulators}: sudo systemctl restart systemd-binfmt"
    )


def _emulates(path: Path) -> bool:
    said = path.read_text(encoding="ascii", errors="replace").splitlines() if os.access(path, os.R_OK) else []
    return "enabled" in said and _TARGET in said


def _apart() -> list[str]:
    """A mount namespace of its own for root, so that a killed build leaves nothing mounted."""
    return ["unshare", "--mount", "--propagation", "private"] if os.geteuid() == 0 else []
