"""A real broker (mosquitto) on loopback, for measurements and tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tools.loopback import free_port

START_S = 20.0


def no_mosquitto() -> str:
    """Why no broker can be run here; empty where one can."""
    return "" if _program() else "these need a real broker (apt-get install mosquitto)"


def _program() -> str | None:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Mosquitto:
    """A broker on loopback that keeps what it confirmed on its disk; `extra` are lines of its configuration."""

    folder: Path
    extra: str = "allow_anonymous true"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process."""
        assert self.process is not None, "it was not started"
        return self.process

    def start(self) -> None:
        """Start it (again) and wait until it listens. Raises TimeoutError."""
        program = _program()
        assert program is not None, no_mosquitto()
        config = self.folder / "mosquitto.conf"
        lines = f"listener {self.port} 127.0.0.1\n{self.extra}\nuser root\npersistence true\n"
        lines += f"persistence_location {self.folder}/\nautosave_interval 1\nautosave_on_changes true\nlog_dest none\n"
        config.write_text(lines, encoding="utf-8")
        self.process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
        self._wait()

    def kill(self) -> None:
        """As a power cut ends it."""
        self.running.kill()
        self.running.wait()

    def stop(self) -> None:
        """In order."""
        self.running.terminate()
        self.running.wait()

    def _wait(self) -> None:
        until_s = time.monotonic() + START_S
        while time.monotonic() < until_s:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.01)
        raise TimeoutError("the broker does not listen")


@contextmanager
def mosquitto(folder: Path, extra: str = "allow_anonymous true") -> Iterator[Mosquitto]:
    """A running broker."""
    broker = Mosquitto(folder, extra)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
