"""A report as one ZIP file in which every byte counts: what is packed has one form only, and the check makes it again.

Files are stored, not compressed, in the order of the manifest, all with the same date; so a change even to what no
reader of ZIP files looks at is found.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from agent.errors import WireError
from agent.evidence.finding import Finding
from agent.evidence.manifest import MANIFEST, SIGNATURE, FileFacts, sha256
from agent.evidence.seal import seal
from agent.evidence.verify import name_problems, unsealed, verify_clip
from agent.keys import DeviceKey, PublicKey

TYPE = "aislewatch-report"
CLIPS = "clips/"
_DATE = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20
_IN_MEMORY = 32 << 20


class ParcelManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a report holds; signed."""

    type: str
    incident: str
    made_utc_s: float
    clock_synchronised: bool
    device: str
    files: tuple[FileFacts, ...]


def pack(out: IO[bytes], manifest: ParcelManifest, files: Mapping[str, bytes], key: DeviceKey) -> None:
    """Write a report; `files` are all that the manifest names."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    entries = [(MANIFEST, content), (SIGNATURE, seal(key, content))]
    _write(out, [*entries, *((file.name, files[file.name]) for file in manifest.files)])


def facts_of(files: Mapping[str, bytes]) -> tuple[FileFacts, ...]:
    """Name, size and hash of every file."""
    return tuple(FileFacts(name, len(content), sha256(content)) for name, content in files.items())


def verify_report(path: Path, trusted: PublicKey | None = None) -> Finding:
    """Check a report: its signature, its files, the clips in it, and that not a byte is otherwise."""
    finding = Finding(str(path), "report")
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parcel:
            _verify(parcel, file, finding, trusted)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, UnicodeDecodeError, ValueError) as error:
        finding.problems.append(f"no whole ZIP file: {error}")
    except OSError as error:
        finding.problems.append(f"cannot be read: {error.strerror or error}")
    return finding


class ZipSource:
    """The files of one clip in a report."""

    def __init__(self, parcel: zipfile.ZipFile, prefix: str) -> None:
        self._parcel = parcel
        self._prefix = prefix

    def names(self) -> Sequence[str]:
        return [name.removeprefix(self._prefix) for name in self._parcel.namelist() if name.startswith(self._prefix)]

    def open(self, name: str) -> BinaryIO:
        return self._parcel.open(self._prefix + name)  # type: ignore[return-value]  # IO[bytes] is all that is used


def _verify(parcel: zipfile.ZipFile, file: BinaryIO, finding: Finding, trusted: PublicKey | None) -> None:
    if any(info.compress_type != zipfile.ZIP_STORED for info in parcel.infolist()):
        finding.problems.append("a file in it is compressed, which no report of ours is")
        return
    manifest = _manifest(parcel, finding, trusted)
    if manifest is None:
        return
    finding.facts = {"incident": manifest.incident, "files": len(manifest.files), "made_utc_s": manifest.made_utc_s}
    stated = {one.name: one for one in manifest.files}
    finding.problems += name_problems(parcel.namelist(), {MANIFEST, SIGNATURE, *stated})
    for name in set(stated) & set(parcel.namelist()):
        content = parcel.read(name)
        if (len(content), sha256(content)) != (stated[name].bytes, stated[name].sha256):
            finding.problems.append(f"{name} is not the file that was signed")
    finding.problems += _clip_problems(parcel, trusted)
    if finding.sound and not _same(parcel, [MANIFEST, SIGNATURE, *stated], file):
        finding.problems.append("the ZIP file itself was changed")


def _manifest(parcel: zipfile.ZipFile, finding: Finding, trusted: PublicKey | None) -> ParcelManifest | None:
    if not {MANIFEST, SIGNATURE} <= set(parcel.namelist()):
        finding.problems.append(f"{MANIFEST} or its signature is missing")
        return None
    return unsealed(finding, parcel.read(MANIFEST), parcel.read(SIGNATURE), trusted, _decode)


def _decode(content: bytes) -> ParcelManifest:
    try:
        manifest = msgspec.json.decode(content, type=ParcelManifest)
    except msgspec.DecodeError as error:
        raise WireError(f"no manifest of a report: {error}") from None
    if manifest.type != TYPE:
        raise WireError(f"a manifest of type {manifest.type!r}")
    return manifest


def _clip_problems(parcel: zipfile.ZipFile, trusted: PublicKey | None) -> Iterator[str]:
    folders = {name.split("/")[1] for name in parcel.namelist() if name.startswith(CLIPS) and name.count("/") == 2}
    for folder in sorted(folders):
        for problem in verify_clip(ZipSource(parcel, f"{CLIPS}{folder}/"), folder, trusted).problems:
            yield f"clip {folder}: {problem}"


def _same(parcel: zipfile.ZipFile, names: Sequence[str], file: BinaryIO) -> bool:
    """Whether packing the same content anew gives the same bytes."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as again:
        _write(again, ((name, parcel.read(name)) for name in names))
        again.seek(0)
        file.seek(0)
        while True:
            one, other = again.read(_CHUNK), file.read(_CHUNK)
            if one != other:
                return False
            if not one:
                return True


def _write(out: IO[bytes], entries: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as parcel:
        for name, content in entries:
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            parcel.writestr(info, content)
