"""Signatures beside documents: one line of text over the exact bytes of the document it stands for."""

from __future__ import annotations

import re

from agent.keys import RAW_BYTES, DeviceKey, PublicKey

SUFFIX = ".sig"
_LINE = re.compile(rb"ed25519 ([0-9a-f]{64}) ([0-9a-f]{128})\n")


def seal(key: DeviceKey, content: bytes) -> bytes:
    """The signature file of `content`: the public key and the signature, both in hex."""
    return b"ed25519 " + key.public.raw.hex().encode() + b" " + key.sign(content).hex().encode() + b"\n"


def sealed_by(content: bytes, line: bytes) -> PublicKey | None:
    """Whose signature `line` is, where it truly is one of `content`; else None."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    key = PublicKey(bytes.fromhex(match[1].decode()))
    assert len(key.raw) == RAW_BYTES
    return key if key.verifies(bytes.fromhex(match[2].decode()), content) else None
