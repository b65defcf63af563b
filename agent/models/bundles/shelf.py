"""The delivered models of a camera, each in a folder of its own on the data partition, named as its version.

A folder gets its name when everything in it has reached the disk, so that a power cut leaves a whole one or none. Its
signature is checked whenever models are listed, the model's own hash whenever it is read.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from agent.durable import PARTIAL, sync_folder, write_durably
from agent.errors import ModelError, OperatorError
from agent.models.bundles.manifest import BUNDLE, MANIFEST, SIGNATURE, SIGNER, Bundle, check_file, parts_of
from agent.models.bundles.parcel import Parcel, judged
from agent.models.bundles.signing import Certificates, keyring_file, read_keyring
from agent.update.slots import Refused, order_of
from agent.vision.spec import ModelSpec

FOLDER = "bundles"
_JUDGED = (BUNDLE, SIGNER, SIGNATURE, MANIFEST)

Step = Callable[[str], None]
"""Called before each step with what is about to be done."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A model of the shelf; `spec` stands under the name of its version."""

    folder: Path
    bundle: Bundle
    signer: x509.Certificate
    spec: ModelSpec

    def read(self, name: str) -> bytes:
        """One of its files, as it was signed. Raises ModelError."""
        try:
            content = (self.folder / name).read_bytes()
            check_file(self.bundle, name, content)
        except (OSError, Refused) as error:
            raise ModelError(f"model {self.spec.name}: {error}", hint="deliver it again") from None
        return content


class Shelf:
    """`store` is the folder of this camera's models."""

    def __init__(self, store: Path, keyring: Callable[[], Certificates] = lambda: read_keyring(keyring_file())) -> None:
        self.folder = store / FOLDER
        self._keyring = keyring

    def names(self) -> list[str]:
        """The names of the versions that lie here, whole or damaged; the newest of a model last."""
        try:
            found = [path.name for path in self.folder.iterdir() if path.is_dir() and parts_of(path.name)]
        except (FileNotFoundError, PermissionError):
            return []
        return sorted(found, key=_order)

    def look(self) -> tuple[list[Delivered], dict[str, str]]:
        """The models that may be used, and why others may not."""
        usable, refused = [], {}
        for name in self.names():
            try:
                usable.append(self.load(name))
            except OperatorError as error:
                refused[name] = f"model {name}: {error}"
        return usable, refused

    def load(self, name: str) -> Delivered:
        """A model of the shelf. Raises OperatorError where it may not be used."""
        folder = self.folder / name
        try:
            contents = {part: (folder / part).read_bytes() for part in _JUDGED}
        except OSError as error:
            raise OperatorError(f"{error.filename} cannot be read: {error.strerror}") from None
        bundle, signer, spec = judged(contents, self._keyring())
        if bundle.delivered != name:
            raise OperatorError(f"{folder} holds {bundle.delivered}")
        return Delivered(folder, bundle, signer, spec)

    def holds(self, parcel: Parcel) -> bool:
        """Whether this very bundle lies here."""
        return _bytes_of(self.folder / parcel.bundle.delivered / BUNDLE) == parcel.contents[BUNDLE]

    def put(self, parcel: Parcel, step: Step = lambda what: None) -> None:
        """Lay a bundle on the shelf. Raises OperatorError; whatever cuts it short, a whole one lies there or none."""
        target = self.folder / parcel.bundle.delivered
        part = target.with_name(target.name + PARTIAL)
        try:
            self._begin(part)
            for name, content in parcel.contents.items():
                step(f"writing {name}")
                write_durably(part / name, content)
            step("naming it")
            _remove(target)
            part.rename(target)
            sync_folder(self.folder)
        except OSError as error:
            raise OperatorError(f"{target} cannot be written: {error.strerror}", hint="is the disk full?") from None
        _give(self.folder.parent)

    def remove(self, name: str) -> None:
        """Take a model off the shelf. Raises OperatorError."""
        try:
            _remove(self.folder / name)
            sync_folder(self.folder)
        except OSError as error:
            raise OperatorError(f"{self.folder / name} cannot be removed: {error.strerror}") from None

    def prune(self, model: str, used: Collection[str]) -> None:
        """Keep of a model what is used, and its newest two versions. Raises OperatorError."""
        versions = [name for name in self.names() if (parts := parts_of(name)) and parts[0] == model]
        for name in versions[:-2]:
            if name not in used:
                self.remove(name)

    def _begin(self, part: Path) -> None:
        """An empty folder to write into; what was cut short before is removed."""
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for old in self.folder.glob(f"*{PARTIAL}"):
            shutil.rmtree(old)
        part.mkdir(mode=0o755)


def _order(name: str) -> tuple[str, object]:
    model, version = parts_of(name) or (name, "0")
    return model, order_of(version)


def _remove(folder: Path) -> None:
    """Take the name away first, so that half a model is never found under it."""
    if folder.exists():
        gone = folder.with_name(folder.name + PARTIAL + PARTIAL)
        folder.rename(gone)
        shutil.rmtree(gone)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _give(store: Path) -> None:
    """What root wrote belongs to whom the data folder belongs to, so that a reset may remove it."""
    if os.geteuid() != 0:
        return
    owner = store.parent.stat()
    for path in (store, *_below(store / FOLDER)):
        os.chown(path, owner.st_uid, owner.st_gid)


def _below(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")
