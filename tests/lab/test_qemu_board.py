"""A flashed card in an emulated board: first start, lines, reset, watchdog. The image is what `make image` made."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.lab import qemu_image
from tests.lab.qemu_board import LINES, Board, missing_programs
from tools.image import disk, firmware, scan
from tools.image.recipe import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1500)]

CARD_BYTES = 6 * 2**30
PASSPHRASE = "correct horse battery staple"
SIREN, DOOR = 17, 4
RESULTS = ROOT / ".cache/lab/qemu.json"


@pytest.fixture(scope="session")
def image() -> Path:
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: qemu-system-arm device-tree-compiler mtools)")
    found = qemu_image.find()
    if found is None:
        pytest.skip(f"no image of the emulated board: run `make image`, or set {qemu_image.IMAGE}")
    return found


def note(**figures: float | str | dict[str, int]) -> None:
    """Keep a figure for docs/lab.md; two runs at once may do so."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = RESULTS.with_suffix(".new")
        fresh.write_text(json.dumps(kept_figures() | figures, indent=1, sort_keys=True) + "\n")
        fresh.replace(RESULTS)


def kept_figures() -> dict[str, Any]:
    """The figures of this run and those before it."""
    figures: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return figures


@pytest.fixture(scope="module")
def board(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board after its first start, with a larger card than the image."""
    fresh = Board.flashed(image, tmp_path_factory.mktemp("board"), card_bytes=CARD_BYTES)
    secret = f'[network.radio]\nssid = "shop"\npassphrase = "{PASSPHRASE}"\ncountry = "DE"\n'
    firmware.write_file(fresh.card, 1, "provision.toml", (qemu_image.provision(image) + secret).encode())
    begun = time.monotonic()
    fresh.plug_in(timeout_s=400)
    fresh.wait_for_camera()
    note(first_start_to_camera_s=round(time.monotonic() - begun, 1))
    yield fresh
    fresh.cut()


def identity(port: int) -> dict[str, str]:
    """What a stranger on the network learns of the camera. Who it is, pairing proves; here its key is not known yet."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/v1/identity", timeout=60, context=context) as answer:
        facts: dict[str, str] = json.load(answer)
    return facts


@contextmanager
def grown_board(image: Path, folder: Path) -> Iterator[Board]:
    """A board whose first start came to its end: its data partition has the whole card."""
    fresh = Board.flashed(image, folder, card_bytes=CARD_BYTES)
    firmware.write_file(fresh.card, 1, "provision.toml", qemu_image.provision(image).encode())
    fresh.plug_in(timeout_s=400)
    fresh.wait_for_camera()
    fresh.wait_for_growth()
    yield fresh
    fresh.cut()


def test_the_first_start_makes_an_identity_that_the_network_sees(board: Board) -> None:
    facts = identity(board.port)
    assert facts["id"] == board.serial
    assert (facts["state"], facts["tls"]) == ("unclaimed", "1")
    assert len(facts["fp"]) == 16
    assert board.run("stat -c %a:%U /var/lib/aislewatch/identity/key.pem") == "600:aislewatch"
    assert board.run("hostname") == f"aislewatch-{board.serial}"


def test_the_provision_is_taken_over_and_wiped(board: Board) -> None:
    assert 'name = "laboratory"' in board.run("cat /etc/aislewatch/config.toml")
    assert "NTP=10.0.2.2" in board.run("cat /run/systemd/timesyncd.conf.d/60-servers.conf")
    board.run("sync; blockdev --flushbufs /dev/vda1")
    assert "provision" not in board.run("mdir -b -i /dev/vda1 ::")
    assert board.attempt(f"grep -qc '{PASSPHRASE}' /dev/vda1")[0] == 1


def test_the_root_is_read_only_and_the_data_partition_took_the_card(board: Board) -> None:
    assert board.attempt("touch /usr/x")[0] != 0
    assert board.attempt("swapon --noheadings --show | grep .")[0] != 0
    board.wait_for_growth()
    assert int(board.run("findmnt -bno SIZE /var/lib")) > 3.5 * 2**30
    assert board.run("findmnt -no FSTYPE /var/log") == "tmpfs"


def test_a_data_partition_that_could_not_take_the_card_is_tried_again(board: Board) -> None:
    board.wait_for_growth()
    board.run("mount --bind /bin/false /sbin/resize2fs")
    board.run("rm /var/lib/aislewatch-firstboot/grown; systemctl restart --no-block aislewatch-grow")
    try:
        board.eventually("systemctl show -P NRestarts aislewatch-grow | grep -v '^0$'", timeout_s=300)
        assert board.attempt("test -e /var/lib/aislewatch-firstboot/grown")[0] != 0
    finally:
        board.run("umount --lazy /sbin/resize2fs")  # it may be running just then
    board.wait_for_growth()
    board.run("test -e /var/lib/aislewatch-firstboot/grown")


def test_all_units_are_well_and_the_agent_is_measured(board: Board) -> None:
    assert board.run("systemctl --failed --no-legend | grep -v systemd-networkd-wait || true") == ""
    pid = board.run("systemctl show -P MainPID aislewatch")
    resident_kb = board.run(f"sed -n 's/VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/{pid}/status")
    analyzed = board.eventually("systemd-analyze", timeout_s=200).splitlines()[0]
    note(agent_rss_mb=round(int(resident_kb) / 1024, 1), systemd_analyze=analyzed)
    assert int(resident_kb) < 400 * 1024


def test_its_models_find_the_people_that_they_find_elsewhere(board: Board) -> None:
    """Goldens were taken on another kind of processor; an update's gate holds every board to them."""
    said = board.run("aislewatch model verify --json", timeout_s=300)
    shown = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {model["name"]: model["wrong"] for model in shown} == {"person-m": "", "person-s": ""}


def test_the_log_holds_no_secret(board: Board, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(board.run("journalctl -b --no-pager -o cat", timeout_s=200))
    assert scan.file(log, "log") == []
    assert PASSPHRASE not in log.read_text()


def test_the_siren_sounds_its_pattern_on_a_real_line(board: Board) -> None:
    board.run("aislewatch outputs test siren --for 10 --confirm >/dev/null", timeout_s=200)
    look = f"read -r v < {LINES}/sim_gpio{SIREN}/value; echo $v; read -t 0.05 -u 9"
    levels = board.run(
        f"exec 9<> <(:); end=$((SECONDS+13)); while [ $SECONDS -lt $end ]; do {look}; done; true", timeout_s=200
    )
    seen = levels.split()
    assert {"0", "1"} == set(seen)
    changes = sum(a != b for a, b in itertools.pairwise(seen))
    assert changes >= 6, f"{changes} changes in 10 s of half seconds"
    assert seen[-1] == "0"


def test_an_edge_on_an_input_becomes_an_event(board: Board) -> None:
    for pull, active in (("pull-down", "False"), ("pull-up", "True")):
        board.run(
            "echo pull-up > {0}; echo pull-down > {0}; echo {1} > {0}".format(f"{LINES}/sim_gpio{DOOR}/pull", pull)
        )
        board.eventually(
            f"journalctl -b -u aislewatch -o cat | grep 'input=back-door' | tail -1 | grep 'active={active}'"
        )


def test_a_hub_pairs_with_the_board_over_its_network(board: Board, tmp_path: Path) -> None:
    pair(board, tmp_path)


def pair(board: Board, folder: Path) -> None:
    """A hub claims the board by a code that it shows."""
    said = board.run("aislewatch pair --json --host 127.0.0.1", timeout_s=400)
    code = json.loads(said[said.index("{") : said.rindex("}") + 1])["code"]
    reached = code.rpartition(":")[0] + f":{board.port}"
    hub = [sys.executable, ROOT / "tools/hub.py", "claim", reached, "--database", folder / "hub.db", "--store", "12"]
    result = subprocess.run(hub, capture_output=True, text=True, check=False, timeout=200, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert identity(board.port)["state"] == "claimed"


def test_a_factory_reset_takes_the_keys_off_the_card(board: Board, tmp_path: Path) -> None:
    """Within a minute by its own word; the raw data partition holds no old key, and a new hub may claim it."""
    before, keys = identity(board.port), private_keys(board)
    assert all(on_data_partition(board, key) for key in keys), "the search does not find what is there"
    board.run(f"aislewatch factory-reset --confirm {board.serial} --reason laboratory", timeout_s=400)
    said = board.eventually("journalctl -b -u aislewatch -o cat | grep 'were erased within'", timeout_s=200)
    took_s = float(re.findall(r"erased within ([0-9.]+) s", said)[-1])
    note(factory_reset_s=took_s)
    assert took_s < 60
    board.eventually("test -S /run/aislewatch/api.sock", timeout_s=400)
    board.wait_for_answers()
    after = identity(board.port)
    assert (after["id"], after["state"]) == (before["id"], "unclaimed")
    assert after["fp"] != before["fp"]
    board.run("sync; sleep 6; sync; blockdev --flushbufs /dev/vda7", timeout_s=200)
    assert not any(on_data_partition(board, key) for key in keys)
    assert not set(keys) & set(private_keys(board))
    board.wait_for_camera()
    pair(board, tmp_path)


def private_keys(board: Board) -> list[bytes]:
    """The camera's private keys as they lie on the card: a whole line of each."""
    folder = "/var/lib/aislewatch"
    text = board.run(f"sync; cat $(grep -l 'PRIVATE KEY' {folder}/identity/* {folder}/keys/*)")
    blocks = re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+(\S{40,})", text)
    assert blocks, "no private key was found"
    return [block.encode() for block in blocks]


def on_data_partition(board: Board, needle: bytes) -> bool:
    """Whether bytes are anywhere on the card's data partition, in files or beside them."""
    part = next(part for part in disk.read_table(board.card) if part.number == 7)
    at, tail, fd = part.start * disk.SECTOR, b"", os.open(board.card, os.O_RDONLY)
    try:
        with suppress(OSError):  # ENXIO: nothing but holes from here on
            while True:
                at = os.lseek(fd, at, os.SEEK_DATA)
                read = os.pread(fd, 1 << 20, at)
                if needle in tail + read:
                    return True
                at, tail = at + len(read), read[-len(needle) :]
    finally:
        os.close(fd)
    return False


def test_a_killed_agent_leaves_the_siren_silent(board: Board) -> None:
    board.run("(aislewatch outputs test siren --for 10 --confirm >/dev/null 2>&1 &)")
    value = f"{LINES}/sim_gpio{SIREN}/value"
    board.eventually(f"grep 1 {value}")
    board.run("systemctl kill -s KILL aislewatch")
    board.eventually(f"systemctl show -P NRestarts aislewatch | grep -v '^0$' && grep 0 {value}", timeout_s=120)
    samples = board.run(f"for i in $(seq 40); do cat {value}; sleep 0.1; done").split()
    assert set(samples) == {"0"}
    board.wait_for_camera()


def test_the_hardware_watchdog_resets_a_dead_kernel(board: Board) -> None:
    board.run("sysctl -qw kernel.panic=0 kernel.sysrq=1")
    board.console.sendline("echo c > /proc/sysrq-trigger")
    took_s = board.wait_for_reset(timeout_s=180)
    note(watchdog_reset_s=round(took_s, 1))
    board.plug_in()
    board.wait_for_camera()
    assert board.start.slot == "A"
