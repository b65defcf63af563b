"""What a Pi's firmware does before the kernel, done to a card's image: which slot starts, and with what.

The emulated board has no such firmware, so this reads the same files: autoboot.txt on the first partition, then
config.txt of the boot slot that it names. `tryboot` stands for the Pi's register that a restart sets and the next start
clears.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tools.image.boot import BOOT_PARTITIONS
from tools.image.disk import SECTOR, read_table
from tools.image.recipe import BuildError
from tools.image.run import run


@dataclass(frozen=True, slots=True)
class Start:
    """What the firmware hands over: the slot, whether it is only tried, and the kernel with what it is told."""

    slot: str
    tried: bool
    kernel: bytes
    initrd: bytes
    command_line: str


def start(image: Path) -> Start:
    """Choose a slot as the firmware would; a try is used up by this. Raises BuildError for a card that cannot start."""
    tried = read_file(image, 1, "tryboot").strip() == b"1"
    if tried:
        write_file(image, 1, "tryboot", b"0".ljust(SECTOR - 2) + b"\n\n")
    number = boot_partition(read_file(image, 1, "autoboot.txt").decode("ascii"), tried=tried)
    settings = config(read_file(image, number, "config.txt").decode("ascii"), number)
    return Start(
        next(slot for slot, partition in BOOT_PARTITIONS.items() if partition == number),
        tried,
        read_file(image, number, settings["kernel"]),
        read_file(image, number, settings["initramfs"].split()[0]),
        read_file(image, number, settings["cmdline"]).decode("ascii").strip(),
    )


def boot_partition(autoboot: str, *, tried: bool) -> int:
    """The partition that autoboot.txt names. Raises BuildError when it names none."""
    sections = _sections(autoboot)
    named = sections.get("tryboot", {}) if tried else sections.get("all", {})
    if "boot_partition" not in named:
        raise BuildError("autoboot.txt names no boot partition")
    return int(named["boot_partition"])


def config(text: str, number: int) -> dict[str, str]:
    """The settings of a config.txt that hold when it is read from this partition."""
    sections = _sections(text)
    return {**sections.get("all", {}), **sections.get(f"boot_partition={number}", {})}


def read_file(image: Path, number: int, name: str) -> bytes:
    """A file of a FAT partition; empty when it is not there."""
    names = run(["mdir", "-b", "-i", _at(image, number), "::"]).split()
    if f"::/{name}" not in names:
        return b""
    copy = image.with_suffix(".file")
    run(["mcopy", "-n", "-o", "-i", _at(image, number), f"::{name}", copy])
    content = copy.read_bytes()
    copy.unlink()
    return content


def write_file(image: Path, number: int, name: str, content: bytes) -> None:
    """Put a file into a FAT partition."""
    copy = image.with_suffix(".file")
    copy.write_bytes(content)
    run(["mcopy", "-n", "-o", "-i", _at(image, number), copy, f"::{name}"])
    copy.unlink()


def _at(image: Path, number: int) -> str:
    partition = next(part for part in read_table(image) if part.number == number)
    return f"{image}@@{partition.start * SECTOR}"


def _sections(text: str) -> dict[str, dict[str, str]]:
    """The filters of a firmware's file with their settings; what stands before any is under `all`."""
    found: dict[str, dict[str, str]] = {"all": {}}
    name = "all"
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            key, _, value = line.partition("=") if "=" in line.split()[0] else line.partition(" ")
            found.setdefault(name, {})[key] = value.strip()
    return found
