"""An emulated board in a shop's network of its own: found by mDNS, paired, and heard by the reference hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from tests.lab import bare, qemu_image
from tests.lab.qemu_board import LINES, PROCESSORS, TAP, Board
from tests.lab.test_qemu_board import CARD_BYTES, DOOR, note
from tests.lab.test_qemu_board import image as image
from tools.image import firmware
from tools.image.recipe import ROOT
from tools.image.run import run

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1500)]

HERE, CAMERA = "10.88.0.1", "10.88.0.2"
FIND = """
import asyncio, sys
from zeroconf import IPVersion, ServiceBrowser, Zeroconf
from agent.hub.announce import SERVICE_TYPE
zeroconf = Zeroconf(interfaces=[sys.argv[1]], ip_version=IPVersion.V4Only)
ServiceBrowser(zeroconf, SERVICE_TYPE, handlers=[lambda name, **_: print(name, flush=True)])
print("looking", flush=True)
asyncio.run(asyncio.sleep(900))
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """A network namespace with one cable, to the camera."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network of its own needs root and iproute2")
    name = f"aislewatch-{os.getpid()}"
    run(["ip", "netns", "add", name])
    try:
        inside = ["ip", "netns", "exec", name]
        run([*inside, "ip", "link", "set", "lo", "up"])
        run([*inside, "ip", "tuntap", "add", TAP, "mode", "tap"])
        run([*inside, "ip", "address", "add", f"{HERE}/24", "dev", TAP])
        run([*inside, "ip", "link", "set", TAP, "up"])
        yield name
    finally:
        run(["ip", "netns", "delete", name])


@pytest.fixture(scope="module")
def board(image: Path, shop: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    fresh = Board.flashed(image, tmp_path_factory.mktemp("board"), card_bytes=CARD_BYTES, namespace=shop)
    provision = qemu_image.provision(image, f'address = "{CAMERA}/24"')
    firmware.write_file(fresh.card, 1, "provision.toml", provision.encode())
    yield fresh
    fresh.cut()


def test_a_bare_debian_needs_so_long_in_the_same_emulator(image: Path, tmp_path: Path) -> None:
    """What the seconds of the other tests are to be compared with, whatever else this computer does."""
    archive = bare.packages()
    if archive is None:
        pytest.skip("the packages of the image are not in .cache/image: run `make image`")
    board = Board(bare.card(image, archive, tmp_path))
    board.power_on()
    begun = time.monotonic()
    try:
        board.console.expect("login:", timeout=400)
        took_s, cpu_s = round(time.monotonic() - begun, 1), round(board.cpu_s, 1)
    finally:
        board.cut()
    said = board.log.read_text(encoding="utf-8", errors="replace")
    assert "Debian GNU/Linux" in said
    assert "aislewatch" not in said, "it is not bare"
    assert 0 < cpu_s < 2 * PROCESSORS * took_s
    note(bare_login_s=took_s, bare_login_cpu_s=cpu_s, bare_load=round(os.getloadavg()[0], 1))


def inside(shop: str, *words: str | Path) -> list[str]:
    return ["ip", "netns", "exec", shop, sys.executable, *(str(word) for word in words)]


def test_it_is_found_by_mdns(board: Board, shop: str) -> None:
    finder = subprocess.Popen(inside(shop, "-c", FIND, HERE), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with finder, ThreadPoolExecutor(1) as waiting:
        assert finder.stdout is not None
        assert finder.stdout.readline() == "looking\n"
        try:
            board.power_on()
            begun = time.monotonic()
            heard = waiting.submit(first_word, finder.stdout, board)
            board.until_prompt(timeout_s=400)
            found, ended_s, cpu_s = heard.result(timeout=400)
            note(mdns_s=round(ended_s - begun, 1), mdns_cpu_s=cpu_s, mdns_load=round(os.getloadavg()[0], 1))
        finally:
            finder.terminate()
    assert found.startswith(f"aislewatch-{board.serial}.")
    board.wait_for_camera()


def first_word(said: IO[str], board: Board) -> tuple[str, float, float]:
    """What the finder finds first, when (monotonic), and the processor time that the board has had by then (s)."""
    found = said.readline()
    return found, time.monotonic(), round(board.cpu_s, 1)


def test_the_hub_claims_it_and_hears_its_events(board: Board, shop: str, tmp_path: Path) -> None:
    said = board.run("aislewatch pair --json", timeout_s=200)
    code = json.loads(said[said.index("{") : said.rindex("}") + 1])["code"]
    assert f":{CAMERA}:8743" in code
    hub = [ROOT / "tools/hub.py", "claim", code, "--database", tmp_path / "hub.db", "--store", "12"]
    claimed = subprocess.run(inside(shop, *hub), capture_output=True, text=True, check=False, timeout=200, cwd=ROOT)
    assert claimed.returncode == 0, claimed.stdout + claimed.stderr
    listen = inside(shop, ROOT / "tools/hub.py", "run", "--database", tmp_path / "hub.db", "--json")
    log = tmp_path / "heard"
    with log.open("w") as heard, subprocess.Popen(listen, stdout=heard, stderr=heard, cwd=ROOT) as hub_process:
        try:
            end_s = time.monotonic() + 240
            while log.read_text().count("back-door") < 4:
                pull = f"{LINES}/sim_gpio{DOOR}/pull"
                board.run(f"echo pull-down > {pull}; sleep 0.5; echo pull-up > {pull}; sleep 2")
                assert time.monotonic() < end_s, log.read_text()[-3000:]
        finally:
            hub_process.terminate()
