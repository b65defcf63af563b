"""The operating system's own services: the clock and whether NTP vouches for it, systemd's notifications, a reboot."""

from __future__ import annotations

import ctypes
import functools
import os
import resource
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hal.errors import RebootRefused
from hal.kernel import KernelFiles
from hal.ports import WallTime

TIMESYNC_MARKER = Path("/run/systemd/timesync/synchronized")
_STA_UNSYNC = 0x0040
_MEBIBYTE = 1024.0
_PPM = 65536.0
"""Steps of the kernel's frequency correction in one part in a million."""
_REBOOT_LIMIT_S = 20.0


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as `status`; the rest is room for the kernel to write into."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class KernelClock(NamedTuple):
    """What the kernel knows of its clock (adjtimex(2)): whether NTP keeps it, its error's bound, its correction."""

    synchronised: bool
    error_s: float
    frequency_ppm: float


def kernel_clock() -> KernelClock | None:
    """Ask the kernel, which changes nothing; None where a sandbox forbids it."""
    timex = _Timex()
    if _libc().adjtimex(ctypes.byref(timex)) < 0:
        return None
    return KernelClock(not timex.status & _STA_UNSYNC, timex.maxerror / 1e6, timex.freq / _PPM)


def boot_id(root: Path = Path("/")) -> str:
    """What names this run of the kernel (random(4)); empty where it does not tell."""
    return KernelFiles(root).text("proc/sys/kernel/random/boot_id")


class SystemClock:
    """The real clock.

    The kernel is asked whether NTP keeps the time; where a sandbox forbids that, systemd-timesyncd's marker decides.
    """

    def __init__(self, marker: Path = TIMESYNC_MARKER) -> None:
        self._marker = marker

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> WallTime:
        kernel = kernel_clock()
        return WallTime(time.time(), self._marked() if kernel is None else kernel.synchronised)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _marked(self) -> bool:
        """Whether timesyncd left its mark; in /run, which is memory, so that asking never holds the event loop up."""
        return bool(_libc().access(os.fsencode(self._marker), os.F_OK) == 0)


class ServiceManager:
    """systemd's notification protocol (sd_notify(3)); every message is dropped where nobody listens."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._watchdog_usec = environ.get("WATCHDOG_USEC", "")
        self._watchdog_pid = environ.get("WATCHDOG_PID", "")

    @property
    def present(self) -> bool:
        """Whether a service manager waits for messages."""
        return bool(self._address)

    @property
    def watchdog_interval_s(self) -> float | None:
        """How often `watchdog` must be called: half the time systemd allows; None when it does not watch us."""
        patience_s = self.watchdog_patience_s
        return None if patience_s is None else patience_s / 2

    @property
    def watchdog_patience_s(self) -> float | None:
        """How long systemd waits for a call of `watchdog`; None when it does not watch us."""
        if not self._watchdog_usec.isdigit() or int(self._watchdog_usec) == 0:
            return None
        if self._watchdog_pid not in ("", str(os.getpid())):
            return None
        return int(self._watchdog_usec) / 1e6

    def ready(self, status: str = "") -> None:
        self._send("READY=1", status)

    def status(self, status: str) -> None:
        self._send("", status)

    def watchdog(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self, status: str = "") -> None:
        self._send("STOPPING=1", status)

    def _send(self, state: str, status: str = "") -> None:
        lines = [state] if state else []
        if status:
            lines.append("STATUS=" + status.replace("\n", " "))
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as channel:
            try:
                channel.sendto("\n".join(lines).encode(), address)
            except OSError:
                return  # A full or vanished socket must not hurt the camera; systemd judges by the silence.


class SystemPowers:
    """The real computer, by systemd: `command` asks logind, which must let this user do so (polkit)."""

    def __init__(self, command: Sequence[str] = ("systemctl", "reboot")) -> None:
        self._command = command

    def reboot(self) -> None:
        """Ask for an orderly reboot. Raises RebootRefused."""
        hint = "let the service's user reboot: polkit action org.freedesktop.login1.reboot"
        try:
            asked = subprocess.run(self._command, capture_output=True, text=True, timeout=_REBOOT_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RebootRefused(f"the reboot cannot be asked for: {error}", hint=hint) from error
        if asked.returncode:
            raise RebootRefused(f"the reboot was refused: {asked.stderr.strip()}", hint=hint)


def peak_rss_mb() -> float:
    """The most memory this process has held at once, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEBIBYTE
