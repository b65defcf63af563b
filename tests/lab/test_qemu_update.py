"""Updates of an emulated board: a good one is kept, a bad one is left, what is not ours or not newer is refused."""

from __future__ import annotations

import collections
import functools
import http.server
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import qemu_image
from tests.lab.extent import needs_full
from tests.lab.qemu_board import Board
from tests.lab.qemu_image import Workshop
from tests.lab.test_qemu_board import grown_board, kept_figures, note
from tests.lab.test_qemu_board import image as image
from tools.image import bundle
from tools.image.recipe import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.timeout(3000)]

HOST = "10.0.2.2"
WAITING = "/var/lib/next.raucb"
CUTS = int(os.environ.get("AISLEWATCH_UPDATE_CUTS", "20"))


@pytest.fixture(scope="module")
def workshop(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(image, tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def served(workshop: Workshop) -> Iterator[str]:
    """The bundles over HTTP, as a hub would serve them."""
    handler = functools.partial(Quiet, directory=str(workshop.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def board(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with grown_board(image, tmp_path_factory.mktemp("board")) as fresh:
        yield fresh


def outcome(board: Board) -> dict[str, str]:
    """How the last update ended, once it has ended."""
    said = board.eventually('aislewatch update status --json | grep -E \'"phase":"(kept|back)"\'', timeout_s=500)
    facts: dict[str, str] = json.loads(said[said.index("{") :])
    return facts


def restart(board: Board, *, timeout_s: float = 500) -> None:
    board.wait_for_reset(timeout_s=timeout_s)
    board.plug_in(timeout_s=400)


def test_a_bundle_of_somebody_else_is_refused(board: Board, workshop: Workshop, served: str, tmp_path: Path) -> None:
    stranger = bundle.laboratory_signer(tmp_path / "stranger")
    file = workshop.bundle("9.0.0", signer=stranger)
    code, said = board.attempt(f"aislewatch update {served}/{file.name}", timeout_s=400)
    assert code == 3
    assert "refused" in said
    assert "signature" in said.lower() or "certificate" in said.lower()
    file.unlink()


def test_an_older_bundle_is_refused(board: Board, workshop: Workshop, served: str) -> None:
    file = workshop.bundle("0.0.9")
    code, said = board.attempt(f"aislewatch update {served}/{file.name}", timeout_s=400)
    assert code == 3
    assert "not newer" in said
    file.unlink()


def test_a_good_update_is_kept(board: Board, workshop: Workshop, served: str) -> None:
    file = workshop.bundle("9.1.0")
    begun = time.monotonic()
    board.console.sendline(f"aislewatch update {served}/{file.name}")
    restart(board)
    assert (board.start.slot, board.start.tried) == ("B", True)
    found = outcome(board)
    assert (found["phase"], found["version"]) == ("kept", "9.1.0"), found
    note(update_good_s=round(time.monotonic() - begun, 1))
    assert "9.1.0" in board.run("grep IMAGE_VERSION /etc/os-release")
    board.cut()
    board.plug_in(timeout_s=400)
    assert (board.start.slot, board.start.tried) == ("B", False)
    board.wait_for_camera()
    file.unlink()


def test_a_bad_update_is_left_within_five_minutes(board: Board, workshop: Workshop, served: str) -> None:
    took_s = left_after_s(board, workshop.bundle("9.2.0", changes=qemu_image.BREAK_AGENT), served)
    note(update_bad_left_after_s=took_s)
    assert took_s < 300
    board.wait_for_camera()


@needs_full
def test_an_update_whose_model_does_not_infer_is_left(board: Board, workshop: Workshop, served: str) -> None:
    """All is signed, every hash is right, the agent starts again and again: the model takes other pictures."""
    file = workshop.bundle("9.3.0", changes=workshop.spoil_model("person-s", "person-m"))
    took_s = left_after_s(board, file, served)
    note(update_model_left_after_s=took_s)
    assert took_s < 300
    board.wait_for_camera()


@needs_full
def test_an_update_that_never_comes_so_far_as_to_be_judged_is_left(
    board: Board, workshop: Workshop, served: str
) -> None:
    """Its table of file systems is wrong: the start ends in systemd's emergency mode, which starts anew."""
    file = workshop.bundle("9.4.0", changes=workshop.spoil_mounts())
    took_s = left_after_s(board, file, served)
    note(update_no_start_left_after_s=took_s)
    assert took_s < 300
    board.wait_for_camera()


def left_after_s(board: Board, file: Path, served: str) -> float:
    """Update to a bad bundle; how long after its start the board gave it up, and went back to what it ran before."""
    before = board.start.slot
    board.console.sendline(f"aislewatch update {served}/{file.name}")
    board.wait_for_reset(timeout_s=500)
    begun = time.monotonic()
    board.power_on()
    assert (board.start.slot != before, board.start.tried) == (True, True)
    board.wait_for_reset(timeout_s=420)
    took_s = time.monotonic() - begun
    board.plug_in(timeout_s=400)
    assert (board.start.slot, board.start.tried) == (before, False)
    found = outcome(board)
    assert (found["phase"], found["version"]) == ("back", file.stem)
    assert found["why"]
    file.unlink()
    return round(took_s, 1)


@needs_full
def test_a_cut_at_any_stage_of_an_update_bricks_nothing(
    board: Board, workshop: Workshop, served: str, tmp_path: Path
) -> None:
    """The card as it is at random moments of updates, from the first byte to the last word: another board starts."""
    dice, ended = random.Random(9), collections.Counter[str]()
    between_s = 2 * float(kept_figures().get("update_good_s", 300)) / max(CUTS, 1)
    before, version = begin_update(board, workshop, served)
    for number in range(CUTS):
        board.go_on(dice.uniform(0, between_s))
        with board.cut_copy(tmp_path) as cut:
            cut.plug_in(timeout_s=400)
            cut.wait_for_camera()
            cut.eventually("! test -e /var/lib/aislewatch-update/pending", timeout_s=400)
            state = json.loads(cut.run("cat /var/lib/aislewatch-update/state.json 2>/dev/null || echo '{}'"))
            kept = state.get("phase") == "kept" and state["version"] == version
            assert running(cut) == (version if kept else before), (number, state)
        ended["kept" if kept else state.get("phase", "not begun")] += 1
        note(update_power_cuts=number + 1, update_power_cuts_ended=dict(ended))
        if kept and number + 1 < CUTS:
            board.cut()
            board.plug_in(timeout_s=400)
            before, version = begin_update(board, workshop, served)


def begin_update(board: Board, workshop: Workshop, served: str) -> tuple[str, str]:
    """Begin an update to a newer version: the one before, and that one."""
    before = running(board)
    release = int(before.partition(".")[0]) + 9
    file = workshop.bundle(f"{release}.0.0")
    fetch = f"import urllib.request as u; u.urlretrieve('{served}/{file.name}', '{WAITING}')"
    board.run(f'/usr/bin/python3 -c "{fetch}" && sync', timeout_s=300)
    file.unlink()
    board.console.sendline(f"aislewatch update {WAITING}")
    return before, f"{release}.0.0"


def running(board: Board) -> str:
    """The version of the system that the board runs."""
    return board.run("sed -n 's/^IMAGE_VERSION=//p' /etc/os-release").strip('"')


def test_the_real_rauc_refuses_what_is_not_ours(workshop: Workshop, tmp_path: Path) -> None:
    """The same checks on this host: the signature over everything, and who made it."""
    ours = bundle.laboratory_signer(ROOT / ".cache/image/laboratory-signer")
    file = workshop.bundle("9.9.0")
    assert qemu_image.rauc_refuses(file, ours.keyring) == ""
    assert qemu_image.rauc_refuses(file, bundle.laboratory_signer(tmp_path).keyring)
    assert qemu_image.rauc_refuses(qemu_image.tampered(file), ours.keyring)
    unsigned = tmp_path / "unsigned.raucb"
    unsigned.write_bytes(file.read_bytes()[:-4096])
    assert qemu_image.rauc_refuses(unsigned, ours.keyring)
