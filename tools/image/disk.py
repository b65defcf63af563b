"""The card: slot chooser, two boot slots, two root slots, data; under an MBR. Nothing is mounted."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.image.recipe import DISK_ID, BuildError, Sizes
from tools.image.run import run

SECTOR = 512
MIB = 1024 * 1024
FAT, LINUX, EXTENDED = 0x0C, 0x83, 0x0F
_FAR = b"\xfe\xff\xff"  # cylinders, heads and sectors that say: look at the block numbers
_CHUNK = 4 * MIB


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: Linux's number for it, type, first sector and length in sectors."""

    number: int
    kind: int
    start: int
    sectors: int


def layout(sizes: Sizes) -> list[Partition]:
    """1 chooser, 2 and 3 boot slots A and B, 4 extended, in it 5 and 6 root slots A and B, 7 data at the end."""
    per_mib = MIB // SECTOR
    at = 4 * per_mib
    found = []
    for number, kind, mib in ((1, FAT, sizes.select), (2, FAT, sizes.boot), (3, FAT, sizes.boot)):
        found.append(Partition(number, kind, at, mib * per_mib))
        at += mib * per_mib
    logical, first = [], at
    for number, mib in ((5, sizes.root), (6, sizes.root), (7, sizes.data)):
        logical.append(Partition(number, LINUX, at + per_mib, mib * per_mib))
        at += (mib + 1) * per_mib
    return [*found, Partition(4, EXTENDED, first, at - first), *logical]


def tables(partitions: Sequence[Partition]) -> dict[int, bytes]:
    """The sectors of the partition tables by their number: the MBR and a chain of extended records."""
    primary = [part for part in partitions if part.number <= 4]
    extended = next(part for part in partitions if part.kind == EXTENDED)
    logical = [part for part in partitions if part.number > 4]
    records = {0: _record([_entry(part.kind, part.start, part.sectors) for part in primary], DISK_ID)}
    own = [extended.start, *(part.start - MIB // SECTOR for part in logical[1:])]
    for index, part in enumerate(logical):
        entries = [_entry(part.kind, part.start - own[index], part.sectors)]
        if index + 1 < len(logical):
            following = logical[index + 1]
            length = following.start + following.sectors - own[index + 1]
            entries.append(_entry(0x05, own[index + 1] - extended.start, length))
        records[own[index]] = _record(entries, 0)
    return records


def read_table(image: Path) -> list[Partition]:
    """The partitions that a card or an image has. Raises BuildError when there is no table."""
    with image.open("rb") as disk:
        found = [Partition(index + 1, *entry) for index, entry in enumerate(_entries(disk.read(SECTOR), image))]
        found = [part for part in found if part.kind]
        base = next((part.start for part in found if part.kind in (EXTENDED, 0x05)), None)
        at, number = base, 5
        while at is not None and base is not None:
            disk.seek(at * SECTOR)
            own, following = _entries(disk.read(SECTOR), image)[:2]
            found.append(Partition(number, own[0], at + own[1], own[2]))
            at, number = (base + following[1] if following[0] else None), number + 1
    return found


def make_fat(image: Path, *, label: str, size_mib: int, files: Mapping[str, bytes], work: Path, epoch: int) -> None:
    """A FAT file system with these files (`folder/name` for those in folders); the same bytes for the same input."""
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(size_mib * MIB)
    kind = ["-F", "32"] if size_mib >= 64 else []
    run(["mkfs.vfat", "--invariant", *kind, "-n", label, "-i", f"{DISK_ID:08x}", image])
    work.mkdir(parents=True, exist_ok=True)
    times = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    folders = {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
    for folder in sorted(folders):
        run(["mmd", "-i", image, f"::{folder}"], env=times)
    for name, content in sorted(files.items()):
        (work / "file").write_bytes(content)
        run(["mcopy", "-i", image, work / "file", f"::{name}"], env=times)


def write(image: Path, partitions: Sequence[Partition], contents: Mapping[int, Path]) -> None:
    """Write tables and partitions' contents; holes stay holes. Raises BuildError when one is larger than its place."""
    image.unlink(missing_ok=True)
    with image.open("wb") as disk:
        disk.truncate(max(part.start + part.sectors for part in partitions) * SECTOR)
        for sector, record in tables(partitions).items():
            disk.seek(sector * SECTOR)
            disk.write(record)
        for part in partitions:
            if part.number in contents:
                _copy(contents[part.number], disk, part)


def _copy(source: Path, disk: BinaryIO, part: Partition) -> None:
    size = source.stat().st_size
    if size > part.sectors * SECTOR:
        raise BuildError(f"{source.name} has {size // MIB} MiB, partition {part.number} {part.sectors * SECTOR // MIB}")
    with source.open("rb") as file:
        at = part.start * SECTOR
        while chunk := file.read(_CHUNK):
            if chunk.count(0) != len(chunk):
                disk.seek(at)
                disk.write(chunk)
            at += len(chunk)


def _entry(kind: int, start: int, sectors: int) -> bytes:
    return struct.pack("<B3sB3sII", 0, _FAR, kind, _FAR, start, sectors)


def _record(entries: Sequence[bytes], identity: int) -> bytes:
    return struct.pack("<440xIH", identity, 0) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


def _entries(record: bytes, image: Path) -> list[tuple[int, int, int]]:
    if len(record) < SECTOR or record[-2:] != b"\x55\xaa":
        raise BuildError(f"{image} has no partition table")
    words = [struct.unpack("<B3sB3sII", record[446 + 16 * index : 462 + 16 * index]) for index in range(4)]
    return [(kind, start, sectors) for _boot, _first, kind, _last, start, sectors in words]
