"""Looks for secrets in a folder or an archive's bytes: an image, a bundle and a log must hold none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PATTERNS = {
    "a private key": rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\r?\n(?:[A-Za-z0-9+/=:, -]+\r?\n){2}",
    "a claim for pairing": rb"(?i)AISLEWATCH:1:[a-z0-9_.-]+:[0-9a-f]{64}:[a-z2-7]{26}",
    "a password's hash": rb"\$(?:1|2[aby]|5|6|7|y|gy)\$[./A-Za-z0-9$=,]{8,}\$[./A-Za-z0-9]{20,}",
    "a radio's key": rb"(?m)^\s*(?:psk|wpa_passphrase|passphrase)\s*=\s*(?:\"[^\"\n]{8,63}\"|[0-9a-fA-F]{64})",
    "an access token": rb"\b(?:ghp_[A-Za-z0-9]{36}|xox[bp]-[0-9A-Za-z-]{20,}|AKIA[0-9A-Z]{16})\b",
}
_SCANNED = {what: re.compile(pattern) for what, pattern in _PATTERNS.items()}
_NAMES = re.compile(r"(?:^|/)(?:ssh_host_\w+_key|id_(?:rsa|ed25519|ecdsa)|\.netrc|\.pgpass|key\.pem)$")
# Libraries that carry the keys of their self tests, which their sources publish.
_SELF_TESTS = re.compile(r"(?:^|/)libgnutls[^/]*\.so[.0-9]*$")
_CHUNK = 8 * 1024 * 1024
_OVERLAP = 4096


@dataclass(frozen=True, slots=True)
class Finding:
    """One secret, or what looks like one: in which file, what, and where in it (bytes)."""

    path: str
    what: str
    offset: int

    def __str__(self) -> str:
        return f"{self.path}: {self.what} at byte {self.offset}"


def folder(root: Path) -> list[Finding]:
    """What is found in the files of a folder, by name and by content."""
    found = []
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink() or not path.is_file():
            continue
        if _NAMES.search(name):
            found.append(Finding(name, "a file that is named as a key is", 0))
        found += file(path, name)
    return found


def file(path: Path, name: str) -> list[Finding]:
    """What is found in the bytes of one file, however large."""
    found: dict[Finding, None] = {}
    sought = {} if _SELF_TESTS.search(name) else _SCANNED
    for start, chunk in _chunks(path):
        for what, pattern in sought.items():
            found |= {Finding(name, what, start + match.start()): None for match in pattern.finditer(chunk)}
    return list(found)


def _chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as content:
        tail, at = b"", 0
        while read := content.read(_CHUNK):
            yield at - len(tail), tail + read
            at += len(read)
            tail = (tail + read)[-_OVERLAP:]
