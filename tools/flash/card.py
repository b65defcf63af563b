"""Writes an image onto a card, puts the provision onto its first partition, and reads back what was written."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from agent.errors import OperatorError
from agent.install import provision
from tools.image import disk, firmware
from tools.image.recipe import BuildError

Progress = Callable[[int], None]
"""Called with the bytes done so far."""

_CHUNK = 4 * 1024 * 1024
_PACKERS = {".zst": "zstd", ".xz": "xz", ".gz": "gzip"}
_PACKAGES = {"zstd": "zstd", "xz": "xz-utils", "gzip": "gzip"}


def write(image: Path, target: Path, progress: Progress) -> tuple[int, str]:
    """Write an image, packed or not; how many bytes that were and their SHA-256. Raises OperatorError."""
    digest, done = hashlib.sha256(), 0
    try:
        with unpacked(image) as source, target.open("r+b" if target.exists() else "wb") as card:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                card.write(chunk)
                done += len(chunk)
                progress(done)
            card.flush()
            os.fsync(card.fileno())
    except OSError as error:
        raise OperatorError(f"{target} cannot be written: {error.strerror or error}") from None
    return done, digest.hexdigest()


def check(target: Path, size: int, sha256: str, progress: Progress) -> None:
    """Read a card back and compare. Raises OperatorError for one that does not hold what was written."""
    digest, done = hashlib.sha256(), 0
    with target.open("rb") as card:
        os.posix_fadvise(card.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while done < size and (chunk := card.read(min(_CHUNK, size - done))):
            digest.update(chunk)
            done += len(chunk)
            progress(done)
    if digest.hexdigest() != sha256:
        raise OperatorError(f"{target} does not hold what was written to it", hint="the card is broken: take another")


def put_provision(target: Path, text: str) -> None:
    """Put a provision onto a written card, and read it back. Raises OperatorError."""
    provision.parse(text)
    content = text.encode()
    try:
        firmware.write_file(target, 1, provision.NAME, content)
        if firmware.read_file(target, 1, provision.NAME) != content:
            raise OperatorError(f"{target} does not keep the provision", hint="the card is broken: take another")
    except BuildError as error:
        raise OperatorError(str(error)) from None


def check_starts(target: Path) -> None:
    """Whether a Pi's firmware would find its way on this card: table, chooser, boot slot. Raises OperatorError."""
    try:
        numbers = [part.number for part in disk.read_table(target)]
        chosen = firmware.boot_partition(firmware.read_file(target, 1, "autoboot.txt").decode("ascii"), tried=False)
        settings = firmware.read_file(target, chosen, "config.txt")
    except (BuildError, UnicodeDecodeError) as error:
        raise OperatorError(f"{target} would not start: {error}") from None
    if sorted(numbers) != [1, 2, 3, 4, 5, 6, 7] or not settings:
        raise OperatorError(f"{target} would not start: partitions {numbers}, boot slot {chosen}")


@contextmanager
def unpacked(image: Path) -> Iterator[IO[bytes]]:
    """An image's bytes, unpacked on the way. Raises OperatorError."""
    if not image.is_file():
        raise OperatorError(f"there is no image {image}", hint="`make image` makes one")
    packer = _PACKERS.get(image.suffix)
    if packer is None:
        with image.open("rb") as source:
            yield source
        return
    if shutil.which(packer) is None:
        raise OperatorError(f"{packer} is needed for {image.name}", hint=f"sudo apt-get install {_PACKAGES[packer]}")
    with subprocess.Popen([packer, "-dc", str(image)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout
    if process.returncode:
        raise OperatorError(f"{image.name} is damaged: {packer} ended with {process.returncode}")
