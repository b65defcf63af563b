"""Finds every change to a clip, a report or the audit log; needs nothing but the files, and the device's public key.

Without a key to compare with, a signature proves that nothing was changed since it was made, not by whom it was made:
`Finding.known` tells which of the two was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from agent.errors import OperatorError, WireError
from agent.evidence.audit_parts import LOG
from agent.evidence.finding import Finding, judge_key, read
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO, Manifest, Segment, decode_manifest, sha256
from agent.evidence.seal import SUFFIX, sealed_by
from agent.evidence.verify_log import verify_log
from agent.keys import PublicKey

T = TypeVar("T")
_CHUNK = 1 << 20


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


def verify_signed(path: Path, trusted: PublicKey | None = None) -> Finding:
    """Check a file against the signature beside it, as records have one. Raises OperatorError."""
    finding, seal = Finding(str(path), "record"), path.with_name(path.name + SUFFIX)
    if not seal.exists():
        finding.problems.append(f"{seal.name} is missing")
        return finding
    finding.signed_by = sealed_by(read(path), read(seal))
    if finding.signed_by is None:
        finding.problems.append(f"the signature does not fit {path.name}")
    else:
        judge_key(finding, trusted)
    return finding


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
