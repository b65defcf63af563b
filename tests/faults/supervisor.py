"""Does what systemd does to a service: hears its signs of life, kills it when they stop, and runs ExecStopPost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_S = 40.0


class Supervisor:
    """One life of `command`, under a watchdog of `watchdog_s`; `after` is run once it is dead."""

    def __init__(self, command: Sequence[str], after: Sequence[str], folder: Path, watchdog_s: float) -> None:
        self._command = command
        self._after = after
        self._watchdog_s = watchdog_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._address = str(folder / "notify")
        self._complaints = folder / "complaints.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        Path(self._address).unlink(missing_ok=True)
        self._socket.bind(self._address)
        usec = str(round(self._watchdog_s * 1e6))
        environment = {**os.environ, "NOTIFY_SOCKET": self._address, "WATCHDOG_USEC": usec}
        environment.pop("WATCHDOG_PID", None)
        with self._complaints.open("wb") as file:
            self._process = subprocess.Popen(self._command, env=environment, stdout=file, stderr=file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._socket.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def until(self, condition: Callable[[], bool]) -> None:
        """Hear its signs of life until the condition holds."""
        end_s = time.monotonic() + START_S
        while not condition():
            ended = self._process is None or self._process.poll() is not None
            assert not ended, self._complaints.read_text()[-3000:]
            assert time.monotonic() < end_s, "it did not come to that"
            self._hear(0.02)

    def until_silent(self) -> None:
        """Wait until no sign of life came for the watchdog's time."""
        end_s = time.monotonic() + START_S
        while self._hear(self._watchdog_s):
            assert time.monotonic() < end_s, "it lives on"

    def kill(self) -> None:
        """Kill it, stopped or not, and wait for its end."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def clean_up(self) -> None:
        """ExecStopPost."""
        subprocess.run(self._after, check=True, capture_output=True, timeout=30)

    def _hear(self, seconds: float) -> bool:
        """Whether a sign of life came in time."""
        self._socket.settimeout(seconds)
        try:
            while b"WATCHDOG=1" not in self._socket.recv(256):
                pass
        except TimeoutError:
            return False
        return True
