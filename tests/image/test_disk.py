"""The card's partition table is what the kernel's tools read, and file systems come out the same every time."""

import hashlib
import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.image import boot, disk, ext4, firmware
from tools.image.recipe import DISK_ID, FOLDER, BuildError, Sizes, known, load

SIZES = Sizes(select=4, boot=5, root=8, data=6)
LAB = load("lab")

needs_tools = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("mkfs.vfat", "mcopy", "mke2fs", "debugfs")),
    reason="not installed: dosfstools mtools e2fsprogs",
)


def test_the_table_reads_back_as_it_was_laid_out(tmp_path: Path) -> None:
    partitions = disk.layout(SIZES)
    disk.write(tmp_path / "card", partitions, {})
    assert disk.read_table(tmp_path / "card") == sorted(partitions, key=lambda part: part.number)


def test_no_two_partitions_overlap_and_all_begin_at_whole_mebibytes() -> None:
    for name in known():
        partitions = [part for part in disk.layout(load(name).sizes_mib) if part.kind != disk.EXTENDED]
        partitions.sort(key=lambda part: part.start)
        for before, after in itertools.pairwise(partitions):
            assert before.start + before.sectors <= after.start
        assert all(part.start % 2048 == 0 for part in partitions)


@pytest.mark.skipif(shutil.which("sfdisk") is None, reason="not installed: fdisk (sfdisk)")
def test_the_table_is_what_sfdisk_reads(tmp_path: Path) -> None:
    disk.write(tmp_path / "card", disk.layout(SIZES), {})
    said = subprocess.run(["sfdisk", "-d", tmp_path / "card"], capture_output=True, text=True, check=True).stdout
    assert f"label-id: 0x{DISK_ID:08x}" in said
    for part in disk.layout(SIZES):
        assert f"card{part.number} : start={part.start:12d}, size={part.sectors:12d}, type={part.kind:x}" in said


def test_what_is_larger_than_its_partition_is_refused(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(bytes(5 * disk.MIB))
    with pytest.raises(BuildError, match="partition 1 4"):
        disk.write(tmp_path / "card", disk.layout(SIZES), {1: tmp_path / "content"})


def test_what_has_no_table_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(bytes(disk.SECTOR))
    with pytest.raises(BuildError, match="no partition table"):
        disk.read_table(tmp_path / "card")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@needs_tools
def test_the_same_folder_makes_the_same_ext4(tmp_path: Path) -> None:
    hashes = set()
    for order in (("b", "a", "c"), ("c", "b", "a")):
        folder = tmp_path / "-".join(order)
        (folder / "inner").mkdir(parents=True)
        for name in order:
            (folder / "inner" / name).write_text(name * 5000)
        (folder / "link").symlink_to("inner/a")
        image = tmp_path / "image"
        ext4.make(folder, image, label="root", size_mib=8, epoch=1_700_000_000, journal=False)
        hashes.add(sha256(image))
        assert subprocess.run(["e2fsck", "-fn", image], capture_output=True, check=False).returncode == 0
    assert len(hashes) == 1


@needs_tools
@pytest.mark.parametrize("files", [10, 3000])
def test_a_root_has_room_for_every_file_however_many(tmp_path: Path, files: int) -> None:
    """Drivers for every board there is are a thousand files of nearly nothing."""
    (tmp_path / "root").mkdir()
    for number in range(files):
        (tmp_path / "root" / str(number)).touch()
    ext4.make(tmp_path / "root", tmp_path / "image", label="root", size_mib=16, epoch=1_700_000_000, journal=False)
    said = subprocess.run(["dumpe2fs", "-h", tmp_path / "image"], capture_output=True, text=True, check=True).stdout
    total, free = (int(found) for found in re.findall(r"^(?:Inode count|Free inodes): +(\d+)$", said, re.MULTILINE))
    assert total - free > files
    assert 0 < free < 2 * ext4.SPARE_INODES


@needs_tools
def test_the_same_files_make_the_same_fat(tmp_path: Path) -> None:
    hashes = set()
    for number in range(2):
        image = tmp_path / f"{number}.img"
        files = {"overlays/a.dtbo": b"a", "config.txt": b"x"}
        disk.make_fat(image, label="BOOT", size_mib=5, files=files, work=tmp_path / f"w{number}", epoch=1_700_000_000)
        hashes.add(sha256(image))
    assert len(hashes) == 1


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A small card with both boot slots, as the builder lays it out."""
    kernel = {"vmlinuz": b"kernel", "initrd.img": b"initrd"}
    contents = {}
    for number, files in (
        (1, boot.chooser_files(LAB)),
        (2, boot.slot_files(LAB, kernel)),
        (3, boot.slot_files(LAB, kernel)),
    ):
        contents[number] = tmp_path / f"{number}.img"
        size = SIZES.select if number == 1 else SIZES.boot
        disk.make_fat(contents[number], label="X", size_mib=size, files=files, work=tmp_path / f"w{number}", epoch=1)
    disk.write(tmp_path / "card", disk.layout(SIZES), contents)
    return tmp_path / "card"


@needs_tools
def test_a_fresh_card_starts_slot_a(card: Path) -> None:
    start = firmware.start(card)
    assert (start.slot, start.tried, start.kernel, start.initrd) == ("A", False, b"kernel", b"initrd")
    assert f"root=PARTUUID={DISK_ID:08x}-05 " in start.command_line
    assert "rauc.slot=A" in start.command_line


@needs_tools
def test_a_try_starts_the_other_slot_once(card: Path) -> None:
    firmware.write_file(card, 1, "autoboot.txt", boot.autoboot(2, 3))
    firmware.write_file(card, 1, "tryboot", b"1")
    tried, after = firmware.start(card), firmware.start(card)
    assert (tried.slot, tried.tried) == ("B", True)
    assert "rauc.slot=B" in tried.command_line
    assert "-06 " in tried.command_line
    assert (after.slot, after.tried) == ("A", False)


@needs_tools
def test_a_kept_slot_starts_from_then_on(card: Path) -> None:
    firmware.write_file(card, 1, "autoboot.txt", boot.autoboot(3, 2))
    assert [firmware.start(card).slot for _ in range(2)] == ["B", "B"]


def test_autoboot_stays_within_one_sector() -> None:
    for name in known():
        assert all(len(content) == disk.SECTOR for content in boot.chooser_files(load(name)).values())


def test_a_pi_has_the_bus_of_the_thermal_array() -> None:
    text = boot.slot_files(load("rpi"), {"kernel8.img": b""})["config.txt"].decode()
    assert "dtparam=i2c_arm=on,i2c_arm_baudrate=400000" in text.splitlines()
    modules = [(FOLDER / "files" / name).glob("usr/lib/modules-load.d/*.conf") for name in load("rpi").overlays]
    assert "i2c-dev" in "".join(path.read_text() for paths in modules for path in paths).splitlines()


def test_the_firmware_obeys_filters() -> None:
    text = boot.slot_files(LAB, {"vmlinuz": b""})["config.txt"].decode()
    assert firmware.config(text, 2)["cmdline"] == "cmdline-a.txt"
    assert firmware.config(text, 3)["cmdline"] == "cmdline-b.txt"
    with pytest.raises(BuildError, match="names no boot partition"):
        firmware.boot_partition("[all]\n", tried=False)
