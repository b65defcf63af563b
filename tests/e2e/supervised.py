"""A whole camera as a process of its own, under something that listens and ends it as systemd does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.cli.asking import ask
from tests.e2e.camera import config_text
from tests.waiting import eventually
from tools.loopback import free_port

WATCHDOG_S = 10.0
"""As in systemd/system/aislewatch.service."""


class Supervised:
    """A camera with `more` in its configuration; `fed_s` is when (monotonic) it last fed the watchdog."""

    def __init__(self, folder: Path, more: str = "") -> None:
        port = free_port()
        self.folder = folder
        self.config = folder / "camera.toml"
        self.config.write_text(config_text(folder, port=port) + more)
        self.url = f"http://127.0.0.1:{port}"
        self.fed_s = 0.0
        self._ready = threading.Event()

    @contextmanager
    def life(self) -> Iterator[subprocess.Popen[bytes]]:
        """One life, from when it is ready until it is killed or has ended."""
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        self._ready.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.bind(str(path))
            channel.settimeout(0.2)
            command = [sys.executable, "-m", "agent", "run", "--config", str(self.config)]
            watched = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
            process = subprocess.Popen(
                command, env={**os.environ, **watched}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            listener = threading.Thread(target=self._listen, args=(channel, process))
            listener.start()
            try:
                eventually(self._ready.is_set, 60.0)
                yield process
            finally:
                process.kill()
                process.wait()
                listener.join()

    def findings(self) -> dict[str, str]:
        """What it tells of its own health: by name, the state."""
        return {one["what"]: one["state"] for one in ask(self.url, "/v1/health")["findings"]}

    def _listen(self, channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            try:
                words = channel.recv(512)
            except TimeoutError:
                continue
            if b"WATCHDOG=1" in words:
                self.fed_s = time.monotonic()
            if b"READY=1" in words:
                self._ready.set()
