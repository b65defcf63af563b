"""Makes a signed bundle of one model: python -m tools.model_bundle NAME --version 2 --key KEY --certificate CERT.

The model and its entry come from a folder with a `manifest.toml` such as `models/`; `aislewatch update` takes the
bundle over on a camera whose keyring holds the certificate, or the one that issued it. A picture of its own view that
it has to see (`reference.jpg`, `reference.json`) lies beside the manifest; else the one of this software goes along.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

import models
from agent.cli.boundary import guarded
from agent.errors import OperatorError
from agent.models import Catalogue
from agent.models.bundles.manifest import BUNDLE, FORMAT, GOLDEN, MANIFEST, SIGNATURE, SIGNER, Bundle, File, spec_of
from agent.models.bundles.parcel import pack, read_parcel
from agent.models.bundles.signing import read_keyring, sign
from agent.models.proof import golden_of
from agent.version import VERSION
from agent.vision.spec import parse_manifest
from hal.tflite import compiled_for_edgetpu
from models.golden import PEOPLE, PICTURE

SUFFIX = ".model"


def files_of(name: str, folder: Path) -> dict[str, bytes]:
    """The files of a model in a folder with a manifest: its entry alone, the model, its picture, and what it gives.

    Raises ModelError, also for one that does not see the people on the picture; OperatorError, HalError.
    """
    catalogue = Catalogue.load(folder, places=(folder,))
    spec = catalogue.spec(name)
    content = catalogue.read(spec)
    files = {MANIFEST: entry_of(name, (folder / MANIFEST).read_text(encoding="utf-8")), spec.filename: content}
    files |= {part: (catalogue.reference_home / part).read_bytes() for part in (PICTURE, PEOPLE)}
    if not compiled_for_edgetpu(content):
        files[GOLDEN] = golden_of(spec, content, replace(catalogue.reference(spec), scores=())).written
    return files


def entry_of(name: str, manifest: str) -> bytes:
    """The entry of a model as a manifest of its own. Raises OperatorError for one that has to be brought."""
    for block in re.split(r"(?m)^(?=\[\[model\]\])", manifest)[1:]:
        (spec,) = parse_manifest(block)
        if spec.name == name:
            if not spec.carried:
                hint = "copy entry and file into a folder, and write `file` there"
                raise OperatorError(f"{name} has a `source`, and does not lie beside its manifest", hint=hint)
            return block.strip().encode() + b"\n"
    raise OperatorError(f"there is no model {name}")


def bundle_of(
    name: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    agent: str = VERSION,
    replaces: tuple[str, ...] = (),
    slower: float = 2.0,
) -> bytes:
    """The description that is signed. Raises Refused for one that no camera would take."""
    named = {key: File(hashlib.sha256(content).hexdigest(), len(content)) for key, content in files.items()}
    told = Bundle(format=FORMAT, name=name, version=version, agent=agent, replaces=replaces, slower=slower, files=named)
    spec_of(told, files[MANIFEST])
    return msgspec.json.format(msgspec.json.encode(told), indent=1)


def signed(
    description: bytes, files: Mapping[str, bytes], key: bytes, certificate: bytes, password: bytes | None = None
) -> bytes:
    """The whole bundle. Raises OperatorError."""
    envelope = {BUNDLE: description, SIGNER: certificate, SIGNATURE: sign(description, key, password)}
    return pack({**envelope, **files})


@guarded
def main(
    name: Annotated[str, typer.Argument(help="The model's name in that folder's manifest.")],
    version: Annotated[str, typer.Option(help="Its version: up to three whole numbers, such as 2.1.")],
    key: Annotated[Path, typer.Option(help="The signer's private key (PEM), P-256 or Ed25519.")],
    certificate: Annotated[Path, typer.Option(help="The signer's certificate (PEM).")],
    folder: Annotated[Path, typer.Option("--from", help="Where manifest and model lie.")] = models.DIRECTORY,
    out: Annotated[Path | None, typer.Option(help="The bundle (NAME-vVERSION.model).")] = None,
    agent: Annotated[str, typer.Option(help="The least version of Aislewatch that can use it.")] = VERSION,
    replaces: Annotated[
        list[str] | None, typer.Option(help="A model in whose place it comes, too; may come several times.")
    ] = None,
    slower: Annotated[float, typer.Option(help="So many times as long as the model before it may take.")] = 2.0,
    password: Annotated[Path | None, typer.Option(help="A file with the key's password.")] = None,
) -> None:
    """Make a signed bundle of one model, and check it as a camera does."""
    files = files_of(name, folder)
    description = bundle_of(name, version, files, agent=agent, replaces=tuple(replaces or ()), slower=slower)
    secret = password.read_bytes().strip() if password else None
    content = signed(description, files, key.read_bytes(), certificate.read_bytes(), secret)
    target = out or Path(f"{name}-v{version}{SUFFIX}")
    target.write_bytes(content)
    read_parcel(target, read_keyring(certificate))
    print(f"{target}: {len(content)} bytes, {', '.join(files)}")


if __name__ == "__main__":
    typer.run(main)
