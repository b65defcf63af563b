"""Locks for the target's Python, which is not always the one that builds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.image.locks import lock_for
from tools.image.recipe import ROOT, known, load

PROJECT = "aislewatch"

LOCK = """\
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:01 \\
    --hash=sha256:02
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:03
yarl==1.0 \\
    --hash=sha256:04
"""


@pytest.mark.parametrize(("python", "numpy"), [("3.11", "2.4.6"), ("3.12", "2.5.5"), ("3.13", "2.5.5")])
def test_what_another_python_needs_with_its_hashes(tmp_path: Path, python: str, numpy: str) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(LOCK)
    cut = lock_for(python, lock, tmp_path).read_text()
    assert re.findall(r"^(\S+)==(\S+)", cut, re.MULTILINE) == [("numpy", numpy), ("yarl", "1.0")]
    hashes = {"2.4.6": ["01", "02", "04"], "2.5.5": ["03", "04"]}[numpy]
    assert re.findall(r"sha256:(\w+)", cut) == hashes
    assert ";" not in cut


def test_our_own_lock_names_every_package_once(tmp_path: Path) -> None:
    for python in ("3.11", "3.13"):
        names = re.findall(
            r"^(\S+)==", lock_for(python, ROOT / "requirements.lock", tmp_path).read_text(), re.MULTILINE
        )
        assert len(names) == len(set(names)) > 20
        assert {"numpy", "aiohttp", "msgspec"} <= set(names)


def entries(names: Iterable[str]) -> dict[str, str]:
    """The entries of these locks, by package."""
    text = "".join((ROOT / name).read_text() for name in names)
    return {entry.split("==")[0]: entry for entry in re.findall(r"^\S.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)}


def asked_for(wish: str, extras: Iterable[str] = ("",)) -> set[str]:
    """All that an installed package needs, by what each says of itself; itself is left out."""
    needed: set[str] = set()
    waiting = [(wish, extras)]
    while waiting:
        name, extras = waiting.pop()
        for text in metadata.requires(name) or ():
            wished = Requirement(text)
            there = wished.marker is None or any(wished.marker.evaluate({"extra": extra}) for extra in extras)
            if there and canonicalize_name(wished.name) not in needed:
                needed.add(canonicalize_name(wished.name))
                waiting.append((wished.name, ("",)))
    return needed


@pytest.mark.parametrize("recipe", known())
def test_every_image_has_all_that_the_thermal_array_needs(recipe: str) -> None:
    """Its root is read-only: whoever connects an array to a camera can install nothing."""
    wanted = load(recipe)
    missing = asked_for(PROJECT, ["thermal"]) - entries([*wanted.requirements, *wanted.sources]).keys()
    assert not missing


def test_an_image_gets_the_very_driver_that_is_tested() -> None:
    tested = entries(["requirements-dev.lock"])
    for name in ("requirements-thermal", "requirements-thermal-source"):
        for package, entry in entries([f"image-build/{name}.lock"]).items():
            assert entry == tested[package], f"copy what requirements-dev.lock says of {package} to {name}.lock"
