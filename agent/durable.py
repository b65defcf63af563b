"""Files that survive a power cut: written beside their place, synced, renamed into it, and the folder synced."""

from __future__ import annotations

import os
from pathlib import Path

PARTIAL = ".part"


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` at `path`: afterwards the old or the new content is there as a whole. Raises OSError."""
    partial = path.with_name(path.name + PARTIAL)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def wipe(path: Path) -> None:
    """Overwrite a file where it lies, then remove it: a name that is gone leaves the bytes. Raises OSError.

    What a flash card's own controller has put aside, no program reaches.
    """
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def sync_file(path: Path) -> None:
    """Bring a file's content to the disk. Raises OSError."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk. Raises OSError."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_all(folder: Path) -> None:
    """Bring the files of a folder, then their names, to the disk. Raises OSError."""
    for path in folder.iterdir():
        sync_file(path)
    sync_folder(folder)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
