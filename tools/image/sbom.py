"""What is in an image: a CycloneDX bill of materials and a list of licences, from dpkg's and Python's own records."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_NAMESPACE = uuid.UUID("0f4b46c0-5bd5-4a52-9d7a-1c7b3f1f7a10")
_LICENCE = re.compile(r"^License:\s*(\S[^\n]*)", re.MULTILINE)
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+-?[0-9.]*[0-9])")


def components(status: Path, root: Path, site: Path, extra: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every package, wheel and `extra` (kernel, models), in the order of their references."""
    found = [*packages(status, root), *wheels(site), *extra]
    return sorted(found, key=lambda component: str(component["bom-ref"]))


def document(parts: list[dict[str, Any]], *, name: str, version: str, root_sha256: str) -> str:
    """The CycloneDX 1.5 document; the same text for the same parts."""
    head = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, root_sha256)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "firmware",
                "bom-ref": name,
                "name": name,
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": root_sha256}],
            }
        },
        "components": parts,
    }
    return json.dumps(head, indent=1, sort_keys=True) + "\n"


def licence_list(parts: list[dict[str, Any]]) -> str:
    """One line a part: name, version, licences; `see its copyright file` where none is named in a fixed form."""
    lines = []
    for part in parts:
        named = ", ".join(entry["license"]["name"] for entry in part.get("licenses", []))
        lines.append(f"{part['name']} {part['version']}: {named or 'see its copyright file'}")
    return "\n".join(lines) + "\n"


def packages(status: Path, root: Path) -> Iterator[dict[str, Any]]:
    """The installed packages in dpkg's status file, with the licences their copyright files name."""
    for fields in _paragraphs(status.read_text(encoding="utf-8")):
        if not fields.get("Status", "").endswith(" installed"):
            continue
        name, version = fields["Package"], fields["Version"]
        where = root / "usr/share/doc" / name / "copyright"
        licences = package_licences(where.read_text(encoding="utf-8", errors="replace")) if where.is_file() else []
        purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={fields.get('Architecture', 'all')}"
        yield _component("library", name, version, purl, licences)


def package_licences(text: str) -> list[str]:
    """The licences of a Debian copyright file: its License fields, else the common licences it points to."""
    return sorted(set(_LICENCE.findall(text))) or sorted(set(_COMMON.findall(text)))


def wheels(site: Path) -> Iterator[dict[str, Any]]:
    """The Python distributions of a site folder."""
    for path in sorted(site.glob("*.dist-info/METADATA")):
        fields = _head(path.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0])
        name, version = fields["Name"][0], fields["Version"][0]
        yield _component("library", name, version, f"pkg:pypi/{name.lower()}@{version}", wheel_licences(fields))


def wheel_licences(fields: dict[str, list[str]]) -> list[str]:
    """The licences of a distribution: the expression, else its classifiers, else the first line of the old field."""
    if expression := fields.get("License-Expression"):
        return expression
    classified = [word.rsplit(" :: ", 1)[-1] for word in fields.get("Classifier", []) if word.startswith("License")]
    return classified or [text.splitlines()[0] for text in fields.get("License", []) if text.strip()]


def _component(kind: str, name: str, version: str, purl: str, licences: list[str]) -> dict[str, Any]:
    part: dict[str, Any] = {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if licences:
        part["licenses"] = [{"license": {"name": licence}} for licence in licences]
    return part


def file_part(name: str, version: str, sha256: str, licence: str) -> dict[str, Any]:
    """A part that is one file, such as a model."""
    part = _component("file", name, version, f"file:{name}@{sha256[:12]}", [licence])
    del part["purl"]
    return {**part, "hashes": [{"alg": "SHA-256", "content": sha256}]}


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield {name: values[0] for name, values in _head(paragraph).items()}


def _head(text: str) -> dict[str, list[str]]:
    """The fields of one paragraph; a name may come more than once."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "\t")):
            found.setdefault(name, []).append(value.strip())
    return found
