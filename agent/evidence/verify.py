"""Finds every change to a clip, a report or the audit log; needs nothing but the files, and the device's public key.

Without a key to compare with, a signature proves that nothing was changed since it was made, not by whom it was made:
`Finding.known` tells which of the two was shown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import msgspec

from agent.domain import Json
from agent.errors import OperatorError, WireError
from agent.evidence.audit import CONTEXT, HEAD, HEAD_TYPE, LOG, START, Entry, Head
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO, Manifest, Segment, decode_manifest, sha256
from agent.evidence.seal import sealed_by
from agent.keys import PublicKey

T = TypeVar("T")
_LINE = re.compile(rb"(\{[^\n]*\}) ([0-9a-f]{128})")
_CHUNK = 1 << 20


@dataclass(slots=True)
class Finding:
    """What verifying one thing gave. It is as it was made when there are no `problems`."""

    path: str
    what: str
    problems: list[str] = field(default_factory=list)
    signed_by: PublicKey | None = None
    known: bool = False
    facts: dict[str, Json] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        return not self.problems

    def fields(self) -> dict[str, Json]:
        """The finding as JSON."""
        return {
            "type": "verification",
            "what": self.what,
            "path": self.path,
            "sound": self.sound,
            "key": self.signed_by.fingerprint if self.signed_by else None,
            "key_known": self.known,
            "problems": [*self.problems],
            **self.facts,
        }


class Source(Protocol):
    """Where the files of a clip lie: a folder, or a part of a report."""

    def names(self) -> Sequence[str]: ...
    def open(self, name: str) -> BinaryIO: ...


class FolderSource:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Sequence[str]:
        return [path.name for path in self._folder.iterdir()]

    def open(self, name: str) -> BinaryIO:
        return (self._folder / name).open("rb")


def verify_clip(source: Source, path: str, trusted: PublicKey | None = None) -> Finding:
    """Check a clip's signature, then every piece of it against its manifest."""
    finding = Finding(path, "clip")
    manifest = _signed_manifest(source, finding, trusted)
    if manifest is None:
        return finding
    finding.facts = {
        "clip": manifest.id,
        "incidents": [incident.id for incident in manifest.incidents],
        "duration_s": manifest.video.duration_s,
        "ended": str(manifest.video.ended),
    }
    stated = {file.name: file for file in manifest.files}
    finding.problems += name_problems(source.names(), {MANIFEST, SIGNATURE, VIDEO, *stated})
    for name, file in stated.items():
        if name in source.names() and _hash(source, name) != (file.bytes, file.sha256):
            finding.problems.append(f"{name} is not the file that was signed")
    if VIDEO in source.names():
        with source.open(VIDEO) as video:
            finding.problems += _segment_problems(video, manifest.segments)
    return finding


def verify_log(path: Path, trusted: PublicKey | None = None) -> Finding:
    """Check every line of an audit log, the chain they form, and that none is missing at its end.

    Raises OperatorError where the log cannot be read.
    """
    finding = Finding(str(path), "audit log")
    content, head_path = _read(path), path.with_name(HEAD)
    head = _head(head_path, finding) if head_path.exists() else None
    if not head_path.exists():
        finding.problems.append(f"{HEAD} is missing: lines cut off the end would not be missed")
    judge_key(finding, trusted)
    key = trusted or finding.signed_by
    hashes = list(_chain(content, key, finding)) if key else []
    finding.facts = {"lines": len(hashes)}
    if head is not None and finding.sound:
        _judge_end(hashes, head, finding)
    return finding


def verify_folder(folder: Path, trusted: PublicKey | None = None) -> list[Finding]:
    """Check all that a folder holds: one clip, or the clips and the log below it. Raises OperatorError for nothing."""
    if (folder / MANIFEST).exists():
        return [verify_clip(FolderSource(folder), str(folder), trusted)]
    clips = sorted(path.parent for path in folder.rglob(MANIFEST) if not path.parent.suffix)
    findings = [verify_clip(FolderSource(clip), str(clip), trusted) for clip in clips]
    findings += [verify_log(log, trusted) for log in sorted(folder.rglob(LOG))]
    if not findings:
        raise OperatorError(f"{folder} holds no clip and no audit log", hint="give a clip, a report or an audit log")
    return findings


def _signed_manifest(source: Source, finding: Finding, trusted: PublicKey | None) -> Manifest | None:
    missing = {MANIFEST, SIGNATURE} - set(source.names())
    if missing:
        finding.problems.append(f"{' and '.join(sorted(missing))} missing")
        return None
    with source.open(MANIFEST) as file:
        content = file.read()
    with source.open(SIGNATURE) as file:
        signature = file.read()
    return unsealed(finding, content, signature, trusted, decode_manifest)


def unsealed(
    finding: Finding, content: bytes, signature: bytes, trusted: PublicKey | None, decode: Callable[[bytes], T]
) -> T | None:
    """What a manifest says once its signature fits; None with the problem noted where it does not, or says nothing."""
    finding.signed_by = sealed_by(content, signature)
    if finding.signed_by is None:
        finding.problems.append(f"the signature does not fit {MANIFEST}")
        return None
    judge_key(finding, trusted)
    try:
        return decode(content)
    except WireError as error:
        finding.problems.append(str(error))
        return None


def judge_key(finding: Finding, trusted: PublicKey | None) -> None:
    """Note whether what is signed was signed by the key that is trusted."""
    finding.known = trusted is not None and finding.signed_by == trusted
    if trusted is not None and finding.signed_by is not None and not finding.known:
        finding.problems.append(
            f"signed by the key {finding.signed_by.fingerprint}, not by the one given ({trusted.fingerprint})"
        )


def name_problems(found: Sequence[str], stated: set[str]) -> list[str]:
    """Files that are missing and files that were added."""
    missing = [f"{name} is missing" for name in sorted(stated - set(found))]
    return missing + [f"{name} was added" for name in sorted(set(found) - stated)]


def _segment_problems(video: BinaryIO, segments: Sequence[Segment]) -> list[str]:
    """What is wrong with the video: the first fragment that differs is told by its place."""
    at = 0
    for number, segment in enumerate(segments, start=1):
        content = video.read(segment.bytes)
        if segment.offset != at or len(content) != segment.bytes or sha256(content) != segment.sha256:
            return [f"{VIDEO} differs from what was signed in fragment {number} of {len(segments)} (byte {at})"]
        at += segment.bytes
    return [f"{VIDEO} goes on after its last signed fragment"] if video.read(1) else []


def _hash(source: Source, name: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with source.open(name) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _head(path: Path, finding: Finding) -> Head | None:
    content, _, line = _read(path).partition(b"\n")
    finding.signed_by = sealed_by(content + b"\n", line)
    if finding.signed_by is None:
        finding.problems.append(f"the signature does not fit {HEAD}")
        return None
    try:
        head = msgspec.json.decode(content, type=Head)
    except msgspec.DecodeError as error:
        finding.problems.append(f"{HEAD}: {error}")
        return None
    if head.type != HEAD_TYPE:
        finding.problems.append(f"{HEAD} is of type {head.type!r}")
        return None
    return head


def _chain(content: bytes, key: PublicKey, finding: Finding) -> Iterator[str]:
    """The hash of every line, until one does not follow from those before it."""
    if content and not content.endswith(b"\n"):
        finding.problems.append("the last line is cut off")
        return
    before = START
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        problem = _line_problem(line, number, before, key)
        if problem:
            finding.problems.append(f"line {number} {problem}")
            return
        before = sha256(line.rpartition(b" ")[0])
        yield before


def _line_problem(line: bytes, number: int, before: str, key: PublicKey) -> str:
    match = _LINE.fullmatch(line)
    if match is None or not key.verifies(bytes.fromhex(match[2].decode()), CONTEXT + match[1]):
        return "is not as it was signed"
    try:
        entry = msgspec.json.decode(match[1], type=Entry)
    except msgspec.DecodeError as error:
        return f"is no entry: {error}"
    if entry.n != number:
        return f"has the number {entry.n}: lines were removed, added or moved"
    return "" if entry.prev == before else "does not follow from the line before it"


def _judge_end(hashes: Sequence[str], head: Head, finding: Finding) -> None:
    """The head names the last line; one line more may be there, if a crash came between the two."""
    if head.n > len(hashes):
        finding.problems.append(f"{head.n - len(hashes)} lines are missing at the end")
    elif head.n and hashes[head.n - 1] != head.sha256:
        finding.problems.append(f"line {head.n} is not the one that {HEAD} names")
    elif len(hashes) > head.n + 1:
        finding.problems.append(f"{len(hashes) - head.n} lines more than {HEAD} knows")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint="check the path") from None
