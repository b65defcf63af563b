"""The first start of a flashed card: what the installer wrote onto it is taken over and wiped.

It may be cut short anywhere: systemd counts it as done only at its end, and every step may be done again.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.durable import wipe, write_durably
from agent.errors import OperatorError
from agent.install import provision
from agent.install.card import DATA_MOUNT, disk_below, partition
from agent.install.provision import Hub, Network, Provision
from hal.board import LinuxBoard

log = logging.getLogger(__name__)

COMPLAINT = "provision-error.txt"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a camera keeps what it is told; tests name other folders."""

    config: Path = Path("/etc/aislewatch/config.toml")
    default: Path = Path("/usr/share/aislewatch/config.toml")
    network: Path = Path("/var/lib/aislewatch-network")
    data: Path = Path("/var/lib/aislewatch")
    owner: str = "aislewatch"


def take_over(card: Path, places: Places, serial: str) -> bool:
    """Take the provision on the card's first partition over, then wipe it; False for one with mistakes. Raises OSError.

    One with mistakes is left alone: why stands beside it for who looks at the card, the camera waits to be paired, and
    the next start tries again.
    """
    named = card / provision.NAME
    told = Provision()
    if named.is_file():
        try:
            told = _read(named)
        except OperatorError as error:
            log.error("%s", error)
            write_durably(card / COMPLAINT, f"{error}\n{error.hint}\n".encode())
    _keep_configuration(told, places)
    _keep_network(told.network, places, serial)
    if told.hub is not None:
        _keep_hub(told.hub, places)
    if told != Provision():
        wipe(named)
        os.sync()
    if named.exists():
        return False
    (card / COMPLAINT).unlink(missing_ok=True)
    return True


def _read(path: Path) -> Provision:
    told = provision.parse(path.read_text(encoding="utf-8", errors="replace"))
    if told.hub is not None:
        from agent.hub.trust_certificates import read_authority

        read_authority(told.hub.authority)
    return told


def _keep_configuration(told: Provision, places: Places) -> None:
    """A configuration that is there stays, unless the provision brings one."""
    if places.config.exists() and told == Provision():
        return
    text = provision.configuration(told, places.default.read_text(encoding="utf-8"))
    _write(places.config, text, 0o640, places.owner)


def _keep_network(network: Network, places: Places, serial: str) -> None:
    places.network.mkdir(mode=0o700, parents=True, exist_ok=True)
    texts = {
        "hostname": f"aislewatch-{serial}\n",
        "10-shop.network": provision.network_unit(network),
        "servers.conf": provision.time_unit(network),
        "wpa_supplicant.conf": provision.radio_file(network.radio) if network.radio else "",
    }
    for name, text in texts.items():
        if text:
            _write(places.network / name, text, 0o600, None)


def _keep_hub(hub: Hub, places: Places) -> None:
    """Pin the hub's authority, as pairing would have; a camera that belongs to one already keeps it."""
    from agent.hub.trust import Pins

    pins = places.data / "identity/trust.json"
    if pins.exists():
        return
    pins.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.chown(pins.parent, places.owner, places.owner)
    kept = Pins(store=hub.store, hub=hub.name, authorities=(hub.authority,))
    _write(pins, msgspec.json.encode(kept).decode(), 0o600, places.owner)


def _write(path: Path, text: str, mode: int, owner: str | None) -> None:
    write_durably(path, text.encode(), mode)
    if owner is not None:
        shutil.chown(path, owner, owner)


@contextmanager
def mounted(device: str, at: Path) -> Iterator[Path]:
    """The card's first partition, mounted for the moment. Raises CalledProcessError."""
    at.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "vfat", "-o", "sync,umask=077", device, str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)


def main() -> int:
    """What `aislewatch-firstboot.service` runs; 0 done, 1 when a step failed and is to be tried at the next start."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    places = Places()
    try:
        with mounted(partition(disk_below(DATA_MOUNT), 1), Path("/run/aislewatch-card")) as card:
            taken = take_over(card, places, LinuxBoard(str(places.data)).serial)
    except (OSError, subprocess.CalledProcessError) as error:
        log.error("the first start could not be ended: %s", error)
        return 1
    return 0 if taken else 1


if __name__ == "__main__":
    sys.exit(main())
