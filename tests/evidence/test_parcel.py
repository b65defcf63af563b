"""A report holds what it says, every byte of it counts, and its page tells the story."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent.domain import Event, HealthSample, HealthState
from agent.events.wire import Item, Record, body_of
from agent.evidence.manifest import sha256
from agent.evidence.page import report_page
from agent.evidence.parcel import TYPE, ParcelManifest, facts_of, pack, verify_report
from agent.evidence.report import Subject, write_report
from agent.evidence.stills import Sighting
from agent.keys import DeviceKey
from hal.ports import WallTime
from tests.evidence.rig import KEY, Rig
from tests.pictures import grey_planes

BEGAN_S = 1_767_225_606.0
STAMP = {"utc": "2026-01-01T00:00:06.000Z", "utc_s": BEGAN_S, "clock_synchronised": True}
INCIDENT: dict[str, Any] = {
    "id": "i-1", "kind": "loitering", "rule": "loitering-a", "state": "confirmed", "over": True, "severity": "warning",
    "zone": "spirits <shelf>", "opened": STAMP, "changed": {**STAMP, "utc_s": BEGAN_S + 4}, "lasted_s": 4.0,
    "tracks": [4], "factors": {"dwell_s": 31.0}, "actions": ["strobe"], "decision": None,
    "decisions": [{"decision": "confirm", "by": "Ada", "reason": "asked them", "note": "", **STAMP}],
    "notes": [{"text": "see <b>till</b>", "by": "Ada", **STAMP}],
}  # fmt: skip
EXPLANATION: dict[str, Any] = {
    "measures": [{"factor": "dwell_s", "value": 31.0, "op": ">=", "limit": 30.0, "setting": "after_s"}],
    "weights": [{"factor": "basket", "log_odds": -1.5, "weight": 1.0}],
    "sentences": {"budget": ["The alert budget changed nothing."]},
    "health": {"covered": "warning"},
}
SUBJECT = Subject(INCIDENT, EXPLANATION, {"name": "aisle-3", "id": "cam1", "fw": "0.1.0", "model_name": "person-m"})
WALL = WallTime(1_767_225_700.0, synchronised=True)
HAPPENED: list[Item] = [
    Event("output", 1.0, data={"output": "strobe", "incident": "i-1", "state": "active"}),
    Event("till", 2.0, data={"terminal": "till 2", "what": "refund"}),
    HealthSample("covered", HealthState.WARNING, 3.0, 2.0, 0.9),
]
RECORDS = [Record(n, BEGAN_S + n, True, "boot1", float(n), body_of(item)) for n, item in enumerate(HAPPENED, start=1)]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with one clip and its pictures."""
    folder = tmp_path_factory.mktemp("report")
    rig = Rig(folder)
    rig.run(6.0)
    incident = rig.open()
    for which in ("onset", "peak", "end"):
        rig.keeper.sighting(Sighting("i-1", which, grey_planes(90, (64, 48)), ()))
    rig.run(1.0)
    rig.close(incident)
    rig.run(7.0)
    clip = rig.path(str(rig.told("clip")[0]["clip"]))
    write_report(folder / "report.zip", SUBJECT, RECORDS, [clip], KEY, WALL)
    return folder / "report.zip"


def test_a_report_verifies_and_holds_all_parts(report: Path) -> None:
    finding = verify_report(report, KEY.public)
    assert (finding.problems, finding.known, finding.facts["incident"]) == ([], True, "i-1")
    with zipfile.ZipFile(report) as parcel:
        names = set(parcel.namelist())
        facts = json.loads(parcel.read("report.json"))
    assert {"report.html", "report.json", "device.pub.pem", "manifest.json", "manifest.json.sig"} < names
    assert sum(name.endswith(".jpg") for name in names) == 3
    assert facts["clips"][0]["sound"]
    assert [till["terminal"] for till in facts["tills"]] == ["till 2"]
    assert [moment["own"] for moment in facts["timeline"]] == [True, False, False]


def mutated(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """A random change of a file, and what it was."""
    at = chance.randrange(len(content))
    match chance.randrange(6):
        case 0:
            length = chance.randrange(1, 200)
            return f"dropped {length} from {at}", content[:at] + content[at + length :]
        case 1:
            return f"cut at {at}", content[:at]
        case 2:
            return "grown", content + chance.randbytes(chance.randrange(1, 60))
        case 3:
            return f"inserted at {at}", content[:at] + chance.randbytes(3) + content[at:]
        case _:
            changed = bytearray(content)
            changed[at] ^= 1 << chance.randrange(8)
            return f"bit of byte {at}", bytes(changed)


def survey(report: Path, folder: Path, seeds: range) -> None:
    content, missed = report.read_bytes(), {}
    for seed in seeds:
        what, other = mutated(content, random.Random(seed))
        (folder / "r.zip").write_bytes(other)
        if other != content and verify_report(folder / "r.zip", KEY.public).sound:
            missed[seed] = what
    assert missed == {}


def test_random_changes_are_found(report: Path, tmp_path: Path) -> None:
    survey(report, tmp_path, range(300))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_random_changes_are_found(report: Path, tmp_path: Path) -> None:
    survey(report, tmp_path, range(10_000, 20_000))


def test_every_bit_of_the_zip_headers_counts(report: Path, tmp_path: Path) -> None:
    content = report.read_bytes()
    start = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x05\x06"))
    for at in [*range(start, len(content)), *range(30)]:
        changed = bytearray(content)
        changed[at] ^= 0x10
        (tmp_path / "r.zip").write_bytes(changed)
        assert not verify_report(tmp_path / "r.zip", KEY.public).sound, at


def test_a_file_exchanged_under_a_new_signature_shows_the_wrong_key(tmp_path: Path) -> None:
    files = {"report.html": b"<p>nothing happened</p>"}
    out, key = io.BytesIO(), DeviceKey.generate()
    pack(out, ParcelManifest(TYPE, "i-1", 0.0, True, "cam1", facts_of(files)), files, key)
    (tmp_path / "r.zip").write_bytes(out.getvalue())
    assert verify_report(tmp_path / "r.zip").sound
    assert not verify_report(tmp_path / "r.zip", KEY.public).sound
    assert sha256(files["report.html"]) == facts_of(files)[0].sha256


def test_what_is_no_zip_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(b"nothing of the kind")
    assert verify_report(tmp_path / "r.zip").problems[0].startswith("no whole ZIP file")
    assert verify_report(tmp_path / "missing.zip").problems[0].startswith("cannot be read")


def test_the_page_tells_the_story_and_lets_nobody_write_in_it(report: Path) -> None:
    with zipfile.ZipFile(report) as parcel:
        page = parcel.read("report.html").decode()
    for words in ("Loitering", "aisle-3", "31", "&gt;= 30", "confirmed by Ada", "asked them", "strobe", "refund"):
        assert words in page, words
    assert "spirits &lt;shelf&gt;" in page
    assert "<b>till" not in page
    assert "<script" not in page
    assert page.count("data:image/jpeg;base64,") == 3


def test_a_page_without_clip_pictures_or_decision_says_so() -> None:
    bare = {**INCIDENT, "over": False, "decisions": [], "notes": [], "zone": None, "line": None}
    made = {"utc": STAMP["utc"], "clock_synchronised": False}
    facts = {
        "incident": bare, "explanation": {}, "camera": {}, "made": made, "timeline": [], "tills": [], "health": [],
        "clips": [],
    }  # fmt: skip
    page = report_page(facts, {})
    for words in ("still going on", "No video was recorded", "No picture was kept", "Nobody has decided"):
        assert words in page
