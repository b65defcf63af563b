"""What a person sees who verifies evidence or asks for clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import evidence
from agent.errors import OperatorError
from agent.evidence.manifest import VIDEO
from tests.evidence.rig import KEY, Rig


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    rig = Rig(tmp_path)
    rig.run(6.0)
    return rig.path(rig.happen())


def key_file(folder: Path) -> Path:
    path = folder / "camera.pem"
    path.write_bytes(KEY.public.pem())
    return path


def test_a_sound_clip_is_said_to_be_one(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evidence.verify(clip, key_file(tmp_path), as_json=False)
    assert capsys.readouterr().out == f"{clip}: clip as it was signed, key {KEY.public.fingerprint}\n"
    evidence.verify(clip / VIDEO, None, as_json=False)
    assert "not compared: pass --key" in capsys.readouterr().out


def test_a_changed_one_ends_with_1_and_says_where(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray((clip / VIDEO).read_bytes())
    content[-1] ^= 1
    (clip / VIDEO).write_bytes(content)
    with pytest.raises(SystemExit) as ending:
        evidence.verify(clip.parent, None, as_json=True)
    assert ending.value.code == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["what"], found["sound"], found["clip"]) == ("clip", False, clip.name)
    assert "fragment" in found["problems"][0]


def test_what_is_no_evidence_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="there is no"):
        evidence.verify(tmp_path / "missing", None, as_json=False)
    with pytest.raises(OperatorError, match="holds no clip"):
        evidence.verify(tmp_path, None, as_json=False)


def test_times_are_read_as_people_write_them() -> None:
    assert evidence.moment("1700000000") == 1_700_000_000.0
    assert evidence.moment("2023-11-14T22:13:20") == 1_700_000_000.0
    assert evidence.moment("2023-11-14T22:13:20Z") == 1_700_000_000.0
    assert evidence.moment("2023-11-15T00:13:20+02:00") == 1_700_000_000.0
    for wrong in ("yesterday", "nan", "-1", None):
        with pytest.raises(OperatorError):
            evidence.moment(wrong)


def test_what_is_to_be_erased_is_said_without_doubt() -> None:
    assert evidence.span("5", "6") == {"from": 5.0, "to": 6.0}
    assert evidence.span(None, None, everything=True) is None
    for start, end, everything in (("5", None, False), (None, None, False), ("5", "6", True), (None, "6", True)):
        with pytest.raises(OperatorError):
            evidence.span(start, end, everything=everything)


def test_a_clip_is_one_line() -> None:
    fields = {
        "id": "c1", "start_utc": "2026-01-01T00:00:00.000Z", "duration_s": 16.8, "bytes": 1_500_000,
        "severity": "warning", "incidents": ["i-1"], "reason": "", "held": True,
    }  # fmt: skip
    assert evidence.clip_line(fields) == "c1  2026-01-01T00:00:00.000Z    16.8 s     1.5 MB  warning  i-1  HELD"
