"""The units as systemd itself judges them, without starting any: sound, closed, and in step with the design."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
UNITS = REPOSITORY / "systemd"
SERVICE = UNITS / "system/aislewatch.service"
EXPOSURE_TENTHS = 15
PROGRAMS = ("usr/bin/aislewatch", "usr/lib/aislewatch/firstboot", "usr/lib/aislewatch/update-confirm")
TOOLS = ("usr/bin/touch", "usr/bin/sync")
SYSTEM_UNITS = Path("/usr/lib/systemd/system")

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not SYSTEM_UNITS.is_dir(), reason="systemd is not installed here"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root folder with this machine's own units, ours, and every program that ours call."""
    ours = tmp_path / "root"
    (ours / "usr/bin").mkdir(parents=True)
    for link in ("bin", "lib"):
        (ours / link).symlink_to(f"usr/{link}")
    install(ours)
    shutil.copytree(SYSTEM_UNITS, ours / "usr/lib/systemd/system", symlinks=True, dirs_exist_ok=True)
    for name in (*PROGRAMS, *TOOLS):
        program = ours / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return ours


def install(root: Path) -> None:
    subprocess.run([UNITS / "install", root], check=True, timeout=30)


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def verified(root: Path) -> subprocess.CompletedProcess[str]:
    units = sorted(path.name for path in (UNITS / "system").iterdir())
    return analyze(f"--root={root}", "verify", "--recursive-errors=yes", *units)


def setting(key: str, unit: Path = SERVICE) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


@needs_analyze
def test_systemd_finds_nothing_wrong_with_the_units(root: Path) -> None:
    result = verified(root)
    assert (result.returncode, result.stderr) == (0, "")


@needs_analyze
@pytest.mark.parametrize("spoil", [lambda unit: unit.replace("Restart=", "Rstart="), lambda unit: unit + "\n[Servce]"])
def test_a_slip_in_a_unit_would_be_found(root: Path, spoil: object) -> None:
    unit = root / "usr/lib/systemd/system/aislewatch.service"
    assert callable(spoil)
    unit.write_text(spoil(unit.read_text()))
    assert verified(root).stderr


@needs_analyze
def test_the_sandbox_leaves_little_open() -> None:
    result = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_TENTHS}", SERVICE)
    assert result.returncode == 0, result.stdout[-200:]


@needs_analyze
def test_without_its_sandbox_the_agent_would_not_pass(tmp_path: Path) -> None:
    bare = tmp_path / "aislewatch.service"
    bare.write_text(SERVICE.read_text().split("# Files:")[0])
    assert analyze("security", "--offline=yes", f"--threshold={EXPOSURE_TENTHS}", bare).returncode != 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("WatchdogSec", "10"),
        ("Restart", "always"),
        ("RestartSec", "2"),
        ("StartLimitIntervalSec", "0"),
        ("User", "aislewatch"),
        ("ExecStopPost", "/usr/bin/aislewatch outputs off --config ${AISLEWATCH_CONFIG}"),
    ],
)
def test_supervision_is_as_designed(key: str, value: str) -> None:
    assert setting(key) == [value]


@pytest.mark.parametrize("device", ["video4linux", "media", "dma_heap", "gpiochip", "i2c", "usb_device"])
def test_the_sandbox_lets_the_camera_to_its_devices(device: str) -> None:
    assert f"char-{device} rw" in setting("DeviceAllow")
    assert setting("PrivateDevices") == []


def test_lgpio_writes_where_the_agent_may_and_nothing_falls_back_silently() -> None:
    environment = " ".join(setting("Environment")).split()
    assert "GPIOZERO_PIN_FACTORY=lgpio" in environment
    assert f"LG_WD=/run/{setting('RuntimeDirectory')[0]}" in environment


def test_every_group_of_the_agent_is_made_and_has_its_devices() -> None:
    users = (UNITS / "sysusers.d/aislewatch.conf").read_text()
    rules = (UNITS / "udev/rules.d/60-aislewatch.rules").read_text()
    systemd_makes, systemd_gives = {"video", "audio"}, {"audio"}
    for group in setting("SupplementaryGroups")[0].split():
        assert re.search(rf"^g {group} ", users, re.MULTILINE) or group in systemd_makes
        assert f'GROUP="{group}"' in rules or group in systemd_gives


@pytest.mark.parametrize(("vendor", "product"), [("1a6e", "089a"), ("18d1", "9302")])
def test_coral_is_known_before_and_after_its_firmware(vendor: str, product: str) -> None:
    rules = (UNITS / "udev/rules.d/60-aislewatch.rules").read_text()
    wanted = f'ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}", GROUP="aislewatch"'
    assert wanted in rules


def test_every_service_is_enabled() -> None:
    preset = (UNITS / "system-preset/80-aislewatch.preset").read_text()
    for unit in (UNITS / "system").iterdir():
        assert f"enable {unit.name}\n" in preset


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed here")
def test_users_and_groups_can_be_made(root: Path) -> None:
    made = subprocess.run(
        ["systemd-sysusers", f"--root={root}", "--dry-run", "aislewatch.conf"],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "UID 870" in made.stdout + made.stderr


def test_what_is_installed_is_what_is_here(tmp_path: Path) -> None:
    install(tmp_path)
    there = sorted(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    here = sorted(path.read_bytes() for path in UNITS.glob("*/**/*") if path.is_file())
    assert there == here


def test_time_servers_are_never_ours_to_name() -> None:
    text = (UNITS / "timesyncd.conf.d/50-aislewatch.conf").read_text()
    assert not re.search(r"^(Fallback)?NTP=", text, re.MULTILINE)
