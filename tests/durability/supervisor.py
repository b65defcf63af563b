"""Does what systemd does to a service: hears its signs of life, ends it when they stop, and runs ExecStopPost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import queued_s

START_S = 60.0
ABORT_S = 3.0
"""How long the process may take to die of SIGABRT before SIGKILL follows: the unit's TimeoutAbortSec."""
UNIT_NICE = -7
"""Five times the processor time of others, as the unit's CPUWeight=500 gives."""


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
        self.ready = False

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
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def until(self, condition: Callable[[], bool]) -> None:
        """Hear its signs of life until the condition holds."""
        end_s = time.monotonic() + START_S
        while not condition():
            assert self.process.poll() is None, self._complaints.read_text()[-3000:]
            assert time.monotonic() < end_s, "it did not come to that"
            self._hear(0.01)

    def until_silent(self) -> None:
        """Wait until no sign of life came for the watchdog's time."""
        end_s = time.monotonic() + START_S
        while self._hear(self._watchdog_s):
            assert time.monotonic() < end_s, "it lives on"

    def until_dead(self) -> int:
        """Wait until something else ended it; its exit status."""
        return self.process.wait(START_S)

    def abort(self) -> None:
        """What systemd does when the watchdog was not fed: SIGABRT, a stopped process woken for it, then SIGKILL."""
        for number in (signal.SIGABRT, signal.SIGCONT):
            self.process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ABORT_S)
        self.kill()

    def kill(self) -> None:
        """Kill it, stopped or not, and wait for its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def clean_up(self) -> float:
        """ExecStopPost, with the share of the processor that the unit has (where this user may give it).

        Returns for how many seconds it was ready to run and had no processor. Raises AssertionError when it fails.
        """
        first = ["nice", "-n", str(UNIT_NICE)] if os.geteuid() == 0 else []
        with self._complaints.open("ab") as file:
            process = subprocess.Popen([*first, *self._after], stdout=file, stderr=file)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # so that /proc still knows it
        queued = queued_s(str(process.pid))
        assert process.wait() == 0, self._complaints.read_text()[-3000:]
        return queued

    def _hear(self, seconds: float) -> bool:
        """Whether a sign of life came in time."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            try:
                message = self._socket.recv(1024)
            except TimeoutError:
                return False
            self.ready = self.ready or b"READY=1" in message
            if b"WATCHDOG=1" in message:
                return True
        return False
