"""The catalogue of models: reads the manifest, finds the files, checks their hashes.

Beside the models that the software knows stand those that were delivered in signed bundles, each version by its name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import models
from agent.errors import ModelError
from agent.models.bundles.manifest import GOLDEN, base_of
from agent.models.bundles.shelf import Delivered, Shelf
from agent.models.references import read_golden, read_reference, reference_of
from agent.schema import nearest
from agent.vision.reference import Reference
from agent.vision.spec import ModelSpec, parse_manifest
from models import golden
from models.golden import PEOPLE, PICTURE, Golden

STORE = Path("/var/lib/aislewatch/models")
CHECKOUT_DATA = models.DIRECTORY.parent.parent / "shared" / "data" / "models"


def store_of(data_dir: str) -> Path:
    """The store of the camera with this data folder."""
    return Path(data_dir) / STORE.name


def search_path(environ: Mapping[str, str], store: Path = STORE) -> tuple[Path, ...]:
    """Where models not carried may lie: `AISLEWATCH_MODELS`, else beside the checkout; then the camera's store."""
    named = environ.get("AISLEWATCH_MODELS", "")
    places = [Path(part) for part in named.split(os.pathsep) if part] or [CHECKOUT_DATA]
    return (*places, *dict.fromkeys((store, STORE)))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every model of one manifest and the directories where their files may lie.

    `delivered` holds those that came in bundles, by name; `refused` why others of them may not be used.
    """

    specs: tuple[ModelSpec, ...]
    directory: Path
    places: tuple[Path, ...]
    delivered: Mapping[str, Delivered] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls, directory: Path = models.DIRECTORY, places: Sequence[Path] | None = None, store: Path = STORE
    ) -> Catalogue:
        """Read `manifest.toml` in `directory`, and what was delivered. Raises ModelError with every mistake in it."""
        path = directory / "manifest.toml"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"cannot read {path}: {error}", hint="install the package again") from error
        where = search_path(os.environ, store) if places is None else tuple(places)
        usable, refused = Shelf(store).look()
        specs = (*parse_manifest(text, origin=str(path)), *(one.spec for one in usable))
        return cls(specs, directory, where, {one.spec.name: one for one in usable}, refused)

    @property
    def names(self) -> list[str]:
        return [spec.name for spec in self.specs]

    def spec(self, name: str) -> ModelSpec:
        """The entry of that name. Raises ModelError with the nearest known name."""
        for spec in self.specs:
            if spec.name == name:
                return spec
        if name in self.refused:
            raise ModelError(self.refused[name], hint=f"aislewatch model use {base_of(name)}, or deliver it again")
        raise ModelError(f"no model is called {name!r}", hint=nearest(name, self.names))

    def find(self, spec: ModelSpec) -> Path | None:
        """The model's file where there is one; its contents are not looked at."""
        places = (self._home(spec),) if spec.carried else self.places
        paths = (place / spec.filename for place in places)
        return next((path for path in paths if path.is_file()), None)

    def _home(self, spec: ModelSpec) -> Path:
        """The folder of a carried model."""
        return self.delivered[spec.name].folder if spec.name in self.delivered else self.directory

    def locate(self, spec: ModelSpec) -> Path:
        """The model's file. Raises ModelError that says where it was looked for and how to bring it."""
        path = self.find(spec)
        if path is not None:
            return path
        if spec.carried:
            raise ModelError(f"model {spec.name}: {self._home(spec) / spec.file} is missing", hint="install again")
        where = ", ".join(str(place) for place in self.places)
        raise ModelError(
            f"model {spec.name}: no {spec.source} in {where}",
            hint=f"bring it with: aislewatch model fetch {spec.name} --from DIRECTORY|URL",
        )

    def read(self, spec: ModelSpec) -> bytes:
        """The model's file, its hash checked. Raises ModelError when it is missing, unreadable or not the one named."""
        path = self.locate(spec)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"model {spec.name}: cannot read {path}: {error.strerror}") from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != spec.sha256:
            cure = "install again" if spec.carried else f"delete it, then: aislewatch model fetch {spec.name}"
            raise ModelError(
                f"model {spec.name}: {path} is damaged or another file: {len(content)} bytes, SHA-256 {digest}; "
                f"the manifest says {spec.size_bytes} bytes, {spec.sha256}",
                hint=cure,
            )
        return content

    def reference(self, spec: ModelSpec) -> Reference:
        """What a person model has to see: the picture that was delivered with it, or that lies beside its manifest,
        else the one that came with the software. Raises ModelError.
        """
        if delivered := self.delivered.get(spec.name):
            return _delivered_reference(delivered)
        return read_reference(self.reference_home, self._golden(spec))

    @property
    def reference_home(self) -> Path:
        """The folder of the picture that the models of this manifest have to see."""
        return self.directory if (self.directory / PICTURE).is_file() else models.DIRECTORY

    def _golden(self, spec: ModelSpec) -> Golden | None:
        """What is known of this very file of a model. Raises ModelError."""
        path = self.directory / golden.GOLDENS.name / f"{spec.name}.json"
        found = read_golden(path.read_bytes()) if path.is_file() else None
        return found if found and found.sha256 == spec.sha256 else None


def _delivered_reference(delivered: Delivered) -> Reference:
    """The picture of a delivered model. Raises ModelError."""
    files = delivered.bundle.files
    if PICTURE not in files:
        return read_reference(models.DIRECTORY)
    known = read_golden(delivered.read(GOLDEN)) if GOLDEN in files else None
    return reference_of(delivered.read(PICTURE), delivered.read(PEOPLE), known)
