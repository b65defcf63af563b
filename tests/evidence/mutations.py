"""Random changes to evidence: bytes flipped, parts dropped, moved, cut off, doubled or taken from elsewhere."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from agent.evidence.audit_parts import LOG
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO
from agent.evidence.segments import whole_segments


class Mutator:
    """Each change truly changes something, and says what it was."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def change(self, clip: Path, other: Path) -> str:
        """One change to a clip; `other` is a clip whose parts may be put in its place."""
        ways: list[Callable[[Path], str]] = [
            self.flip, self.flip, self.flip, self.cut, self.drop, self.double, self.grow, self.blank,
            self.drop_fragment, self.swap_fragments, lambda folder: self.exchange(folder, other),
        ]  # fmt: skip
        return self._chance.choice(ways)(clip)

    def change_log(self, folder: Path) -> str:
        """One change to an audit log or its head."""
        ways = [self.flip, self.flip, self.cut, self.drop, self.grow]
        ways += [self.drop_lines, self.swap_lines, self.double_line]
        return self._chance.choice(ways)(folder)

    def flip(self, folder: Path) -> str:
        """One bit of one byte."""
        path = self._file(folder)
        content = bytearray(path.read_bytes())
        at, bit = self._chance.randrange(len(content)), self._chance.randrange(8)
        content[at] ^= 1 << bit
        path.write_bytes(content)
        return f"bit {bit} of byte {at} of {path.name}"

    def cut(self, folder: Path) -> str:
        """The end of a file."""
        path = self._file(folder)
        length = self._chance.randrange(path.stat().st_size)
        path.write_bytes(path.read_bytes()[:length])
        return f"{path.name} cut to {length}"

    def drop(self, folder: Path) -> str:
        """A whole file."""
        path = self._file(folder)
        path.unlink()
        return f"{path.name} dropped"

    def double(self, folder: Path) -> str:
        """A file more."""
        path = self._file(folder)
        shutil.copy(path, folder / f"copy-{path.name}")
        return f"{path.name} doubled"

    def grow(self, folder: Path) -> str:
        """Bytes at the end of a file."""
        path = self._file(folder)
        more = self._chance.randbytes(self._chance.randrange(1, 40))
        path.write_bytes(path.read_bytes() + more)
        return f"{path.name} grown by {more!r}"

    def blank(self, folder: Path) -> str:
        """A stretch of a file as a failed disk gives it."""
        path = self._file(folder)
        content = bytearray(path.read_bytes())
        start = self._chance.randrange(len(content))
        stretch = content[start : start + 512]
        content[start : start + 512] = bytes(255 - byte for byte in stretch)
        path.write_bytes(content)
        return f"{path.name} overwritten from {start}"

    def drop_fragment(self, folder: Path) -> str:
        """One fragment of the video."""
        parts = self._fragments(folder)
        number = self._chance.randrange(len(parts))
        del parts[number]
        (folder / VIDEO).write_bytes(b"".join(parts))
        return f"fragment {number} dropped"

    def swap_fragments(self, folder: Path) -> str:
        """Two fragments change places."""
        parts = self._fragments(folder)
        one, two = self._chance.sample(range(len(parts)), 2)
        parts[one], parts[two] = parts[two], parts[one]
        (folder / VIDEO).write_bytes(b"".join(parts))
        return f"fragments {one} and {two} exchanged"

    def exchange(self, folder: Path, other: Path) -> str:
        """Files of another clip in place of this one's."""
        names = self._chance.choice([(MANIFEST,), (SIGNATURE,), (MANIFEST, SIGNATURE), (VIDEO,), (VIDEO, MANIFEST)])
        for name in names:
            shutil.copy(other / name, folder / name)
        return f"{names} of another clip"

    def drop_lines(self, folder: Path) -> str:
        """Some lines of the log, anywhere."""
        lines = self._lines(folder)
        start = self._chance.randrange(len(lines))
        count = self._chance.randrange(1, len(lines) - start + 1)
        del lines[start : start + count]
        (folder / LOG).write_bytes(b"".join(lines))
        return f"{count} lines from {start} dropped"

    def swap_lines(self, folder: Path) -> str:
        """Two lines change places."""
        lines = self._lines(folder)
        one, two = self._chance.sample(range(len(lines)), 2)
        lines[one], lines[two] = lines[two], lines[one]
        (folder / LOG).write_bytes(b"".join(lines))
        return f"lines {one} and {two} exchanged"

    def double_line(self, folder: Path) -> str:
        """A line twice."""
        lines = self._lines(folder)
        one = self._chance.randrange(len(lines))
        lines.insert(self._chance.randrange(len(lines) + 1), lines[one])
        (folder / LOG).write_bytes(b"".join(lines))
        return f"line {one} doubled"

    def _file(self, folder: Path) -> Path:
        return self._chance.choice(sorted(folder.iterdir()))

    @staticmethod
    def _lines(folder: Path) -> list[bytes]:
        return (folder / LOG).read_bytes().splitlines(keepends=True)

    @staticmethod
    def _fragments(folder: Path) -> list[bytes]:
        content = (folder / VIDEO).read_bytes()
        with (folder / VIDEO).open("rb") as file:
            return [content[span.offset : span.offset + span.length] for span in whole_segments(file)]
