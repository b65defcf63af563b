"""What a program really did to the files below a folder: recorded by a library of ours, read back as operations."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
SOURCE = Path(__file__).with_name("io_trace.c")
MARKS = ".marks"
"""The file below the root that a program writes lines into to say what it has promised by now."""
_ENTRY = struct.Struct("=IIIIQQ")


class Kind(IntEnum):
    """As in io_trace.c; MARK is ours: a line written into MARKS."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    RENAME = 5
    UNLINK = 6
    MKDIR = 7
    RMDIR = 8
    SYNC_FOLDER = 9
    UNSUPPORTED = 10
    MARK = 11


class Op(NamedTuple):
    """One operation that succeeded. Names are below the root and begin with a slash; the root itself is empty."""

    kind: Kind
    inode: int
    offset: int
    name: str
    other: str
    data: bytes


def why_not() -> str:
    """Why nothing can be recorded here; empty where it can."""
    return "" if shutil.which("gcc") else "recording a program's I/O needs gcc (apt-get install gcc libc6-dev)"


def build(folder: Path) -> Path:
    """Compile the library that records into `folder`."""
    library = folder / "io_trace.so"
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    subprocess.run([*command, "-ldl", "-lpthread"], check=True)
    return library


def record(library: Path, command: Sequence[str], root: Path) -> list[Op]:
    """Run the command to its end and give what it did below `root`, which it is told of by its last argument."""
    root = root.resolve()
    file = root.with_name(root.name + ".trace")
    file.unlink(missing_ok=True)
    traced = {"LD_PRELOAD": str(library), "IO_TRACE_ROOT": str(root), "IO_TRACE_FILE": str(file)}
    done = subprocess.run([*command, str(root)], cwd=ROOT, env={**os.environ, **traced}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    ops = list(_marked(_ops(file.read_bytes())))
    file.unlink()
    (root / MARKS).unlink(missing_ok=True)
    return ops


def _ops(content: bytes) -> Iterator[Op]:
    at = 0
    while at < len(content):
        kind, name_length, other_length, data_length, inode, offset = _ENTRY.unpack_from(content, at)
        at += _ENTRY.size
        parts = []
        for length in (name_length, other_length, data_length):
            parts.append(content[at : at + length])
            at += length
        assert kind != Kind.UNSUPPORTED, f"the program called {parts[2].decode()}, which the model does not know"
        yield Op(Kind(kind), inode, offset, parts[0].decode(), parts[1].decode(), parts[2])


def _marked(ops: Iterator[Op]) -> Iterator[Op]:
    """The operations, with what concerns MARKS made into marks."""
    marks: int | None = None
    for op in ops:
        if op.name == f"/{MARKS}":
            marks = op.inode
        elif op.kind is Kind.WRITE and op.inode == marks:
            yield op._replace(kind=Kind.MARK)
        else:
            yield op
