"""A disk whose power is cut: from recorded operations to every content that the disk may have afterwards.

Only what was synced is sure: the data and the length of a file by its own sync, the names in a folder by the folder's.
Whatever was not is, each operation for itself, there, missing, or (a write) there in some of its 512-byte sectors only;
so later ones may be there while earlier ones are missing. A rename is there as a whole or not at all, as journaling
file systems have it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.durability.io_trace import Kind, Op

SECTOR = 512


class Write(NamedTuple):
    """A write, or without data a change of length to `offset`, that has not been synced."""

    number: int
    offset: int
    data: bytes | None


@dataclass
class File:
    """Content that is surely on the disk, and what was written since."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Write] = field(default_factory=list)

    def sync(self) -> None:
        for write in self.pending:
            _apply(self.synced, write, None)
        self.pending.clear()

    def after(self, cut: Cut) -> bytes:
        """The content once the power is back."""
        content = bytearray(self.synced)
        for write in self.pending:
            if cut.keeps(write.number):
                _apply(content, write, cut.tears)
        return bytes(content)


class Naming(NamedTuple):
    """A change of a folder that has not been synced: `node` gets the name `new`, the name `old` goes."""

    number: int
    old: str
    new: str
    node: File | Folder | None


@dataclass
class Folder:
    """Names that are surely on the disk, the names as programs see them, and the changes in between."""

    synced: dict[str, File | Folder] = field(default_factory=dict)
    now: dict[str, File | Folder] = field(default_factory=dict)
    pending: list[Naming] = field(default_factory=list)

    def change(self, naming: Naming) -> None:
        _rename(self.now, naming)
        self.pending.append(naming)

    def sync(self) -> None:
        self.synced = dict(self.now)
        self.pending.clear()

    def write(self, place: Path, cut: Cut) -> None:
        """Lay out what is there once the power is back."""
        place.mkdir(exist_ok=True)
        names = dict(self.synced)
        for naming in self.pending:
            if cut.keeps(naming.number):
                _rename(names, naming)
        for name, node in names.items():
            if isinstance(node, Folder):
                node.write(place / name, cut)
            else:
                (place / name).write_bytes(node.after(cut))


class Disk:
    """The disk below one folder while recorded operations happen."""

    def __init__(self, folder: Path) -> None:
        """Begins with what is in `folder`, all of it synced."""
        self._inodes: dict[int, File] = {}
        self.root = self._load(folder)
        self.count = 0

    def apply(self, op: Op) -> None:
        """One more operation happens."""
        self.count += 1
        _STEPS[op.kind](self, op)

    def write(self, place: Path, cut: Cut) -> None:
        """Lay out in the new folder `place` what is there once the power is back."""
        self.root.write(place, cut)

    def _load(self, folder: Path) -> Folder:
        found = Folder()
        for path in folder.iterdir():
            node: File | Folder
            if path.is_dir():
                node = self._load(path)
            else:
                node = self._inodes[path.stat().st_ino] = File(bytearray(path.read_bytes()))
            found.synced[path.name] = found.now[path.name] = node
        return found

    def _create(self, op: Op) -> None:
        file = self._inodes[op.inode] = File()
        self._name(op.name, file)

    def _make_folder(self, op: Op) -> None:
        self._name(op.name, Folder())

    def _name(self, name: str, node: File | Folder) -> None:
        folder, last = self._place(name)
        folder.change(Naming(self.count, "", last, node))

    def _remove(self, op: Op) -> None:
        folder, last = self._place(op.name)
        folder.change(Naming(self.count, last, "", None))

    def _move(self, op: Op) -> None:
        folder, old = self._place(op.name)
        other, new = self._place(op.other)
        assert folder is other, "the model knows renames within one folder only"
        folder.change(Naming(self.count, old, new, folder.now[old]))

    def _write(self, op: Op) -> None:
        self._inodes[op.inode].pending.append(Write(self.count, op.offset, op.data))

    def _truncate(self, op: Op) -> None:
        self._inodes[op.inode].pending.append(Write(self.count, op.offset, None))

    def _sync(self, op: Op) -> None:
        self._inodes[op.inode].sync()

    def _sync_folder(self, op: Op) -> None:
        self._folder(op.name.split("/")[1:]).sync()

    def _place(self, name: str) -> tuple[Folder, str]:
        *folders, last = name.split("/")[1:]
        return self._folder(folders), last

    def _folder(self, names: list[str]) -> Folder:
        folder = self.root
        for name in names:
            found = folder.now[name]
            assert isinstance(found, Folder)
            folder = found
        return folder


_STEPS: dict[Kind, Callable[[Disk, Op], None]] = {
    Kind.CREATE: Disk._create,
    Kind.WRITE: Disk._write,
    Kind.TRUNCATE: Disk._truncate,
    Kind.SYNC: Disk._sync,
    Kind.RENAME: Disk._move,
    Kind.UNLINK: Disk._remove,
    Kind.MKDIR: Disk._make_folder,
    Kind.RMDIR: Disk._remove,
    Kind.SYNC_FOLDER: Disk._sync_folder,
    Kind.MARK: lambda disk, op: None,
}


class Cut:
    """What becomes of the operations that were not synced when the power went, `number` of them by then."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self._chance = chance
        self._kept: Callable[[int], bool] = chance.choice(
            [
                lambda _: False,
                lambda _: True,
                self._up_to(number - int(chance.expovariate(0.2))),
                self._some(chance.choice((0.2, 0.5, 0.8))),
                self._some(0.95),
            ]
        )
        self._tearing = chance.choice((0.0, 0.0, 0.3, 1.0))

    def keeps(self, number: int) -> bool:
        """Whether anything of the operation of that number reached the disk."""
        return self._kept(number)

    def tears(self, sectors: int) -> list[bool] | None:
        """Which sectors of a write that did are there; None is all."""
        if self._chance.random() >= self._tearing:
            return None
        if self._chance.random() < 0.5:
            whole = self._chance.randrange(sectors + 1)
            return [number < whole for number in range(sectors)]
        return [self._chance.random() < 0.5 for _ in range(sectors)]

    def _some(self, share: float) -> Callable[[int], bool]:
        return lambda _: self._chance.random() < share

    @staticmethod
    def _up_to(last: int) -> Callable[[int], bool]:
        return lambda number: number <= last


class Everything(Cut):
    """No cut at all: every operation is there."""

    def __init__(self) -> None:
        super().__init__(random.Random(0), 0)

    def keeps(self, number: int) -> bool:
        return True

    def tears(self, sectors: int) -> list[bool] | None:
        return None


def _apply(content: bytearray, write: Write, tears: Callable[[int], list[bool] | None] | None) -> None:
    """One write; what lies between the old end and its offset is zero, and so is what is missing of a new part."""
    if write.data is None:
        del content[write.offset :]
        content.extend(bytes(write.offset - len(content)))
        return
    end = write.offset + len(write.data)
    first = write.offset // SECTOR
    there = tears((end - 1) // SECTOR - first + 1) if tears and write.data else None
    content.extend(bytes(max(0, end - len(content))))
    if there is None:
        content[write.offset : end] = write.data
        return
    for number, kept in enumerate(there, first):
        low, high = max(write.offset, number * SECTOR), min(end, (number + 1) * SECTOR)
        if kept:
            content[low:high] = write.data[low - write.offset : high - write.offset]


def _rename(names: dict[str, File | Folder], naming: Naming) -> None:
    names.pop(naming.old, None)
    if naming.node is not None:
        names[naming.new] = naming.node
