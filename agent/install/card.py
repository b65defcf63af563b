"""The flashed card: its disk, its partitions, and the data partition that takes what the image left free."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

log = logging.getLogger(__name__)

DATA_MOUNT = Path("/var/lib")
DATA_PARTITION = 7
EXTENDED_PARTITION = 4


def disk_below(mount: Path) -> Path:
    """The disk whose partition is mounted there. Raises CalledProcessError."""
    said = subprocess.run(["findmnt", "-no", "SOURCE", str(mount)], check=True, capture_output=True, text=True).stdout
    name = Path(said.strip()).resolve().name
    return Path("/dev") / Path(f"/sys/class/block/{name}").resolve().parent.name


def partition(disk: Path, number: int) -> str:
    """The device of a disk's partition."""
    return f"{disk}p{number}" if disk.name[-1].isdigit() else f"{disk}{number}"


def grow(disk: Path) -> None:
    """Let the data partition, the last of the card, take all that is free behind it. Raises CalledProcessError.

    It may be cut short anywhere and done again.
    """
    for number in (EXTENDED_PARTITION, DATA_PARTITION):
        command = ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "--force", f"-N{number}", str(disk)]
        subprocess.run(command, input=b", +\n", check=True)
    # This one alone: partx takes whatever is not in use away for a moment, the slot chooser and the other slot too.
    subprocess.run(["partx", "--update", f"--nr={DATA_PARTITION}", str(disk)], check=True)
    subprocess.run(["resize2fs", partition(disk, DATA_PARTITION)], check=True)
    log.info("the data partition takes the whole of %s", disk)


def main() -> int:
    """What `aislewatch-grow.service` runs; 0 done, 1 when a step failed and is to be tried again."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        grow(disk_below(DATA_MOUNT))
    except (OSError, subprocess.CalledProcessError) as error:
        log.error("the data partition keeps its size: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
