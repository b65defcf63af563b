"""Looks at the disk below a folder: space, speed, wear, errors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from agent.doctor.steps import Step
from hal.kernel import KernelFiles
from hal.ports import Clock
from hal.storage import Storage

SIZE_MB, PART_MB = 32, 4
LONGEST_S = 10.0
"""A disk that has not taken all by then is measured by what it took."""
SLOW_WRITE_MB_S, SLOW_READ_MB_S, SLOW_SYNC_MS = 4.0, 10.0, 500.0
LEAST_FREE_PCT, WORN_PCT = 10.0, 80.0
_MEBIBYTE = 1 << 20


def disk_steps(folder: Path, clock: Clock) -> list[Step]:
    """All of them; writes a file of 32 MiB and removes it. Takes as long as the disk does."""
    disk = Storage(KernelFiles(Path("/")), str(folder.absolute()))
    return [*space(disk), *speed(folder, clock), *wear(disk)]


def space(disk: Storage) -> Iterator[Step]:
    """How much is free, and whether it can be written."""
    free, whole = disk.space_mb()
    if free is None or not whole:
        yield Step("space", "fault", "the folder cannot be looked at", "give --folder the camera's storage.data_dir")
        return
    share = 100 * free / whole
    words = f"{free:.0f} MiB of {whole:.0f} MiB are free ({share:.0f} %)"
    little = share < LEAST_FREE_PCT
    yield Step("space", "warning" if little else "ok", words, "fewer days of clips, or a larger card" if little else "")
    if disk.read_only():
        yield Step("mounted", "fault", "read-only", "the kernel found errors: copy what matters, replace the card")


def speed(folder: Path, clock: Clock) -> Iterator[Step]:
    """Write a file, sync it, read it back past the cache, and remove it."""
    try:
        write_mb_s, read_mb_s, sync_ms = _timed(folder, clock)
    except OSError as error:
        advice = "let the agent's user write there (sudo -u aislewatch), or give --folder another folder"
        yield Step("speed", "fault", f"{folder} cannot be written: {error.strerror}", advice)
        return
    slow = write_mb_s < SLOW_WRITE_MB_S or read_mb_s < SLOW_READ_MB_S or sync_ms > SLOW_SYNC_MS
    words = f"writes {write_mb_s:.0f} MiB/s, reads {read_mb_s:.0f} MiB/s, a small sync takes {sync_ms:.0f} ms"
    yield Step(
        "speed", "warning" if slow else "ok", words, "use an endurance card of class A1 or better" if slow else ""
    )


def _timed(folder: Path, clock: Clock) -> tuple[float, float, float]:
    """MiB a second written (with the syncs) and read, milliseconds of a small sync. Raises OSError."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        start_s = clock.monotonic()
        written_mb = _written(file, clock)
        written_s = clock.monotonic()
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(0)
        while file.read(_MEBIBYTE):
            pass
        read_s = clock.monotonic()
        file.write(b"x" * 512)
        os.fsync(file.fileno())
        synced_s = clock.monotonic()
    tiny = 1e-6
    rates = written_mb / max(written_s - start_s, tiny), written_mb / max(read_s - written_s, tiny)
    return *rates, 1e3 * (synced_s - read_s)


def _written(file: BinaryIO, clock: Clock) -> int:
    """Write in parts, each synced, so that the journal has to wait for none for long; MiB. Raises OSError."""
    part, end_s = os.urandom(PART_MB * _MEBIBYTE), clock.monotonic() + LONGEST_S
    for written_mb in range(PART_MB, SIZE_MB + 1, PART_MB):
        file.write(part)
        os.fsync(file.fileno())
        if clock.monotonic() > end_s:
            return written_mb
    return SIZE_MB


def wear(disk: Storage) -> Iterator[Step]:
    """What the storage itself tells of its life and its failures."""
    kind, used, errors, written = disk.kind(), disk.life_used_pct(), disk.errors(), disk.written_life_mb()
    amount = "" if written is None else f"; {written / 1024:.1f} GiB written in its life here"
    if used is None:
        yield Step("wear", "unknown", f"a disk of kind {kind or 'unknown'} does not tell{amount}")
    else:
        worn = used >= WORN_PCT
        words = f"up to {used:.0f} % of its life is used{amount}"
        yield Step("wear", "warning" if worn else "ok", words, "plan its replacement" if worn else "")
    if errors is None:
        yield Step("errors", "unknown", "nobody counts them")
    elif errors:
        yield Step("errors", "fault", f"{errors} counted", "copy what matters and replace the card; see dmesg")
    else:
        yield Step("errors", "ok", "none counted")
