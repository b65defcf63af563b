"""The kernel's own formats, as a Raspberry Pi 4 and a Compute Module with eMMC write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hal.board import LinuxBoard
from hal.ports import BoardSample

MEMINFO = (
    "MemTotal:        3884368 kB\nMemFree:          201312 kB\nMemAvailable:    2911548 kB\nHugePages_Total:       0\n"
)
WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   58.  -52.  -256        0      0      0      0      0        0
"""
STAT = "   31240     9714  2097152    41213   128806   153221  4194304   905412        0   251840   962001\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
            "proc/device-tree/serial-number": "10000000A1B2C3D4\0",
            "sys/class/thermal/thermal_zone0/temp": "61341\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
            "proc/loadavg": "1.52 0.98 0.71 2/213 4711\n",
            "proc/uptime": "98765.43 300000.00\n",
            "proc/meminfo": MEMINFO,
            "proc/self/status": "Name:\tpython3\nVmPeak:\t  512000 kB\nVmRSS:\t  204800 kB\nThreads:\t9\n",
            "proc/net/wireless": WIRELESS,
            "sys/block/mmcblk0/stat": STAT,
            "sys/block/mmcblk0/device/life_time": "0x02 0x05\n",
            "sys/class/apex/apex_0/temp": "54800\n",
            "var/lib/aislewatch/keep": "",
        },
    )
    return tmp_path


def board(root: Path, vcgencmd: str = "no-such-program") -> LinuxBoard:
    return LinuxBoard("/var/lib/aislewatch", root=root, vcgencmd=vcgencmd)


def test_a_pi_is_read_in_full(pi: Path) -> None:
    sample = board(pi).sample()
    assert sample.soc_temp_c == pytest.approx(61.341)
    assert (sample.load_1min, sample.uptime_s) == (1.52, 98765.43)
    assert sample.mem_total_mb == pytest.approx(3793.3, abs=0.1)
    assert sample.mem_available_mb == pytest.approx(2843.3, abs=0.1)
    assert sample.process_rss_mb == 200.0
    assert sample.disk_written_mb == 2048.0
    assert sample.storage_life_used_pct == 50.0
    assert sample.wifi_signal_dbm == -52.0
    assert sample.accelerator_temp_c == pytest.approx(54.8)
    assert sample.disk_total_mb is not None


def test_identity_of_a_pi(pi: Path) -> None:
    assert board(pi).model == "Raspberry Pi 4 Model B Rev 1.4"
    assert board(pi).serial == "10000000a1b2c3d4"


@pytest.mark.parametrize(
    ("word", "flags"),
    [
        ("0", (False, False, False, False)),
        ("50005", (True, True, True, True)),
        ("50000", (False, True, False, True)),
        ("4", (True, False, False, False)),
        ("0x10001", (False, False, True, True)),
        ("nonsense", (None, None, None, None)),
    ],
)
def test_throttling_now_and_since_boot(pi: Path, word: str, flags: tuple[bool | None, ...]) -> None:
    write(pi, {"sys/devices/platform/soc/soc:firmware/get_throttled": word})
    sample = board(pi).sample()
    told = (
        sample.throttled_now,
        sample.throttled_since_boot,
        sample.under_voltage_now,
        sample.under_voltage_since_boot,
    )
    assert told == flags


def test_vcgencmd_answers_where_sysfs_does_not(pi: Path) -> None:
    (pi / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    program = pi / "vcgencmd"
    program.write_text('#!/bin/sh\necho "throttled=0x50000"\n')
    program.chmod(0o755)
    sample = board(pi, str(program)).sample()
    assert (sample.throttled_now, sample.throttled_since_boot) == (False, True)


def test_nothing_there_is_nothing_told(tmp_path: Path) -> None:
    assert board(tmp_path).sample() == BoardSample()


@pytest.mark.parametrize("garbage", ["", "\n", "not a number", "\0\0", "0xZZ 0x", "é" * 100])
def test_garbage_is_nothing_told(pi: Path, garbage: str) -> None:
    kept = {"var/lib/aislewatch/keep"}
    names = [str(path.relative_to(pi)) for path in pi.rglob("*") if path.is_file()]
    write(pi, {name: garbage for name in names if name not in kept})
    sample = board(pi).sample()
    assert sample == BoardSample(disk_free_mb=sample.disk_free_mb, disk_total_mb=sample.disk_total_mb)


@pytest.mark.parametrize(("written", "used_pct"), [("0x01 0x01", 10.0), ("0x0b 0x01", 110.0), ("0x00 0x00", None)])
def test_emmc_wear_is_the_worse_of_two_in_steps_of_ten(pi: Path, written: str, used_pct: float | None) -> None:
    write(pi, {"sys/block/mmcblk0/device/life_time": written})
    assert board(pi).sample().storage_life_used_pct == used_pct


def test_wear_is_that_of_the_disk_which_holds_the_data(pi: Path) -> None:
    number = (pi / "var/lib/aislewatch").stat().st_dev
    partition = pi / "sys/devices/nvme/nvme0n1/nvme0n1p2"
    write(partition, {"partition": "2\n"})
    write(pi, {"sys/block/nvme0n1/stat": STAT.replace("4194304", "2048")})
    link = pi / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(partition)
    assert board(pi).sample().disk_written_mb == 1.0


def test_serial_comes_from_cpuinfo_else_from_a_hash_of_the_machine_id(pi: Path) -> None:
    (pi / "proc/device-tree/serial-number").unlink()
    write(pi, {"proc/cpuinfo": "processor\t: 0\nHardware\t: BCM2835\nSerial\t\t: 00000000DEADBEEF\n"})
    assert board(pi).serial == "00000000deadbeef"
    write(
        pi, {"proc/cpuinfo": "Serial\t\t: 0000000000000000\n", "etc/machine-id": "0123456789abcdef0123456789abcdef\n"}
    )
    hashed = board(pi).serial
    assert len(hashed) == 16
    assert hashed != "0123456789abcdef"
    write(pi, {"etc/machine-id": "fedcba9876543210fedcba9876543210\n"})
    assert board(pi).serial != hashed
