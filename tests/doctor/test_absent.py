"""A camera whose agent does not run, or does not start: what is seen from beside, and the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.config import parse_config
from agent.doctor.absent import absent_facts
from agent.doctor.files import camera_missing, pass_ends, unwritable
from agent.doctor.finding import Finding
from agent.doctor.judge import judge
from agent.durable import write_durably
from agent.events.store import Store
from agent.evidence.seal import sealed_by
from agent.hub.authority import Authority
from agent.hub.identity_key import DeviceIdentity
from agent.keys import DeviceKey
from agent.models.bundles import signing
from agent.models.bundles.parcel import read_parcel
from agent.models.bundles.shelf import Shelf
from agent.update.report import leave_word
from agent.update.slots import Phase, Record
from hal.ping import answer_to, checksum, echo, request
from hal.simulated.board import SimulatedBoard
from hal.simulated.clock import ManualClock
from tests.e2e.camera import config_text
from tests.faults.disks import small_disk_at
from tests.models.signers import made, signer, spoilt_files
from tests.models.spoilt import zeroed

LATER_UTC_S = 4e9


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a camera whose agent does not run."""
    path, data = tmp_path / "camera.toml", tmp_path / "data"
    path.write_text(config_text(data, tls_port=0) + '[model]\nname = "person-s"\n')
    data.mkdir()
    Store(data / "journal.db", 1000).close()
    DeviceIdentity.open(data, "simulated0001")
    return path


def found(config: Path, utc_s: float = LATER_UTC_S) -> list[Finding]:
    """What is found, with a healthy board and a clock that shows this time."""
    return judge(absent_facts(config, ManualClock(utc_s=utc_s), SimulatedBoard()))


def named(config: Path) -> list[str]:
    return [one.check for one in found(config)]


def test_all_that_is_wrong_is_that_it_does_not_run(config: Path) -> None:
    assert named(config) == ["program"]


def test_a_bad_configuration(config: Path) -> None:
    config.write_text('[camera]\nfsp = "fast"\n')
    first, second = found(config)
    assert (first.check, second.check, second.because) == ("config", "program", "config")
    assert "camera.fsp" in first.words
    config.write_bytes(b"\xff\xfe\x00")
    assert "is no text" in found(config)[0].words
    config.unlink()
    assert "No such file" in found(config)[0].words


def test_a_journal_that_is_damaged(config: Path) -> None:
    path = config.parent / "data" / "journal.db"
    content = bytearray(path.read_bytes())
    content[100:3000] = bytes(2900)
    path.write_bytes(content)
    assert named(config) == ["journal", "program"]
    assert path.read_bytes() == bytes(content), "it was left as it was"


def test_a_model_that_is_not_there(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(config.read_text().replace("person-s", "coco-ssd"))
    monkeypatch.setenv("AISLEWATCH_MODELS", str(config.parent))
    assert named(config) == ["model", "program"]


def test_a_model_that_does_not_see(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases = signer()
    bundle, keyring = tmp_path / "blind.model", tmp_path / "keyring.pem"
    bundle.write_bytes(made(releases, files=spoilt_files(zeroed)))
    keyring.write_bytes(releases.pem)
    monkeypatch.setenv(signing.VARIABLE, str(keyring))
    Shelf(config.parent / "data" / "models").put(read_parcel(bundle, (releases.certificate,)))
    config.write_text(config.read_text().replace("person-s", "person-s-v2"))
    first, second = found(config)
    assert (first.check, second.check, second.because) == ("model", "program", "model")
    assert first.words.startswith("model person-s-v2 does not see: it finds 0 of")
    assert "aislewatch model use person-s" in first.todo


def test_lines_that_cannot_be_had(config: Path) -> None:
    (config.parent / "data" / "lines").write_text("no folder")
    assert named(config) == ["lines", "program"]


def test_a_clock_that_is_behind_what_was_written(config: Path) -> None:
    program, clock = found(config, utc_s=300.0)
    assert (program.check, clock.check) == ("program", "clock")
    assert "days behind" in clock.words


def test_trust_and_certificate_that_cannot_be_read(config: Path) -> None:
    identity = DeviceIdentity.open(config.parent / "data", "simulated0001")
    identity.certificate.write_bytes(b"\xff\xfe")
    assert named(config) == ["identity", "program"]
    identity.certificate.unlink()
    identity.pins.write_text("{")
    assert "trust.json cannot be read" in found(config)[0].words


def test_an_update_that_was_left(config: Path) -> None:
    leave_word(config.parent / "data", Record(phase=Phase.BACK, version="9.9", why="no picture came"))
    assert "9.9: no picture came" in {one.check: one.words for one in found(config)}["update"]


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    assert unwritable(tmp_path) == ""
    assert "No such file" in unwritable(tmp_path / "none")


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "disk", "64k") as disk:
        assert unwritable(disk / ".") == ""
        (disk / "hog").write_bytes(bytes(32 << 10))
        assert "No space left" in unwritable(disk)
        config = tmp_path / "camera.toml"
        config.write_text(config_text(disk))
        checks = [one.check for one in judge(absent_facts(config, ManualClock(utc_s=LATER_UTC_S)))]
        assert checks[0] == "disk_space"
        assert {"write", "program"} <= set(checks)


def test_a_disk_that_takes_no_more_writes(tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "disk") as disk:
        config = tmp_path / "camera.toml"
        config.write_text(config_text(disk))
        done = subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"the kernel refuses to make it read-only: {done.stderr.strip()}")
        first, *rest = judge(absent_facts(config, ManualClock(utc_s=LATER_UTC_S)))
        assert first.check == "storage_read_only"
        assert {"write", "program"} <= {one.check for one in rest if one.because == "storage_read_only"}


@pytest.mark.parametrize(("source", "missing"), [("/dev/video77", True), ("rtsp://a/b", False), ("simulated", False)])
def test_a_camera_node_that_is_missing(source: str, missing: bool) -> None:
    assert bool(camera_missing(source)) is missing


def test_a_pass_says_when_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "kim.pass"
    write_durably(file, Authority.make(tmp_path, 1, "hub-a").technician("kim", LATER_UTC_S).pem)
    end = pass_ends(file)
    assert end is not None
    assert (end.end_utc_s, end.locks_out) == (LATER_UTC_S, True)
    assert pass_ends(tmp_path / "none") is None


def doctor(config: Path, *words: str | Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, the facts of `--json`, and what stands on stderr."""
    command = [sys.executable, "-m", "agent", "doctor", "--config", str(config), "--json", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ})
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {one["type"]: one for one in lines}, done.stderr


def test_the_command_writes_a_record_that_the_key_signs(config: Path, tmp_path: Path) -> None:
    key = DeviceKey.open(Path(parse_config(config.read_text()).storage.data_dir))
    config.write_text(config.read_text().replace("port = 0", "port = 1"))
    code, told, errors = doctor(config, "--record", tmp_path / "shop-4.html", "--note", "aisle 4", "--by", "kim")
    assert (code, "Traceback" in errors) == (1, False)
    assert "program" in {one["check"] for one in told["doctor"]["findings"]}
    assert told["doctor_record"]["signed"]
    content, line = [(tmp_path / f"shop-4.json{end}").read_bytes() for end in ("", ".sig")]
    assert sealed_by(content, line) == key.public
    assert json.loads(content)["made"]["note"] == "aisle 4"
    assert "aisle 4" in (tmp_path / "shop-4.html").read_text()


def test_people_read_symbol_and_word_with_what_to_do(config: Path) -> None:
    config.write_text("[camera]\nfsp = 1\n")
    command = [sys.executable, "-m", "agent", "doctor", "--config", str(config)]
    environ = {**os.environ, "TERM": "dumb", "COLUMNS": "80"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert done.returncode == 1
    assert "✘ WRONG  config:" in done.stdout
    assert "aislewatch config check" in " ".join(done.stdout.split())
    assert "comes of config" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_packets_to_oneself_come_back() -> None:
    found = echo("127.0.0.1", count=5, every_s=0.01)
    if found is None:
        pytest.skip("this user may send no echo requests (net.ipv4.ping_group_range)")
    assert (found.sent, found.answered) == (5, 5)
    assert found.median_ms is not None


def test_an_echo_is_told_from_what_is_none() -> None:
    mark = b"12345678"
    packet = request(mark, 7)
    assert checksum(packet) == 0, "RFC 1071: the sum over a packet with its checksum"
    reply = b"\x00" + packet[1:]
    assert answer_to(mark, reply) == 7
    assert answer_to(mark, b"\x45" + bytes(19) + reply) == 7
    assert answer_to(mark, packet) is None
    assert answer_to(b"87654321", reply) is None
    assert answer_to(mark, b"") is None
