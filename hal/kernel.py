"""The kernel's files below a root, which a test points at a tree of its own; what is missing is empty or None."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


class KernelFiles:
    """Reads sysfs and procfs. Never raises: a file may vanish or refuse between two looks."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def text(self, name: str | Path) -> str:
        """A kernel file without its end of line or closing zero byte; empty where there is none."""
        try:
            return (self.root / name).read_bytes().decode(errors="replace").strip("\0\n ")
        except OSError:
            return ""

    def number(self, name: str | Path) -> float | None:
        """The first word of a file as a number."""
        return first_number(self.text(name))

    def integer(self, name: str | Path, base: int = 10) -> int | None:
        """A file as a whole number."""
        try:
            return int(self.text(name), base)
        except ValueError:
            return None

    def millidegrees(self, name: str | Path) -> float | None:
        """A temperature in the kernel's usual unit, in degrees."""
        value = self.number(name)
        return None if value is None else value / 1000

    def found(self, pattern: str) -> Iterator[Path]:
        """The files of a pattern, in order."""
        yield from sorted(self.root.glob(pattern))


def first_number(text: str) -> float | None:
    """The first word as a number."""
    try:
        return float(text.split()[0])
    except (IndexError, ValueError):
        return None
