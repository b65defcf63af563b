"""The kernel's own formats, as a Raspberry Pi 4 and a Compute Module with eMMC write them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hal.board import LinuxBoard
from hal.ports import BoardSample
from hal.system import KernelClock

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
    return LinuxBoard("/var/lib/aislewatch", root=root, vcgencmd=vcgencmd, clock=lambda: None)


def test_a_pi_is_read_in_full(pi: Path) -> None:
    sample = board(pi).sample()
    assert sample.soc_temp_c == pytest.approx(61.341)
    assert sample.ambient_c is None, "the processor's own warmth is not the air's"
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
    sample = board(tmp_path).sample()
    assert sample == BoardSample()
    assert LinuxBoard("/data", root=tmp_path, clock=lambda: KernelClock(True, 0.5, -3.0)).sample().clock_error_s == 0.5


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


NO_ROUTE = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
ROUTE = (
    NO_ROUTE + "wlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0\n"
    "eth0 00000000 0100000A 0003 0 0 100 00000000 0 0 0\neth0 0000000A 00000000 0001 0 0 100 00FFFFFF 0 0 0\n"
)
ARP = "IP address       HW type     Flags       HW address            Mask     Device\n"


@pytest.mark.parametrize(
    ("arp", "reached"),
    [
        ("10.0.0.1         0x1         0x2         dc:a6:32:00:00:01     *        eth0\n", True),
        ("10.0.0.1         0x1         0x0         00:00:00:00:00:00     *        eth0\n", False),
        ("192.168.1.1      0x1         0x2         dc:a6:32:00:00:02     *        wlan0\n", None),
    ],
)
def test_the_best_way_out_is_judged_by_the_neighbour_table(pi: Path, arp: str, reached: bool | None) -> None:
    write(pi, {"proc/net/route": ROUTE, "proc/net/arp": ARP + arp, "sys/class/net/eth0/carrier": "1\n"})
    sample = board(pi).sample()
    assert (sample.gateway_reached, sample.link_up) == (reached, True)
    write(pi, {"sys/class/net/eth0/carrier": "0\n"})
    assert board(pi).sample().link_up is False


def test_without_a_way_out_any_link_counts_and_no_gateway_is_judged(pi: Path) -> None:
    write(pi, {"proc/net/route": NO_ROUTE, "sys/class/net/eth0/device/x": "", "sys/class/net/eth0/carrier": "0"})
    assert (board(pi).sample().link_up, board(pi).sample().gateway_reached) == (False, None)
    write(pi, {"sys/class/net/wlan0/device/x": "", "sys/class/net/wlan0/carrier": "1"})
    assert board(pi).sample().link_up is True


def test_a_fan_tells_its_speed_or_only_what_it_is_asked_for(pi: Path) -> None:
    cooling = "sys/class/thermal/cooling_device0"
    write(pi, {f"{cooling}/type": "pwm-fan", f"{cooling}/max_state": "4", f"{cooling}/cur_state": "1"})
    assert (board(pi).sample().fan_rpm, board(pi).sample().fan_level_pct) == (None, 25.0)
    write(pi, {"sys/class/hwmon/hwmon2/fan1_input": "0\n", "sys/class/hwmon/hwmon2/pwm1": "255\n"})
    assert (board(pi).sample().fan_rpm, board(pi).sample().fan_level_pct) == (0.0, 100.0)


def test_the_processors_own_thermal_zone_is_read(pi: Path) -> None:
    zones = "sys/class/thermal/thermal_zone"
    write(pi, {f"{zones}0/type": "gpu-thermal", f"{zones}1/type": "cpu-thermal", f"{zones}1/temp": "70100"})
    assert board(pi).sample().soc_temp_c == pytest.approx(70.1)


def test_the_kernels_own_monitor_tells_of_the_supply_where_the_firmware_is_silent(pi: Path) -> None:
    (pi / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    write(pi, {"sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    sample = board(pi).sample()
    assert (sample.under_voltage_now, sample.under_voltage_since_boot, sample.throttled_now) == (True, None, None)


def test_a_vcgencmd_that_hangs_is_left_alone_for_a_while(pi: Path) -> None:
    (pi / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    program, calls = pi / "vcgencmd", pi / "calls"
    program.write_text(f"#!/bin/sh\necho x >> {calls}\nexec sleep 60\n")
    program.chmod(0o755)
    hanging = board(pi, str(program))
    for _ in range(5):
        assert hanging.sample().throttled_now is None
    assert calls.read_text().count("x") == 1


def test_what_was_written_in_its_life_and_what_went_wrong(pi: Path) -> None:
    write(
        pi,
        {
            "sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes": "1048576\n",
            "sys/fs/ext4/mmcblk0p2/errors_count": "3\n",
            "sys/block/mmcblk0/device/type": "SD\n",
            "sys/block/mmcblk0/size": "62333952\n",
            "sys/block/mmcblk0/device/pre_eol_info": "0x02\n",
        },
    )
    sample = board(pi).sample()
    assert (sample.disk_written_life_mb, sample.storage_errors, sample.storage_reserve) == (1024.0, 3, 2)
    assert (sample.storage_kind, sample.disk_size_mb) == ("sd", 30436.5)


def test_errors_of_the_card_s_host_and_of_the_bus_count_too(pi: Path) -> None:
    card = pi / "sys/devices/mmc0/mmc0:0001"
    write(card, {"ioerr_cnt": "0x5\n"})
    shutil.rmtree(pi / "sys/block/mmcblk0/device")
    (pi / "sys/block/mmcblk0/device").symlink_to(card)
    stats = "# Command Timeout Occurred:\t 2\n# Data CRC Errors Occurred:\t 1\n"
    write(pi, {"sys/kernel/debug/mmc0/err_stats": stats})
    assert board(pi).sample().storage_errors == 8


@pytest.mark.parametrize(
    ("mounts", "read_only"),
    [
        ("/dev/root / ext4 ro,relatime 0 0\n/dev/mmcblk0p3 /var/lib/aislewatch ext4 rw,noatime 0 0\n", False),
        ("/dev/root / ext4 rw,relatime 0 0\n/dev/mmcblk0p3 /var/lib ext4 ro,noatime 0 0\n", True),
        ("/dev/root / ext4 rw,relatime 0 0\n/dev/sda1 /var/lib/aislewatch-old ext4 ro 0 0\n", False),
        ("", None),
    ],
)
def test_the_mount_of_the_data_is_looked_at(pi: Path, mounts: str, read_only: bool | None) -> None:
    write(pi, {"proc/self/mounts": mounts})
    assert board(pi).sample().read_only is read_only


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


@pytest.mark.parametrize(
    "files",
    [
        {"sys/bus/w1/devices/28-0316a2795ff0/temperature": "23125\n"},
        {"sys/class/hwmon/hwmon3/name": "sht3x\n", "sys/class/hwmon/hwmon3/temp1_input": "23125\n"},
        {
            "sys/bus/iio/devices/iio:device0/name": "dht11@4\n",
            "sys/bus/iio/devices/iio:device0/in_temp_input": "23125\n",
        },
    ],
)
def test_the_air_is_measured_where_somebody_added_a_sensor(pi: Path, files: dict[str, str]) -> None:
    write(pi, {"sys/class/hwmon/hwmon0/name": "cpu_thermal\n", "sys/class/hwmon/hwmon0/temp1_input": "61000\n"})
    write(pi, files)
    assert board(pi).sample().ambient_c == pytest.approx(23.125)


def test_a_sensor_of_the_air_that_has_not_measured_is_passed_over(pi: Path) -> None:
    write(pi, {"sys/bus/w1/devices/28-01/temperature": "85000\n"})
    assert board(pi).sample().ambient_c is None
    write(pi, {"sys/bus/w1/devices/28-02/temperature": "19500\n"})
    assert board(pi).sample().ambient_c == pytest.approx(19.5)
