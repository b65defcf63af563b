"""What a boot slot and the slot chooser hold: the same files for both slots, told apart by the firmware's filters."""

from __future__ import annotations

from pathlib import Path

from tools.image.recipe import DISK_ID, BuildError, Recipe

SECTOR = 512
BOOT_PARTITIONS = {"A": 2, "B": 3}
ROOT_PARTITIONS = {"A": 5, "B": 6}
_QUIET = "ro rootwait fsck.repair=yes panic=10 quiet"
_CONSOLES = {"pi": "console=serial0,115200 console=tty1", "emulated": "console=ttyAMA0,115200"}

_CONFIG = """# Both boot slots hold the same file: the firmware picks the command line by the partition it started from.
{body}
[boot_partition=2]
cmdline=cmdline-a.txt
[boot_partition=3]
cmdline=cmdline-b.txt
"""
_BODIES = {
    "emulated": "kernel=vmlinuz\ninitramfs initrd.img followkernel",
    "pi": "auto_initramfs=1\narm_64bit=1\ncamera_auto_detect=1\ndisable_splash=1\ngpu_mem=128\n"
    "dtparam=i2c_arm=on,i2c_arm_baudrate=400000\n"
    "dtparam=watchdog=on\ngpio=0-27=ip,pd\n[all]",
}


def command_line(recipe: Recipe, slot: str) -> str:
    """The kernel's command line of a slot."""
    root = f"root=PARTUUID={DISK_ID:08x}-{ROOT_PARTITIONS[slot]:02d} rootfstype=ext4"
    return f"{_CONSOLES[recipe.board]} {root} rauc.slot={slot} {_QUIET}\n"


def slot_files(recipe: Recipe, kernel_files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of one boot slot. Raises BuildError without a kernel."""
    if not any("kernel" in name or "vmlinuz" in name for name in kernel_files):
        raise BuildError("no kernel came with the packages")
    return {
        **kernel_files,
        "config.txt": _CONFIG.format(body=_BODIES[recipe.board]).encode(),
        "cmdline-a.txt": command_line(recipe, "A").encode(),
        "cmdline-b.txt": command_line(recipe, "B").encode(),
    }


def autoboot(kept: int, tried: int) -> bytes:
    """autoboot.txt, filled up to the one sector within which it is rewritten."""
    text = f"[all]\ntryboot_a_b=1\nboot_partition={kept}\n[tryboot]\nboot_partition={tried}"
    return _sector(text)


def chooser_files(recipe: Recipe) -> dict[str, bytes]:
    """The files of the chooser partition as it leaves the builder: slot A is kept, none is tried."""
    files = {"autoboot.txt": autoboot(BOOT_PARTITIONS["A"], BOOT_PARTITIONS["A"])}
    if recipe.tryboot == "file":
        files["tryboot"] = _sector("0")
    return files


def firmware_files(root: Path) -> dict[str, bytes]:
    """What Raspberry Pi's packages put into /boot/firmware: boot loader, kernels, device trees, overlays."""
    folder = root / "boot/firmware"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _sector(text: str) -> bytes:
    return text.encode("ascii").ljust(SECTOR - 2, b" ") + b"\n\n"
