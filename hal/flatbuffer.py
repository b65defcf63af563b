"""A bounds check of TensorFlow Lite's flatbuffers, for runtimes that trust every offset they read.

Layout: https://flatbuffers.dev/internals/ and TensorFlow Lite's schema.fbs, version 3.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

# The offsets inside each kind of table, by field number: an int is a vector of elements of that size (a string is one
# of 1), a name is a table, a name in a tuple is a vector of tables.
_Field = int | str | tuple[str]
_SCHEMA: Mapping[str, Mapping[int, _Field]] = {
    "Model": {
        1: ("OperatorCode",),
        2: ("SubGraph",),
        3: 1,
        4: ("Buffer",),
        5: 4,
        6: ("Metadata",),
        7: ("SignatureDef",),
    },
    "OperatorCode": {1: 1},
    "SubGraph": {0: ("Tensor",), 1: 4, 2: 4, 3: ("Operator",), 4: 1},
    "Tensor": {0: 4, 3: 1, 4: "Quantization", 6: "Options", 7: 4},
    "Quantization": {0: 4, 1: 4, 2: 4, 3: 8, 5: "Options"},
    "Operator": {1: 4, 2: 4, 4: "Options", 5: 1, 7: 1, 8: 4, 12: "Options"},
    "Options": {},
    "Buffer": {0: 1},
    "Metadata": {0: 1},
    "SignatureDef": {0: ("TensorMap",), 1: ("TensorMap",), 2: 1},
    "TensorMap": {0: 1},
}


def verify_model(content: bytes) -> None:
    """Follow every offset that the schema names. Raises ValueError when one leads out of the file."""
    try:
        _Verifier(content).table(struct.unpack_from("<I", content)[0], "Model")
    except struct.error as error:
        raise ValueError("an offset leads out of the file") from error


class _Verifier:
    """One pass over one file; every table is visited once however often it is referred to."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._visited: set[tuple[int, str]] = set()

    def table(self, at: int, kind: str) -> None:
        if (at, kind) in self._visited:
            return
        self._visited.add((at, kind))
        vtable = at - self._unpack("<i", at)
        vtable_size, table_size = self._unpack("<H", vtable), self._unpack("<H", vtable + 2)
        self._inside(vtable, vtable_size)
        self._inside(at, table_size)
        for number, field in _SCHEMA[kind].items():
            entry = 4 + 2 * number
            offset = self._unpack("<H", vtable + entry) if entry + 2 <= vtable_size else 0
            if offset:
                self._field(self._follow(at + offset), field)

    def _field(self, at: int, field: _Field) -> None:
        if isinstance(field, str):
            self.table(at, field)
            return
        size = field if isinstance(field, int) else 4
        count = self._unpack("<I", at)
        self._inside(at + 4, count * size)
        if isinstance(field, tuple):
            for item in range(at + 4, at + 4 + 4 * count, 4):
                self.table(self._follow(item), field[0])

    def _follow(self, at: int) -> int:
        return at + self._unpack("<I", at)

    def _unpack(self, form: str, at: int) -> int:
        if at < 0:
            raise ValueError("an offset leads out of the file")
        value: int = struct.unpack_from(form, self._content, at)[0]
        return value

    def _inside(self, at: int, size: int) -> None:
        if at < 0 or at + size > len(self._content):
            raise ValueError("a part reaches past the end of the file")
