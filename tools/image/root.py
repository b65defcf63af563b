"""Turns a tree of packages into a camera's read-only root: the one customisation step that all recipes share."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.image import lean
from tools.image.recipe import DISK_ID, FOLDER, ROOT, Recipe
from tools.image.run import run

# Made anew at every start, kept on the data partition, or of no use on a camera.
_EMPTIED = (
    "var/lib",
    "var/log",
    "var/cache",
    "var/tmp",
    "var/spool",
    "var/backups",
    "run",
    "tmp",
    "boot",
    "dev",
    "etc/apt",
)
_REMOVED = (
    "etc/.pwd.lock",
    "etc/hostname",
    "etc/passwd-",
    "etc/group-",
    "etc/shadow-",
    "etc/gshadow-",
    "etc/subuid-",
    "etc/subgid-",
    "etc/ssh",
    "etc/cron.daily",
    "etc/resolv.conf",
    "usr/lib/systemd/system-generators/systemd-gpt-auto-generator",
)
DOCUMENTS = Path("usr/share/aislewatch")


@dataclass(frozen=True, slots=True)
class Release:
    """What a built image calls itself: version, the signer of its updates, and the camera's source of pictures."""

    version: str
    keyring: bytes
    source: str


def customise(root: Path, recipe: Recipe, release: Release) -> None:
    """Make a tree of packages the camera's root. Wheels and modules were put in before."""
    keep_package_list(root)
    empty(root)
    words = {
        "@DISK@": f"{DISK_ID:08x}",
        "@COMPATIBLE@": recipe.compatible,
        "@TRYBOOT@": recipe.tryboot,
        "@BUNDLES@": recipe.bundles,
        "@SOURCE@": release.source,
    }
    for overlay in recipe.overlays:
        lay_over(FOLDER / "files" / overlay, root, words)
    install_units(root)
    settle_system(root, recipe, release)


def keep_package_list(root: Path) -> None:
    """Keep dpkg's list of packages where the data partition does not cover it."""
    (root / DOCUMENTS).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / "var/lib/dpkg/status", root / DOCUMENTS / "dpkg-status")


def empty(root: Path) -> None:
    """Take away what is of the build and not of the camera."""
    for name in _EMPTIED:
        for path in [*(root / name).iterdir()] if (root / name).is_dir() else []:
            _remove(path)
    for name in _REMOVED:
        _remove(root / name)


def lay_over(folder: Path, root: Path, words: Mapping[str, str]) -> None:
    """Copy a folder of files over the root, with the words of this image filled in."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        target = root / path.relative_to(folder)
        text = path.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def install_units(root: Path) -> None:
    """Install the units of systemd/, make their users, enable what the presets say, and mask what no camera needs."""
    run(["sh", ROOT / "systemd/install", root])
    run(["systemd-sysusers", f"--root={root}"], env={"SOURCE_DATE_EPOCH": "0"})
    wants = root / "etc/systemd/system"
    shutil.rmtree(wants, ignore_errors=True)
    wants.mkdir(parents=True)
    run(["systemctl", f"--root={root}", "preset-all"])
    lean.trim(root)


def settle_system(root: Path, recipe: Recipe, release: Release) -> None:
    """The few files that every start of a read-only root needs."""
    etc = root / "etc"
    (etc / "machine-id").write_bytes(b"")
    (etc / "hostname").write_text("aislewatch\n", encoding="ascii")
    (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="ascii")
    (etc / "resolv.conf").symlink_to("/run/systemd/resolve/stub-resolv.conf")
    _remove(etc / "mtab")
    (etc / "mtab").symlink_to("/proc/self/mounts")
    (etc / "rauc/keyring.pem").write_bytes(release.keyring)
    (etc / "aislewatch").mkdir(exist_ok=True)
    for name in ("var/lib", "run", "tmp", "boot", "root"):
        (root / name).mkdir(exist_ok=True)
    _lock_passwords(etc / "shadow")
    os_release = (root / "usr/lib/os-release").read_text(encoding="utf-8")
    named = f'IMAGE_ID="{recipe.compatible}"\nIMAGE_VERSION="{release.version}"\n'
    (root / "usr/lib/os-release").write_text(os_release + named, encoding="utf-8")


def data_skeleton(folder: Path) -> None:
    """The data partition as it leaves the builder: empty folders with their owners."""
    for name, owner, mode in (
        ("aislewatch", 870, 0o700),
        ("aislewatch-config", 870, 0o750),
        ("aislewatch-update", 0, 0o700),
        ("aislewatch-network", 0, 0o700),
        ("systemd", 0, 0o755),
        ("dbus", 0, 0o755),
        ("private", 0, 0o700),
    ):
        path = folder / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        shutil.chown(path, owner, owner)


def _lock_passwords(shadow: Path) -> None:
    """Nobody has a password, and none was set on a day that tells when the image was built."""
    lines = []
    for line in shadow.read_text(encoding="ascii").splitlines():
        name, _password, _day, *rest = line.split(":")
        lines.append(":".join([name, "*", "1", *rest]))
    shadow.write_text("\n".join(lines) + "\n", encoding="ascii")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
