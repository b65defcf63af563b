"""The packages of an image, installed by mmdebstrap and kept as one archive under the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from tools.image.recipe import ARCHITECTURE, Recipe
from tools.image.run import run

# Nothing in the archive is younger, so that it stays the same from commit to commit of ours (s since 1970: 2025-01-01).
EPOCH = 1_735_689_600
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
        partial = archive.with_suffix(".part")
        run([*_apart(), *command, partial, *sources], env={"SOURCE_DATE_EPOCH": str(EPOCH)})
        partial.rename(archive)
    return archive


def _apart() -> list[str]:
    """A mount namespace of its own for root, so that a killed build leaves nothing mounted."""
    return ["unshare", "--mount", "--propagation", "private"] if os.geteuid() == 0 else []
