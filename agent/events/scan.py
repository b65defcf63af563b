"""Structural limits on msgpack from strangers, checked on the bytes before any object is made of them."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from agent.errors import WireError


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may be at most (docs/design/security.md): bytes, nested containers, values with keys."""

    size: int = 256 * 1024
    depth: int = 8
    items: int = 4096


MESSAGE_LIMITS = Limits()

_NAN_CHECKED = {0xCA: struct.Struct(">f"), 0xCB: struct.Struct(">d")}
_SCALARS = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8}
_SCALARS |= {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_SCALARS |= dict.fromkeys([*range(0x80), *range(0xE0, 0x100)], 0)
_TEXTS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_CONTAINERS = {0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
_MAP_HEADS = frozenset([*range(0x80, 0x90), 0xDE, 0xDF])
_STR_HEADS = frozenset([*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB])


def scan(message: bytes, limits: Limits = MESSAGE_LIMITS) -> int:
    """Walk one msgpack value of the published format (msgpack/spec.md) and return how many values it holds.

    Raises WireError for a breach of `limits`, truncated or trailing bytes, an ext type, a reserved byte, a map key
    that is not text or stands twice, and a number that is not finite.
    """
    if len(message) > limits.size:
        raise WireError(f"message of {len(message)} bytes is longer than {limits.size}")
    return _Scan(message, limits).run()


class _Scan:
    """One walk over one message; `_open` holds [values left, keys seen] of each container still open."""

    def __init__(self, message: bytes, limits: Limits) -> None:
        self._message = message
        self._limits = limits
        self._at = 0
        self._items = 0
        self._open: list[tuple[list[int], set[bytes] | None]] = [([1], None)]

    def run(self) -> int:
        while self._open:
            left, keys = self._open[-1]
            if not left[0]:
                self._open.pop()
                continue
            left[0] -= 1
            if keys is not None and left[0] % 2:
                self._key(keys)
            else:
                self._value()
        if self._at != len(self._message):
            raise WireError(f"{len(self._message) - self._at} bytes follow the message")
        return self._items

    def _key(self, keys: set[bytes]) -> None:
        head = self._peek()
        if head not in _STR_HEADS:
            raise WireError("a map key is not text")
        start = self._at
        self._value()
        key = self._message[start : self._at]
        if key in keys:
            raise WireError(f"the key {key[1:40].decode(errors='replace')!r} stands twice in one map")
        keys.add(key)

    def _value(self) -> None:
        self._count(1)
        head = self._peek()
        self._at += 1
        length = _SCALARS.get(head)
        if length is not None:
            self._scalar(head, length)
        elif 0xA0 <= head <= 0xBF:
            self._skip(head & 0x1F)
        elif head in _TEXTS:
            self._skip(self._number(_TEXTS[head]))
        elif 0x80 <= head <= 0x9F:
            self._enter(head, head & 0x0F)
        elif head in _CONTAINERS:
            self._enter(head, self._number(_CONTAINERS[head]))
        else:
            raise WireError(f"type byte 0x{head:02x} is reserved or an extension, which is refused")

    def _scalar(self, head: int, length: int) -> None:
        start = self._at
        self._skip(length)
        number = _NAN_CHECKED.get(head)
        if number is not None and not math.isfinite(number.unpack_from(self._message, start)[0]):
            raise WireError("a number is not finite")

    def _enter(self, head: int, length: int) -> None:
        is_map = head in _MAP_HEADS
        children = 2 * length if is_map else length
        if len(self._open) > self._limits.depth:
            raise WireError(f"containers are nested deeper than {self._limits.depth}")
        if self._items + children > self._limits.items:
            raise WireError(f"message holds more than {self._limits.items} values")
        self._open.append(([children], set() if is_map else None))

    def _count(self, items: int) -> None:
        self._items += items
        if self._items > self._limits.items:
            raise WireError(f"message holds more than {self._limits.items} values")

    def _peek(self) -> int:
        if self._at >= len(self._message):
            raise WireError("message is cut short")
        return self._message[self._at]

    def _number(self, width: int) -> int:
        start = self._at
        self._skip(width)
        return int.from_bytes(self._message[start : self._at], "big")

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > len(self._message):
            raise WireError("message is cut short")
