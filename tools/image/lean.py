"""What a camera starts without: parts of a general Debian that wait for people, displays and disks it never has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tools.image.run import run

_UNITS = (
    # kernel file systems and drivers that nothing here asks for; each is a process more at every start
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "modprobe@dm_mod.service",
    "modprobe@drm.service",
    "modprobe@efi_pstore.service",
    "modprobe@fuse.service",
    "modprobe@loop.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    # what changes, asks or logs on systems with people and with a root that can be written
    "getty-static.service",
    "getty@tty1.service",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-fsckd.socket",
    "systemd-hwdb-update.service",
    "systemd-initctl.socket",
    "systemd-machine-id-commit.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-pstore.service",
    "systemd-repart.service",
    "systemd-sysext.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
)
# Programs that each start asks for units: for encrypted disks, hibernation, scripts of old, none of which are here.
_GENERATORS = (
    "systemd-cryptsetup-generator",
    "systemd-debug-generator",
    "systemd-hibernate-resume-generator",
    "systemd-integritysetup-generator",
    "systemd-rc-local-generator",
    "systemd-run-generator",
    "systemd-system-update-generator",
    "systemd-sysv-generator",
    "systemd-veritysetup-generator",
)
_RULES = (
    "60-cdrom_id",
    "60-evdev",
    "60-fido-id",
    "60-infiniband",
    "60-input-id",
    "60-persistent-alsa",
    "60-persistent-input",
    "60-persistent-storage-tape",
    "60-sensor",
    "60-serial",
    "64-btrfs",
    "70-camera",
    "70-joystick",
    "70-memory",
    "70-mouse",
    "70-touchpad",
    "70-uaccess",
    "71-seat",
    "73-seat-late",
    "75-net-description",
    "75-probe_mtd",
    "78-sound-card",
    "90-alsa-restore",
    "96-e2scrub",
)


def trim(root: Path) -> None:
    """Mask the units, take away generators and udev rules, as far as this Debian has them."""
    there = [name for name in _UNITS if _has(root, name)]
    run(["systemctl", f"--root={root}", "mask", *there])
    _remove(root / "usr/lib/systemd/system-generators" / name for name in _GENERATORS)
    _remove(root / "usr/lib/udev/rules.d" / f"{name}.rules" for name in _RULES)


def _has(root: Path, unit: str) -> bool:
    stem, _, kind = unit.rpartition(".")
    template = f"{stem.partition('@')[0]}@.{kind}" if "@" in stem else unit
    return (root / "usr/lib/systemd/system" / template).exists()


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
