"""The units of an image as systemd judges them, and what they need of the packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.image import lean
from tools.image.recipe import FOLDER, ROOT, known, load
from tools.image.root import lay_over

PROGRAM = re.compile(r"^Exec(?:Start|StartPost|StopPost|Condition)=-?(/\S+)", re.MULTILINE)
HOST_UNITS = Path("/usr/lib/systemd/system")
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not HOST_UNITS.is_dir(), reason="systemd is not installed here"
)


@pytest.fixture(params=known())
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The files of a recipe and of systemd/ in a root folder, over this computer's own units."""
    tree = tmp_path / "root"
    for link in ("bin", "sbin", "lib"):
        (tree / "usr" / link).mkdir(parents=True)
        (tree / link).symlink_to(f"usr/{link}")
    if HOST_UNITS.is_dir():
        shutil.copytree(HOST_UNITS, tree / "usr/lib/systemd/system", symlinks=True)
    for overlay in load(request.param).overlays:
        lay_over(FOLDER / "files" / overlay, tree, {})
    subprocess.run([ROOT / "systemd/install", tree], check=True, timeout=60)
    return tree


def ours(root: Path) -> list[Path]:
    return sorted(root.glob("usr/lib/systemd/system/aislewatch*.service"))


@needs_systemd
def test_systemd_finds_nothing_wrong(root: Path) -> None:
    for unit in ours(root):
        for program in re.findall(
            r"^Exec(?:Start|StartPost|StopPost|Condition)=-?(/\S+)", unit.read_text(), re.MULTILINE
        ):
            path = root / program.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
    names = [unit.name for unit in ours(root)]
    assert len(names) >= 5
    command = ["systemd-analyze", "--no-pager", f"--root={root}", "verify", "--recursive-errors=yes", *names]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")


def test_every_unit_is_enabled_by_a_preset_or_started_by_another(root: Path) -> None:
    presets = "".join(path.read_text() for path in root.glob("usr/lib/systemd/system-preset/*.preset"))
    programs = "".join(path.read_text() for path in root.glob("usr/lib/aislewatch/*"))
    for unit in ours(root):
        assert f"enable {unit.name}\n" in presets or f"start --no-block {unit.name}" in programs, unit.name


@pytest.mark.parametrize("name", known())
def test_the_agent_may_restart_its_board_as_far_as_the_packages_go(name: str) -> None:
    rule = (ROOT / "systemd/polkit/rules.d/50-aislewatch.rules").read_text()
    assert "org.freedesktop.login1.reboot" in rule
    assert {"polkitd", "dbus"} <= set(load(name).packages)


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemd is not installed here")
def test_what_no_camera_needs_is_masked_and_the_rest_is_left(root: Path) -> None:
    rules = root / "usr/lib/udev/rules.d"
    for name in ("60-cdrom_id.rules", "60-block.rules"):
        (rules / name).write_text("")
    lean.trim(root)
    for unit in ("getty@tty1.service", "dev-hugepages.mount"):
        if (HOST_UNITS / unit.replace("@tty1", "@")).exists():
            assert (root / "etc/systemd/system" / unit).readlink() == Path("/dev/null")
    assert not (rules / "60-cdrom_id.rules").exists()
    assert (rules / "60-block.rules").exists()
    assert (rules / "60-aislewatch.rules").exists()
    masked = [path.name for path in (root / "etc/systemd/system").iterdir() if path.is_symlink()]
    assert not any(name.startswith("aislewatch") for name in masked)
