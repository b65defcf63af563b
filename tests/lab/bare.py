"""A bare Debian for the emulated board: how long the same emulator needs for a system that does nothing."""

from __future__ import annotations

from pathlib import Path

from tools.image import disk, ext4
from tools.image.recipe import ROOT, load
from tools.image.run import run

EPOCH = 1_735_689_600


def packages() -> Path | None:
    """The archive of Debian's packages that the last image was made from."""
    made = (ROOT / ".cache/image").glob("base-lab-[0-9a-f]*.tar")
    return max(made, key=lambda path: path.stat().st_mtime, default=None)


def card(image: Path, archive: Path, folder: Path) -> Path:
    """A card with the kernel of an image and the packages as Debian configures them, without ours."""
    tree = folder / "tree"
    tree.mkdir()
    run(["tar", "-C", tree, "--numeric-owner", "-xf", archive])
    (tree / "etc/fstab").write_text("")
    (tree / "etc/machine-id").write_text("")
    parts = {part.number: part for part in disk.read_table(image)}
    contents = {number: folder / f"{number}.img" for number in (1, 2, 5)}
    for number in (1, 2):
        contents[number].write_bytes(_content(image, parts[number]))
    ext4.make(tree, contents[5], label="bare", size_mib=load("lab").sizes_mib.root, epoch=EPOCH, journal=False)
    out = folder / "card.img"
    disk.write(out, disk.layout(load("lab").sizes_mib), contents)
    return out


def _content(image: Path, part: disk.Partition) -> bytes:
    with image.open("rb") as file:
        file.seek(part.start * disk.SECTOR)
        return file.read(part.sectors * disk.SECTOR)
