"""A model bundle as one file: a plain tar of regular files, read far more strictly than tar reads.

What is read before the signature is checked are headers of 512 bytes: no links, no folders, no long names, no second
file of a name, nothing behind what the signed description names.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography import x509

from agent.errors import OperatorError
from agent.models.bundles.manifest import (
    BUNDLE,
    LIMIT,
    MANIFEST,
    SIGNATURE,
    SIGNER,
    Bundle,
    check_file,
    parse_bundle,
    spec_of,
)
from agent.models.bundles.signing import Certificates, checked
from agent.update.slots import Refused
from agent.vision.spec import ModelSpec

MOST_FILES = 8
ENVELOPE = 256 * 1024
"""The most bytes that description, signature, certificate and headers may have beside the files."""
_BLOCK = tarfile.BLOCKSIZE
_MAGIC_AT, _MAGIC = 257, b"ustar"
_BROKEN = "fetch the bundle again"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A bundle whose signature holds: its description, who signed it, the model's entry, and every file."""

    bundle: Bundle
    signer: x509.Certificate
    spec: ModelSpec
    contents: Mapping[str, bytes]

    @property
    def model(self) -> bytes:
        """The model's file."""
        return self.contents[self.spec.file]


def is_parcel(path: Path) -> bool:
    """Whether a file looks like one, and not like an image's bundle. Raises OSError."""
    with path.open("rb") as file:
        return file.read(_BLOCK)[_MAGIC_AT:].startswith(_MAGIC)


def pack(contents: Mapping[str, bytes]) -> bytes:
    """The file of these contents; the same contents make the same file."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return written.getvalue()


def read_parcel(path: Path, keyring: Certificates) -> Parcel:
    """Read a bundle and check everything that its signature covers. Raises Refused, OperatorError."""
    try:
        if path.stat().st_size > LIMIT + ENVELOPE:
            raise Refused(f"{path.name} is larger than the {LIMIT >> 20} MiB that a model bundle may have")
        with path.open("rb") as file:
            contents = dict(_members(file))
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    bundle, signer, spec = judged(contents, keyring)
    extra = contents.keys() ^ {BUNDLE, SIGNER, SIGNATURE, *bundle.files}
    if extra:
        raise Refused(f"{path.name} does not hold what its description names: {', '.join(sorted(extra))}", hint=_BROKEN)
    for name in bundle.files:
        check_file(bundle, name, contents[name])
    return Parcel(bundle, signer, spec, contents)


def judged(contents: Mapping[str, bytes], keyring: Certificates) -> tuple[Bundle, x509.Certificate, ModelSpec]:
    """What the signed part says, who signed it, and the model's entry; the model's file is not looked at.

    Raises Refused.
    """
    for name in (BUNDLE, SIGNER, SIGNATURE, MANIFEST):
        if name not in contents:
            raise Refused(f"it has no {name}", hint="only a bundle made by tools/model_bundle.py is one")
    signer = checked(contents[BUNDLE], contents[SIGNATURE], contents[SIGNER], keyring)
    bundle = parse_bundle(contents[BUNDLE])
    return bundle, signer, spec_of(bundle, contents[MANIFEST])


def _members(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, in order. Raises Refused."""
    seen: set[str] = set()
    while (header := file.read(_BLOCK)).strip(b"\0"):
        try:
            info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
        except (tarfile.HeaderError, ValueError) as error:
            raise Refused(f"it is no tar, or broken: {error}", hint=_BROKEN) from None
        if info.type != tarfile.REGTYPE or "/" in info.name or info.name in seen or len(seen) == MOST_FILES:
            raise Refused(f"{info.name!r} does not belong into a model bundle", hint=_BROKEN)
        if not 0 <= info.size <= LIMIT or len(content := file.read(info.size)) != info.size:
            raise Refused(f"{info.name} is cut short", hint=_BROKEN)
        file.seek(-info.size % _BLOCK, io.SEEK_CUR)
        seen.add(info.name)
        yield info.name, content
