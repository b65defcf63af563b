"""The image that the emulated boards are flashed with, and bundles made from it: newer, broken, tampered with."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from agent.install.provision import parse
from tools.image import bundle, disk, wheels
from tools.image.recipe import ROOT, Recipe, load
from tools.image.run import run

IMAGE = "AISLEWATCH_IMAGE"
FOLDER = ROOT / ".cache/image/lab"
SIGNER = ROOT / ".cache/image/laboratory-signer"
CONFIGURATION = """
[camera]
name = "laboratory"
source = "/dev/video0"
width = 320
height = 180
fps = 1
[model]
name = "person-s"
[health]
image = false
safe_after = 0
[evidence]
record = false
[storage]
data_dir = "/var/lib/aislewatch"
[api]
plain = false
tls_host = "0.0.0.0"
socket = "/run/aislewatch/api.sock"
[[output]]
name = "siren"
pin = 17
role = "siren"
pattern = "pulse"
on_s = 0.5
off_s = 0.5
[[input]]
name = "back-door"
kind = "door"
pin = 4
pull = "up"
"""
"""What emulation can carry: the kernel's test camera, small and slow, and the lighter model. No safe mode: the plug is
pulled so often that it would come."""
BREAK_AGENT = ("rm /usr/bin/aislewatch",)
"""Commands of debugfs that leave a root which starts, but no camera in it."""
LINES_NEED = "image-build/requirements-board.lock"
"""What the agent's packages lack on a board without lines."""


def provision(image: Path, network: str = 'time_servers = ["10.0.2.2"]') -> str:
    """What the boards of the laboratory are told before their first start. Raises OperatorError for a mistake."""
    lines = LINES_NEED in recipe_of(image).requirements
    configuration = CONFIGURATION if lines else CONFIGURATION.partition("[[output]]")[0]
    text = f"configuration = {json.dumps(configuration)}\n[network]\n{network}\n"
    parse(text)
    return text


def recipe_of(image: Path) -> Recipe:
    """The recipe of an image, from its name. Raises BuildError for a name of something else."""
    return load(re.sub(r"^aislewatch-|-\d.*$", "", image.name))


def find() -> Path | None:
    """The newest image of the emulated board; AISLEWATCH_IMAGE names another."""
    if named := os.environ.get(IMAGE):
        return Path(named)
    return max(FOLDER.glob("aislewatch-lab-*.img"), key=lambda path: path.stat().st_mtime, default=None)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes bundles from an image in a folder; all are signed by the laboratory unless said otherwise."""

    image: Path
    folder: Path

    def bundle(self, version: str, *, changes: tuple[str, ...] = (), signer: bundle.Signer | None = None) -> Path:
        """A bundle of the image's own system under another version, with changes made by debugfs."""
        root, boot = self.folder / "root.img", self.folder / "boot.img"
        self._extract(5, root)
        self._extract(2, boot)
        release = self.folder / "os-release"
        run(["debugfs", "-R", f"dump /usr/lib/os-release {release}", root])
        kept = [line for line in release.read_text().splitlines() if not line.startswith("IMAGE_VERSION")]
        release.write_text("\n".join([*kept, f'IMAGE_VERSION="{version}"', ""]))
        edits = ["cd /usr/lib", "rm os-release", f"write {release} os-release", "cd /", *changes]
        run(["debugfs", "-w", "-f", "-", root], stdin="\n".join(edits).encode() + b"\n")
        out = self.folder / f"{version}.raucb"
        signed_by = signer or bundle.laboratory_signer(SIGNER)
        bundle.make(out, recipe_of(self.image), version, root=root, boot=boot, signer=signed_by, work=self.folder)
        return out

    def spoil_model(self, name: str, other: str) -> tuple[str, ...]:
        """Changes that put another model under a model's name, with its own hash: it does not take the pictures."""
        root = self.folder / "root.img"
        self._extract(5, root)
        files = {file: self._dumped(root, file) for file in (f"{name}.tflite", f"{other}.tflite", "manifest.toml")}
        sound, spoiled = files[f"{name}.tflite"], files[f"{other}.tflite"]
        manifest = files["manifest.toml"].read_text().replace(_sha256(sound), _sha256(spoiled))
        manifest = manifest.replace(f"= {sound.stat().st_size}\n", f"= {spoiled.stat().st_size}\n")
        files["manifest.toml"].write_text(manifest)
        put = ((f"{name}.tflite", spoiled), ("manifest.toml", files["manifest.toml"]))
        edits = (line for file, source in put for line in (f"rm {file}", f"write {source} {file}"))
        return (f"cd {self._models}", *edits)

    def spoil_mounts(self) -> tuple[str, ...]:
        """Changes after which the root takes the chooser for its data: that cannot be mounted, and nothing starts."""
        root, table = self.folder / "root.img", self.folder / "fstab"
        self._extract(5, root)
        run(["debugfs", "-R", f"dump /etc/fstab {table}", root])
        wrong = re.sub(r"-07 /var/lib ext4 (\S+) 0 2", r"-01 /var/lib ext4 \1 0 0", table.read_text())
        assert "-01 /var/lib" in wrong, wrong
        table.write_text(wrong)
        return ("cd /etc", "rm fstab", f"write {table} fstab")

    @property
    def _models(self) -> str:
        return f"/{wheels.PLACE}/lib/python{recipe_of(self.image).python}/site-packages/models"

    def _dumped(self, root: Path, file: str) -> Path:
        out = self.folder / f"model-{file}"
        run(["debugfs", "-R", f"dump {self._models}/{file} {out}", root])
        return out

    def _extract(self, number: int, out: Path) -> None:
        part = next(part for part in disk.read_table(self.image) if part.number == number)
        mib = disk.MIB // disk.SECTOR
        where = [f"skip={part.start // mib}", f"count={part.sectors // mib}"]
        run(["dd", f"if={self.image}", f"of={out}", "bs=1M", *where, "conv=sparse", "status=none"])


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def tampered(bundle_file: Path) -> Path:
    """A copy with one bit of its content turned, the signature untouched."""
    copy = bundle_file.with_suffix(".tampered.raucb")
    shutil.copyfile(bundle_file, copy)
    with copy.open("r+b") as file:
        file.seek(copy.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    return copy


def rauc_refuses(bundle_file: Path, keyring: Path) -> str:
    """Why the real rauc of this host refuses a bundle; "" when it takes it."""
    result = subprocess.run(
        ["rauc", "info", f"--keyring={keyring}", bundle_file], capture_output=True, text=True, check=False
    )
    return result.stderr if result.returncode else ""
