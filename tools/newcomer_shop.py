"""A shop for the newcomer's path: a camera as the image starts one, simulated, and the hub that runs there already."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.loopback import free_port

ROOT = Path(__file__).parent.parent
FLASHED = ROOT / "image-build/files/common/usr/share/aislewatch/config.toml"
READY_S = 60.0
SIREN = '\n[[output]]\nname = "siren"\npin = 17\n'


@dataclass(frozen=True, slots=True)
class Shop:
    """The folder of the laptop and the hub, and the camera's own socket."""

    folder: Path
    socket: Path


@contextlib.contextmanager
def open_shop(folder: Path, more: str = SIREN) -> Iterator[Shop]:
    """Start both; `more` is what stands in the camera's configuration besides what is flashed. Raises RuntimeError."""
    shop = Shop(folder, folder / "api.sock")
    (folder / "camera").mkdir()
    (folder / "camera.toml").write_text(flashed(folder) + more)
    camera = [sys.executable, "-m", "agent", "run", "--config", str(folder / "camera.toml")]
    hub = [sys.executable, str(ROOT / "tools" / "hub.py"), "run"]
    with _running(camera, folder / "camera.log", folder) as process:
        _wait_for(shop.socket, process, folder / "camera.log")
        with _running(hub, folder / "hub.log", folder):
            yield shop


def flashed(folder: Path) -> str:
    """The configuration of a flashed card, with the folders, ports and the simulated camera of this computer."""
    text = FLASHED.read_text(encoding="utf-8")
    changes = {
        'name = "camera"': f'name = "new"\ninstance = "{secrets.token_hex(4)}"\nscene = "crowd"\nfps = 10',
        "@SOURCE@": "simulated",
        "/var/lib/aislewatch": str(folder / "camera"),
        "/run/aislewatch/api.sock": str(folder / "api.sock"),
        'tls_host = "::"': 'tls_host = "127.0.0.1"',
        "8743": str(free_port()),
    }
    for old, new in changes.items():
        assert old in text, f"{FLASHED} holds no {old}"
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def _running(words: Sequence[str], log: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background; ended in order afterwards."""
    with log.open("wb") as out, subprocess.Popen(words, cwd=folder, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20.0)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the camera answers at its socket. Raises RuntimeError."""
    end_s = time.monotonic() + READY_S
    while time.monotonic() < end_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
            return
        time.sleep(0.1)
    raise RuntimeError(f"the camera did not start: {log.read_text(errors='replace')[-2000:]}")
