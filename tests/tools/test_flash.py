"""Cards are written, checked and refused; two cards of one image share no secret; labels hold the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.errors import OperatorError
from agent.hub.authority import Authority
from agent.hub.claim_code import ClaimCode
from agent.install import provision
from agent.install.firstboot import Places, take_over
from tools.flash import card as cards
from tools.flash import label
from tools.flash.__main__ import app, flash, provision_text
from tools.flash.target import Disks, check_disk
from tools.image import boot, disk, firmware, scan
from tools.image.recipe import Sizes, load

CODE = ClaimCode("10000000a1b2c3d4", "ab" * 32, "A" * 26, "10.1.2.3", 8743).text()

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("mkfs.vfat", "mcopy", "zstd")),
    reason="not installed: dosfstools mtools zstd",
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small image that a firmware would start."""
    folder = tmp_path_factory.mktemp("image")
    recipe, sizes, contents = load("lab"), Sizes(select=4, boot=5, root=1, data=1), {}
    slot = boot.slot_files(recipe, {"vmlinuz": b"kernel", "initrd.img": b"initrd"})
    for number, files in ((1, boot.chooser_files(recipe)), (2, slot)):
        contents[number] = folder / f"{number}.img"
        size = sizes.select if number == 1 else sizes.boot
        disk.make_fat(contents[number], label="X", size_mib=size, files=files, work=folder / f"w{number}", epoch=1)
    disk.write(folder / "card.img", disk.layout(sizes), contents)
    return folder / "card.img"


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_card_holds_the_image_and_the_provision(image: Path, tmp_path: Path) -> None:
    said = run(
        "card", image, tmp_path / "card", "--place", "till-4", "--time-zone", "Europe/Berlin", "--dns", "10.0.0.1"
    )
    assert "aislewatch pair" in said
    told = provision.parse(firmware.read_file(tmp_path / "card", 1, provision.NAME).decode())
    assert (told.place, told.time_zone, told.network.dns) == ("till-4", "Europe/Berlin", ("10.0.0.1",))
    assert (tmp_path / "card").read_bytes()[disk.MIB * 8 :] == image.read_bytes()[disk.MIB * 8 :]


@pytest.mark.parametrize("packer", ["zstd", "xz", "gzip"])
def test_a_packed_image_is_unpacked_on_the_way(image: Path, tmp_path: Path, packer: str) -> None:
    if shutil.which(packer) is None:
        pytest.skip(f"not installed: {packer}")
    packed = tmp_path / f"image.img{ {'zstd': '.zst', 'xz': '.xz', 'gzip': '.gz'}[packer] }"
    packed.write_bytes(subprocess.run([packer, "-c", image], capture_output=True, check=True).stdout)
    run("card", packed, tmp_path / "card")
    assert (tmp_path / "card").read_bytes() == image.read_bytes()


def test_a_zones_template_is_put_on_by_name_or_as_a_file(image: Path, tmp_path: Path) -> None:
    run("card", image, tmp_path / "card", "--zones", "till")
    assert provision.parse(firmware.read_file(tmp_path / "card", 1, provision.NAME).decode()).zones == "till"
    own = tmp_path / "own.toml"
    own.write_text('[[zone]]\nname = "vault"\npolygon = [[0, 0], [1, 0], [1, 1]]\n')
    run("card", image, tmp_path / "card", "--zones", own)
    told = provision.parse(firmware.read_file(tmp_path / "card", 1, provision.NAME).decode())
    assert told.zones == own.read_text()
    refused = CliRunner().invoke(app, ["card", str(image), str(tmp_path / "card"), "--zones", "entrence"])
    assert refused.exit_code == 3


def test_a_damaged_image_is_noticed(image: Path, tmp_path: Path) -> None:
    packed = tmp_path / "image.img.zst"
    whole = subprocess.run(["zstd", "-c", image], capture_output=True, check=True).stdout
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OperatorError, match="damaged"):
        flash(packed, tmp_path / "card", "", force=False)


def test_a_card_that_forgets_is_noticed(image: Path, tmp_path: Path) -> None:
    size, sha256 = cards.write(image, tmp_path / "card", lambda done: None)
    with (tmp_path / "card").open("r+b") as card:
        card.seek(size - 1)
        card.write(b"x")
    with pytest.raises(OperatorError, match="does not hold"):
        cards.check(tmp_path / "card", size, sha256, lambda done: None)


def test_what_is_no_image_would_not_start(tmp_path: Path) -> None:
    (tmp_path / "image.img").write_bytes(os.urandom(1 << 20))
    with pytest.raises(OperatorError, match="would not start"):
        flash(tmp_path / "image.img", tmp_path / "card", "", force=False)


def test_mistakes_are_told_before_anything_is_written(image: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["card", str(image), str(tmp_path / "card"), "--time-zone", "Mars/Olympus"])
    assert result.exit_code == 3
    assert not (tmp_path / "card").exists()


def test_the_passphrase_comes_from_a_file_and_goes_with_the_first_start(image: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse battery\n")
    words: list[str | Path] = ["card", image, tmp_path / "card", "--wifi", "Shop", "--country", "DE"]
    said = run(*words, "--wifi-passphrase", tmp_path / "secret")
    assert "correct horse" not in said
    assert b"correct horse battery" in (tmp_path / "card").read_bytes()


def test_two_cards_of_one_image_share_no_secret(image: Path, tmp_path: Path) -> None:
    """What the cameras make of their cards: the same authority is pinned, but nothing secret is the same."""
    pem = tmp_path / "authority.pem"
    pem.write_text(Authority.make(tmp_path, 1, "hub-12").pem)
    assert scan.file(image, "image") == []
    made = []
    for name in ("one", "two"):
        card = tmp_path / f"{name}.card"
        run("card", image, card, "--place", name, "--hub-authority", pem, "--hub", "hub-12", "--store", "12")
        made.append(first_start(card, tmp_path / name))
    one, two = made
    shared = {name for name in one.keys() & two.keys() if one[name] == two[name]}
    assert not {name for name in shared if "key" in name or "cert" in name}
    assert one["data/identity/key.pem"] != two["data/identity/key.pem"]


def first_start(card: Path, folder: Path) -> dict[str, bytes]:
    """What a camera's data partition holds after its first start from this card, by name."""
    from agent.hub.identity_key import DeviceIdentity

    mounted, data = folder / "card", folder / "data"
    mounted.mkdir(parents=True)
    data.mkdir()
    (mounted / provision.NAME).write_bytes(firmware.read_file(card, 1, provision.NAME))
    (folder / "default.toml").write_text("[camera]\n")
    owner = Path.home().owner()
    take_over(
        mounted, Places(folder / "config.toml", folder / "default.toml", folder / "net", data, owner), folder.name
    )
    DeviceIdentity.open(data, folder.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    """A machine with its own disk (mounted), a stick, a card in a slot, and a second fixed disk."""
    for name, removable, kind, parts in (
        ("sda", "0", None, ["sda1"]),
        ("sdb", "1", None, ["sdb1"]),
        ("mmcblk0", "0", "SD", ["mmcblk0p1"]),
        ("nvme0n1", "0", None, []),
    ):
        folder = tmp_path / "block" / name
        (folder / "device").mkdir(parents=True)
        (folder / "removable").write_text(removable + "\n")
        (folder / "size").write_text(f"{2**21}\n")
        if kind:
            (folder / "device/type").write_text(kind + "\n")
        for part in parts:
            (folder / part).mkdir()
            (tmp_path / "block" / part).mkdir()
    (tmp_path / "mounts").write_text("/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n")
    return Disks(tmp_path / "block", tmp_path / "mounts")


@pytest.mark.parametrize("name", ["sdb", "mmcblk0"])
def test_sticks_and_cards_may_be_written(disks: Disks, name: str) -> None:
    check_disk(Path("/dev") / name, 2**30, force=False, disks=disks)


def test_a_fixed_disk_needs_force(disks: Disks) -> None:
    with pytest.raises(OperatorError, match="not removable"):
        check_disk(Path("/dev/nvme0n1"), 2**20, force=False, disks=disks)
    check_disk(Path("/dev/nvme0n1"), 2**20, force=True, disks=disks)


@pytest.mark.parametrize("force", [False, True])
def test_a_disk_in_use_is_never_written(disks: Disks, force: bool) -> None:
    with pytest.raises(OperatorError, match="in use: /"):
        check_disk(Path("/dev/sda"), 2**20, force=force, disks=disks)


def test_partitions_and_small_cards_are_refused(disks: Disks) -> None:
    with pytest.raises(OperatorError, match="a partition"):
        check_disk(Path("/dev/sdb1"), 2**20, force=True, disks=disks)
    with pytest.raises(OperatorError, match="1024 MiB, the image needs 2048"):
        check_disk(Path("/dev/sdb"), 2**31, force=False, disks=disks)


def test_labels_in_every_kind(tmp_path: Path) -> None:
    files = [tmp_path / f"label.{kind}" for kind in ("pdf", "png", "txt")]
    said = run("label", CODE, "--place", "till-4", *[word for file in files for word in ("--out", file)])
    assert CODE in said
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert CODE in files[2].read_text()


def test_the_code_on_a_label_can_be_read_by_a_scanner(tmp_path: Path) -> None:
    import cv2

    label.save(tmp_path / "label.png", CODE, [])
    picture = cv2.imread(str(tmp_path / "label.png"))
    assert picture is not None
    read, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert read == CODE


def test_the_pdf_is_sound() -> None:
    """Every entry of its cross-reference table points at its object, and the page has the size of a label."""
    pdf = label.pdf(CODE, ["Aislewatch", "till (4)", "Käse"])
    places = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", pdf)]
    assert [pdf[place : place + 7] for place in places] == [
        b"%d 0 obj" % number for number in range(1, len(places) + 1)
    ]
    start = int(re.findall(rb"startxref\n(\d+)", pdf)[0])
    assert pdf[start : start + 4] == b"xref"
    assert b"(till \\(4\\)) Tj" in pdf
    assert "Käse".encode("latin-1") in pdf


def test_what_is_no_code_is_refused_without_being_quoted() -> None:
    result = CliRunner().invoke(app, ["label", "AISLEWATCH:1:nonsense"])
    assert result.exit_code == 3


def test_nothing_told_writes_no_provision() -> None:
    assert provision_text(provision.Provision()) == ""
