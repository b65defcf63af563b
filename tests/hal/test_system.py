"""The clock's NTP state and systemd's notification protocol, against a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hal.errors import RebootRefused
from hal.system import ServiceManager, SystemClock, SystemPowers, boot_id, kernel_clock, peak_rss_mb


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The address a service is given, and systemd's end of it."""
    path = str(tmp_path / "notify")
    address = path if request.param == "path" else "@" + path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(path if request.param == "path" else "\0" + path)
        channel.settimeout(5)
        yield address, channel


def test_every_message_arrives_as_systemd_wants_it(systemd: tuple[str, socket.socket]) -> None:
    address, channel = systemd
    manager = ServiceManager({"NOTIFY_SOCKET": address})
    manager.ready("watching aisle 3")
    manager.watchdog()
    manager.status("two\nlines")
    manager.stopping()
    assert manager.present
    assert [channel.recv(256) for _ in range(4)] == [
        b"READY=1\nSTATUS=watching aisle 3",
        b"WATCHDOG=1",
        b"STATUS=two lines",
        b"STOPPING=1",
    ]


def test_without_systemd_nothing_is_sent() -> None:
    manager = ServiceManager({})
    manager.ready()
    assert not manager.present
    assert manager.watchdog_interval_s is None


def test_a_vanished_or_full_socket_does_not_hurt(systemd: tuple[str, socket.socket], tmp_path: Path) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    address, listener = systemd
    manager = ServiceManager({"NOTIFY_SOCKET": address})
    for _ in range(5000):
        manager.watchdog()
    assert listener.recv(64) == b"WATCHDOG=1", "what there was room for has arrived"


@pytest.mark.parametrize(
    ("usec", "pid", "interval_s"),
    [
        ("30000000", "", 15.0),
        ("30000000", "self", 15.0),
        ("30000000", "1", None),
        ("0", "", None),
        ("soon", "", None),
    ],
)
def test_watchdog_interval_is_half_of_what_systemd_allows(usec: str, pid: str, interval_s: float | None) -> None:
    manager = ServiceManager({"WATCHDOG_USEC": usec, "WATCHDOG_PID": str(os.getpid()) if pid == "self" else pid})
    assert manager.watchdog_interval_s == interval_s


def test_the_wall_label_follows_the_kernel_or_else_the_marker(tmp_path: Path) -> None:
    marker = tmp_path / "synchronized"
    kernel = kernel_clock()
    assert SystemClock(marker).wall().synchronised == bool(kernel and kernel.synchronised)
    marker.touch()
    assert SystemClock(marker).wall().synchronised == (True if kernel is None else kernel.synchronised)


def test_the_kernels_clock_is_bounded() -> None:
    kernel = kernel_clock()
    if kernel is None:
        pytest.skip("this sandbox forbids adjtimex")
    assert kernel.error_s >= 0
    assert abs(kernel.frequency_ppm) <= 500, "the kernel corrects no more (adjtimex(2))"


def test_a_reboot_is_asked_for_and_a_refusal_is_told(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    SystemPowers(["touch", str(asked)]).reboot()
    assert asked.exists()
    for command in (["sh", "-c", "echo not allowed >&2; exit 1"], ["no-such-program"]):
        with pytest.raises(RebootRefused) as refusal:
            SystemPowers(command).reboot()
        assert "polkit" in refusal.value.hint


def test_peak_rss_is_that_of_a_python_process() -> None:
    assert 5 < peak_rss_mb() < 10_000


def test_a_run_of_the_kernel_has_a_name_that_lasts(tmp_path: Path) -> None:
    assert boot_id() == boot_id()
    assert len(boot_id()) == 36
    assert boot_id(tmp_path) == ""
