"""What a model bundle says of itself: `bundle.json`, the one part of it that is signed. Pure: bytes in, values out.

Everything else in the bundle is named there with its hash: `manifest.toml` (one entry, as in `models/manifest.toml`),
the model's file, `golden.json` with what it gives where it was made, and the picture that it is proven on
(`reference.jpg`) with the people there (`reference.json`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from agent.errors import ModelError
from agent.update.slots import Refused, order_of
from agent.vision.spec import ModelSpec, parse_manifest
from models.golden import PEOPLE, PICTURE

FORMAT = 1
BUNDLE, SIGNER, SIGNATURE = "bundle.json", "signer.pem", "bundle.sig"
MANIFEST, GOLDEN = "manifest.toml", "golden.json"
LIMIT = 32 * 1024 * 1024
"""The most bytes that the files of a bundle may have together."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,2}")
_DELIVERED = re.compile(rf"({_NAME.pattern}?)-v({_VERSION.pattern})")
_HINT = "ask whoever made the bundle"


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle."""

    sha256: str
    size_bytes: int


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model and its version.

    `agent` is the least version of this software that can use it, `replaces` names models beside `name` in whose place
    it comes, `slower` says how many times as long as those it may take.
    """

    format: int
    name: str
    version: str
    agent: str
    replaces: tuple[str, ...] = ()
    slower: float = 2.0
    files: Mapping[str, File]

    @property
    def delivered(self) -> str:
        """The name under which a camera knows this very version."""
        return delivered_name(self.name, self.version)


def delivered_name(name: str, version: str) -> str:
    """The name of a delivered model, such as `person-m-v2.1`."""
    return f"{name}-v{version}"


def parts_of(name: str) -> tuple[str, str] | None:
    """The model and version that a delivered one's name holds; None for a model that came with the software."""
    match = _DELIVERED.fullmatch(name)
    return (match[1], match[2]) if match else None


def base_of(name: str) -> str:
    """The model that this is a version of."""
    found = parts_of(name)
    return found[0] if found else name


def parse_bundle(content: bytes) -> Bundle:
    """Read `bundle.json`. Raises Refused."""
    try:
        bundle = msgspec.json.decode(content, type=Bundle)
    except msgspec.DecodeError as error:
        raise Refused(f"{BUNDLE} is no description of a model bundle: {error}", hint=_HINT) from None
    if mistake := _mistake(bundle):
        raise Refused(f"{BUNDLE}: {mistake}", hint=_HINT)
    return bundle


def check_file(bundle: Bundle, name: str, content: bytes) -> None:
    """Raises Refused for a file that is not the one that was signed."""
    told = bundle.files[name]
    if len(content) != told.size_bytes or hashlib.sha256(content).hexdigest() != told.sha256:
        raise Refused(f"{name} is not the file that was signed", hint="fetch the bundle again")


def check_agent(bundle: Bundle, version: str) -> None:
    """Raises Refused where this software is too old for the model."""
    if order_of(bundle.agent) > order_of(version):
        hint = "update the image first"
        raise Refused(f"{bundle.delivered} needs version {bundle.agent}, this camera has {version}", hint=hint)


def spec_of(bundle: Bundle, manifest: bytes) -> ModelSpec:
    """The model's entry, under the name of its version. Raises Refused."""
    check_file(bundle, MANIFEST, manifest)
    try:
        specs = parse_manifest(manifest.decode(), origin=MANIFEST)
    except (ModelError, UnicodeDecodeError) as error:
        raise Refused(str(error), hint=_HINT) from None
    if [spec.name for spec in specs] != [bundle.name] or not specs[0].carried:
        raise Refused(f"{MANIFEST} has to have one entry, {bundle.name}, with its `file`", hint=_HINT)
    told = bundle.files.get(specs[0].file)
    if told != File(specs[0].sha256, specs[0].size_bytes):
        raise Refused(f"{MANIFEST} and {BUNDLE} do not mean the same file of the model", hint=_HINT)
    return msgspec.structs.replace(specs[0], name=bundle.delivered)


def _mistake(bundle: Bundle) -> str:
    if bundle.format != FORMAT:
        return f"format {bundle.format} is not known here, {FORMAT} is"
    if not all(_NAME.fullmatch(name) for name in (bundle.name, *bundle.replaces)):
        return "a model's name has at most 40 letters, digits, '.', '_' and '-'"
    if not _VERSION.fullmatch(bundle.version) or not _VERSION.fullmatch(bundle.agent):
        return "a version is up to three whole numbers, such as 2.1"
    if not 0.0 < bundle.slower <= 100.0:
        return "`slower` lies in 0..100"
    return _file_mistake(bundle.files)


def _file_mistake(files: Mapping[str, File]) -> str:
    own = files.keys() - {MANIFEST, GOLDEN, PICTURE, PEOPLE}
    if MANIFEST not in files or len(own) != 1 or files.keys() & {BUNDLE, SIGNER, SIGNATURE}:
        return f"it has to name {MANIFEST}, one file of a model, and {GOLDEN} where there is one"
    if len(files.keys() & {PICTURE, PEOPLE}) == 1:
        return f"{PICTURE} and {PEOPLE} go together"
    if not all(_NAME.fullmatch(name) for name in files):
        return "a file's name is no plain one"
    if min(file.size_bytes for file in files.values()) < 0 or sum(f.size_bytes for f in files.values()) > LIMIT:
        return f"its files may have {LIMIT >> 20} MiB together"
    return ""
