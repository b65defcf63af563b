"""Bundles before the real RAUC of this computer, asked as a camera asks it: ours are taken, nobody else's are."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.update.machine import RaucMachine
from agent.update.slots import Offer, Refused
from tools.image import bundle, scan
from tools.image.bundle import Signer
from tools.image.recipe import load

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("rauc", "mksquashfs", "unsquashfs", "openssl")),
    reason="not installed: rauc squashfs-tools openssl",
)

FORMATS = ("plain", "verity")
ROOT_BYTES, BOOT_BYTES = 600_000, 100_000


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return bundle.laboratory_signer(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def bundles(ours: Signer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A bundle of each format that a recipe may ask for."""
    folder = tmp_path_factory.mktemp("bundles")
    (folder / "root.img").write_bytes(pattern(ROOT_BYTES))
    (folder / "boot.img").write_bytes(pattern(BOOT_BYTES))
    made = {name: folder / f"{name}.raucb" for name in FORMATS}
    for name, out in made.items():
        recipe = replace(load("lab"), bundles=name)
        parts = {"root": folder / "root.img", "boot": folder / "boot.img"}
        bundle.make(out, recipe, "1.2.3+20261122.0800", **parts, signer=ours, work=folder)
    return made


def pattern(size: int) -> bytes:
    """Bytes that do not pack well."""
    return b"".join(number.to_bytes(4, "big") * 2 for number in range(size // 8))


def inspected(file: Path, signer: Signer) -> Offer:
    return RaucMachine(keyring=signer.keyring).inspect(file)


def unpacked(file: Path, signer: Signer, to: Path) -> subprocess.CompletedProcess[str]:
    """What RAUC says when every byte is read, as an installation does."""
    command = ["rauc", "extract", f"--keyring={signer.keyring}", str(file), str(to)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", FORMATS)
def test_a_bundle_of_ours_is_taken_and_holds_what_was_put_in(
    bundles: dict[str, Path], ours: Signer, tmp_path: Path, name: str
) -> None:
    assert inspected(bundles[name], ours) == Offer("aislewatch-lab", "1.2.3+20261122.0800")
    assert unpacked(bundles[name], ours, tmp_path / "out").returncode == 0
    assert (tmp_path / "out/rootfs.img").read_bytes() == pattern(ROOT_BYTES)
    assert (tmp_path / "out/boot.img").read_bytes() == pattern(BOOT_BYTES)


@pytest.mark.parametrize("name", FORMATS)
def test_a_stranger_may_sign_but_is_refused(bundles: dict[str, Path], tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="signature verification failed"):
        inspected(bundles[name], bundle.laboratory_signer(tmp_path))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("where", [0.1, 0.5, 0.8])
def test_one_bit_that_is_turned_is_noticed(
    bundles: dict[str, Path], ours: Signer, tmp_path: Path, name: str, where: float
) -> None:
    content = bytearray(bundles[name].read_bytes())
    content[int(len(content) * where)] ^= 1
    turned = tmp_path / "turned.raucb"
    turned.write_bytes(content)
    said = unpacked(turned, ours, tmp_path / "out")
    assert said.returncode != 0
    assert "verif" in said.stderr.lower() or "corrupt" in said.stderr.lower()
    assert not (tmp_path / "out/rootfs.img").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_without_its_signature_it_is_nothing(bundles: dict[str, Path], ours: Signer, tmp_path: Path, name: str) -> None:
    content = bundles[name].read_bytes()
    bare = tmp_path / "bare.raucb"
    signature_bytes = int.from_bytes(content[-8:], "big")
    for cut in (content[: -8 - signature_bytes], content[:-8], b""):
        bare.write_bytes(cut)
        with pytest.raises(Refused):
            inspected(bare, ours)


@pytest.mark.parametrize("name", FORMATS)
def test_another_bundles_signature_does_not_fit(
    bundles: dict[str, Path], ours: Signer, tmp_path: Path, name: str
) -> None:
    """Grafted from a bundle of the same signer with other content."""
    (tmp_path / "root.img").write_bytes(pattern(ROOT_BYTES)[::-1])
    (tmp_path / "boot.img").write_bytes(pattern(BOOT_BYTES)[::-1])
    other, recipe = tmp_path / "other.raucb", replace(load("lab"), bundles=name)
    parts = {"root": tmp_path / "root.img", "boot": tmp_path / "boot.img"}
    bundle.make(other, recipe, "9.9.9", **parts, signer=ours, work=tmp_path)
    grafted = tmp_path / "grafted.raucb"
    grafted.write_bytes(payload(bundles[name].read_bytes()) + other.read_bytes()[len(payload(other.read_bytes())) :])
    assert unpacked(grafted, ours, tmp_path / "out").returncode != 0
    assert not (tmp_path / "out/rootfs.img").exists()


def payload(content: bytes) -> bytes:
    """A bundle without the signature and its length at its end."""
    return content[: -8 - int.from_bytes(content[-8:], "big")]


def test_the_signers_key_is_in_no_bundle(bundles: dict[str, Path], ours: Signer, tmp_path: Path) -> None:
    key = b"".join(ours.key.read_bytes().splitlines()[1:-1])
    for name, file in bundles.items():
        assert scan.file(file, name) == []
        assert unpacked(file, ours, tmp_path / name).returncode == 0
        assert scan.folder(tmp_path / name) == []
        assert key[:40] not in file.read_bytes()


@pytest.mark.parametrize("name", ["lab", "rpi"])
def test_recipes_ask_for_formats_that_are_tried_here(name: str) -> None:
    assert load(name).bundles in FORMATS
