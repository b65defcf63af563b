"""The files of an audit log: the one that grows, and the full ones before it, named by the number of their first line.

    audit-000000001.log  audit-000031874.log  audit.log  audit.head

The chain runs through all of them. When they are too many the oldest goes, and a line of the log says so: only then may
a log begin with another number than 1.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

LOG = "audit.log"
RETIRED = "audit_retired"
PART_BYTES, MOST_PARTS = 4 << 20, 16
_PART = re.compile(r"audit-(\d{9,})\.log")


class Begun(NamedTuple):
    """Where a log begins: the number of its first line and the hash of the line before that."""

    n: int
    prev: str


def full_parts(folder: Path) -> list[Path]:
    """The full files, oldest first."""
    parts = (path for path in folder.iterdir() if _PART.fullmatch(path.name)) if folder.is_dir() else ()
    return sorted(parts, key=first_number)


def all_parts(folder: Path) -> list[Path]:
    """All files of the log, oldest first; the growing one is there unless a crash came just before it was begun."""
    growing = folder / LOG
    return [*full_parts(folder), *([growing] if growing.exists() else [])]


def part_name(first: int) -> str:
    """The name of a full file by the number of its first line."""
    return f"audit-{first:09d}.log"


def first_number(part: Path) -> int:
    """The number that a full file's name tells."""
    match = _PART.fullmatch(part.name)
    assert match is not None
    return int(match[1])


def retirement(begun: Begun) -> dict[str, Any]:
    """What the line says that lets a log begin there: the last line that went, and its hash."""
    return {"through": begun.n - 1, "sha256": begun.prev}
