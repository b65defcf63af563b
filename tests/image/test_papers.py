"""Recipes, package sources, bill of materials, and the scan for secrets."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tools.image import sbom, scan, sources, wheels
from tools.image.recipe import BuildError, known, load, parse
from tools.image.sources import Archive
from tools.image.wheels import missing_modules

HOST = [Archive("http://one/debian", "bookworm"), Archive("http://two/security", "bookworm-security")]
KEY = "-----BEGIN EC PRIVATE KEY-----\n" + "A" * 64 + "\n" + "B" * 64 + "\n-----END EC PRIVATE KEY-----\n"
CLAIM = "AISLEWATCH:1:cam7:" + "a" * 64 + ":" + "B" * 26 + ":10.0.0.5:8743"


@pytest.mark.parametrize("name", known())
def test_every_recipe_is_in_order(name: str) -> None:
    recipe = load(name)
    assert recipe.compatible == f"aislewatch-{name}"
    assert {"rauc-service", "systemd-sysv", "python3", "e2fsprogs", "fdisk", "dosfstools", "mtools"} <= {
        *recipe.packages
    }


def test_no_recipe_names_a_host() -> None:
    for name in known():
        path = Path(__file__).parents[2] / "image-build/recipes" / f"{name}.toml"
        assert "://" not in path.read_text()


def test_mistakes_of_a_recipe_are_named() -> None:
    with pytest.raises(BuildError, match="unknown colour"):
        parse({"colour": 1, "sizes_mib": {"select": 1, "boot": 1, "root": 1, "data": 1}})
    with pytest.raises(BuildError, match="data is missing"):
        parse({"sizes_mib": {"select": 1, "boot": 1, "root": 1}})
    with pytest.raises(BuildError, match="known: lab, lab-trixie, rpi"):
        load("toaster")


def test_sources_come_from_the_host() -> None:
    assert sources.lines("bookworm", [], HOST) == [
        "deb http://one/debian bookworm main",
        "deb http://one/debian bookworm-updates main",
        "deb http://two/security bookworm-security main",
    ]


def test_sources_may_be_named() -> None:
    named = ["http://mirror/x", "deb [signed-by=/k] http://y z main"]
    assert sources.lines("trixie", named, []) == ["deb http://mirror/x trixie main", named[1]]


def test_without_any_source_it_says_what_to_do() -> None:
    with pytest.raises(BuildError, match="--mirror"):
        sources.lines("trixie", [], [])


def test_the_targets_of_apt_are_read() -> None:
    said = "http://one/debian/ bookworm main\nhttp://one/debian/ bookworm contrib\nhttp://one/debian/ bookworm main\n"
    assert sources.parse_targets(said) == [Archive("http://one/debian", "bookworm")]


def test_the_bill_names_packages_wheels_and_their_licences(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text(
        "Package: zlib1g\nStatus: install ok installed\nVersion: 1.2+x\nArchitecture: arm64\nDescription: a\n more\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
    )
    copyright_file = tmp_path / "usr/share/doc/zlib1g/copyright"
    copyright_file.parent.mkdir(parents=True)
    copyright_file.write_text("Files: *\nLicense: Zlib\n text\n")
    metadata = tmp_path / "site/aiohttp-3.1.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Name: aiohttp\nVersion: 3.1\nLicense-Expression: Apache-2.0\n\nName: not this\n")
    parts = sbom.components(status, tmp_path, tmp_path / "site", [sbom.file_part("m.tflite", "1", "f" * 64, "MIT")])
    assert [(part["name"], part["licenses"][0]["license"]["name"]) for part in parts] == [
        ("m.tflite", "MIT"),
        ("zlib1g", "Zlib"),
        ("aiohttp", "Apache-2.0"),
    ]
    text = sbom.document(parts, name="aislewatch-lab", version="1", root_sha256="e" * 64)
    assert text == sbom.document(parts, name="aislewatch-lab", version="1", root_sha256="e" * 64)
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"], len(bill["components"])) == ("CycloneDX", "1.5", 3)
    assert bill["components"][1]["purl"] == "pkg:deb/debian/zlib1g@1.2%2Bx?arch=arm64"
    assert "zlib1g 1.2+x: Zlib" in sbom.licence_list(parts)


@pytest.mark.parametrize(
    "secret",
    [KEY, CLAIM, CLAIM.lower(), "root:$y$j9T$abcdefgh$" + "x" * 43 + ":", '\tpsk="correct horse"', "ghp_" + "a" * 36],
)
def test_a_secret_is_found(tmp_path: Path, secret: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/file").write_text("before\n" + secret + "\nafter\n")
    assert [finding.path for finding in scan.folder(tmp_path)] == ["etc/file"]


def test_a_secret_on_the_border_of_two_reads_is_found(tmp_path: Path) -> None:
    for before in range(-70, 70, 7):
        (tmp_path / "file").write_bytes(b"x" * (scan._CHUNK + before) + b"\n" + KEY.encode())
        assert len(scan.folder(tmp_path)) == 1, before


def test_a_file_named_as_a_key_is_found(tmp_path: Path) -> None:
    (tmp_path / "ssh_host_rsa_key").write_text("")
    assert scan.folder(tmp_path)


def test_what_is_no_secret_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "source.py").write_text(
        'PEM = "-----BEGIN PRIVATE KEY-----"\npassword = ask()\n# AISLEWATCH:1:id:fp:token\n'
    )
    assert scan.folder(tmp_path) == []


def test_a_commit_that_lacks_a_module_is_noticed(tmp_path: Path) -> None:
    for name, text in {
        "agent/__init__.py": "",
        "agent/cli/__init__.py": "VERSION = 1\n",
        "agent/cli/main.py": "from agent.cli import VERSION, doctor, looking\nfrom agent.gone import x\nimport os\n",
        "agent/cli/looking.py": "from hal import open_hal\n",
        "hal/__init__.py": "def open_hal(): ...\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert missing_modules(tmp_path) == ["agent.cli.doctor", "agent.gone.x"]


def test_a_python_that_only_pretends_to_be_there_does_not_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pyenv's shims do: a program of that name, which ends with 127."""
    recipe = replace(load("rpi"), python="3.99")
    program = tmp_path / "python3.99"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(BuildError, match=r"install python3\.99"):
        wheels.interpreter(recipe)
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)
    with pytest.raises(BuildError, match=r"install python3\.99"):
        wheels.interpreter(recipe)
    program.write_text("#!/bin/sh\n")
    assert wheels.interpreter(recipe) == str(program)
