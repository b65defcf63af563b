"""Every change to a clip or to the audit log is found, and nothing that was not changed is called so."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from agent.errors import OperatorError
from agent.evidence.audit import HEAD, AuditLog
from agent.evidence.audit_parts import LOG, PART_BYTES, first_number, full_parts, part_name
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO
from agent.evidence.stills import Sighting
from agent.evidence.verify import FolderSource, verify_clip, verify_folder
from agent.evidence.verify_log import verify_log
from agent.keys import PUBLIC, DeviceKey, read_public
from hal.simulated.clock import ManualClock
from tests.evidence.mutations import Mutator
from tests.evidence.rig import KEY, Rig
from tests.pictures import grey_planes


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three clips with a still each."""
    rig = Rig(tmp_path_factory.mktemp("evidence"))
    rig.run(6.0)
    for number, name in enumerate(("a", "b", "c")):
        incident = rig.open(name)
        rig.keeper.sighting(Sighting(name, "onset", grey_planes(90, (64, 48)), ()))
        rig.run(1.0 + number)
        rig.close(incident)
        rig.run(7.0)
    return [rig.path(str(told["clip"])) for told in rig.told("clip")]


def fresh_log(folder: Path, entries: int = 12, part_bytes: int = PART_BYTES) -> Path:
    log = AuditLog(folder, KEY, ManualClock(1.0), "boot1", part_bytes=part_bytes, most_parts=2)
    for number in range(entries):
        log.record("arming", mode="armed", by=f"person {number}")
        log.flush()
    return folder / LOG


def clip_is_sound(clip: Path) -> bool:
    return verify_clip(FolderSource(clip), str(clip), KEY.public).sound


def log_is_sound(folder: Path) -> bool:
    return (folder / LOG).exists() and verify_log(folder / LOG, KEY.public).sound


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a log whose first files have gone."""
    folder = fresh_log(tmp_path_factory.mktemp("log"), 24, part_bytes=1600).parent
    assert len(full_parts(folder)) == 2
    assert full_parts(folder)[0].name != part_name(1)
    return folder


def mutated(kind: str, originals: list[Path], folder: Path, seed: int) -> str | None:
    """One random change to a copy; what it was, if it was not found."""
    chance = random.Random(seed)
    copy = folder / f"{kind}-{seed}"
    original, other = chance.sample(originals, 2)
    shutil.copytree(original, copy)
    if kind == "clip":
        change, sound = Mutator(chance).change(copy, other), clip_is_sound(copy)
    else:
        change, sound = Mutator(chance).change_log(copy), log_is_sound(copy)
    shutil.rmtree(copy)
    return change if sound else None


def survey(kind: str, originals: list[Path], folder: Path, seeds: range) -> None:
    missed = {seed: change for seed in seeds if (change := mutated(kind, originals, folder, seed))}
    assert missed == {}


@pytest.mark.parametrize("kind", ["clip", "log"])
def test_random_changes_are_found(kind: str, clips: list[Path], log: Path, tmp_path: Path) -> None:
    survey(kind, clips if kind == "clip" else [log, log], tmp_path, range(250))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["clip", "log"])
def test_ten_thousand_random_changes_are_found(kind: str, clips: list[Path], log: Path, tmp_path: Path) -> None:
    survey(kind, clips if kind == "clip" else [log, log], tmp_path, range(10_000, 20_000))


def test_what_was_not_changed_is_sound(clips: list[Path], tmp_path: Path) -> None:
    for clip in clips:
        finding = verify_clip(FolderSource(clip), str(clip), KEY.public)
        assert (finding.problems, finding.known) == ([], True)
    for number in range(1, 30):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert verify_log(fresh_log(folder, number), KEY.public).problems == []


def test_it_needs_no_device_and_tells_when_no_key_was_given(clips: list[Path]) -> None:
    finding = verify_clip(FolderSource(clips[0]), "clip")
    assert finding.sound
    assert not finding.known
    assert finding.signed_by == KEY.public


def test_another_device_cannot_sign_for_this_one(clips: list[Path], tmp_path: Path) -> None:
    from agent.evidence.seal import seal

    forged = tmp_path / "clip"
    shutil.copytree(clips[0], forged)
    content = (forged / MANIFEST).read_bytes().replace(b'"warning"', b'"info"')
    (forged / MANIFEST).write_bytes(content)
    (forged / SIGNATURE).write_bytes(seal(DeviceKey.generate(), content))
    assert verify_clip(FolderSource(forged), "clip").sound
    finding = verify_clip(FolderSource(forged), "clip", KEY.public)
    assert "not by the one given" in finding.problems[0]


def test_the_place_of_the_damage_is_told(clips: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "clip"
    shutil.copytree(clips[0], copy)
    content = bytearray((copy / VIDEO).read_bytes())
    content[-10] ^= 1
    (copy / VIDEO).write_bytes(content)
    (copy / "note.txt").write_text("added")
    problems = verify_clip(FolderSource(copy), "clip", KEY.public).problems
    assert problems[0] == "note.txt was added"
    assert problems[1].startswith("clip.mp4 differs from what was signed in fragment")


def test_a_crash_between_line_and_head_is_no_forgery(tmp_path: Path) -> None:
    fresh_log(tmp_path, 5)
    head = (tmp_path / HEAD).read_bytes()
    AuditLog(tmp_path, KEY, ManualClock(), "boot2").flush()
    log = AuditLog(tmp_path, KEY, ManualClock(), "boot2")
    log.record("start")
    log.flush()
    (tmp_path / HEAD).write_bytes(head)
    assert verify_log(tmp_path / LOG, KEY.public).problems == []
    log.record("stop")
    log.flush()
    (tmp_path / HEAD).write_bytes(head)
    assert verify_log(tmp_path / LOG, KEY.public).problems == ["2 lines more than audit.head knows"]


def test_a_torn_line_is_cut_off_and_noted_at_the_next_start(tmp_path: Path) -> None:
    path = fresh_log(tmp_path, 5)
    with path.open("ab") as file:
        file.write(b'{"n":6,"utc')
    assert verify_log(path, KEY.public).problems == ["the last line is cut off"]
    log = AuditLog(tmp_path, KEY, ManualClock(), "boot2")
    log.flush()
    assert verify_log(path, KEY.public).problems == []
    assert b'"audit_torn"' in path.read_bytes()


def test_a_log_goes_on_in_further_files_and_says_which_have_gone(tmp_path: Path) -> None:
    for round_ in range(1, 6):
        log = AuditLog(tmp_path, KEY, ManualClock(), f"boot{round_}", part_bytes=1200, most_parts=3)
        for number in range(5):
            log.record("arming", by=f"person {number}")
            log.flush()
    finding = verify_log(tmp_path / LOG, KEY.public)
    assert finding.problems == []
    assert len(full_parts(tmp_path)) == 3
    assert finding.facts["first"] == first_number(full_parts(tmp_path)[0]) > 1


def test_a_log_that_lost_its_first_file_otherwise_is_not_sound(tmp_path: Path) -> None:
    path = fresh_log(tmp_path, 10, part_bytes=1200)
    first, second, *_ = full_parts(tmp_path)
    first.unlink()
    start = first_number(second)
    assert verify_log(path, KEY.public).problems == [
        f"lines before {start} are missing, and no line says that they went"
    ]


def test_a_crash_between_two_files_loses_nothing(tmp_path: Path) -> None:
    path = fresh_log(tmp_path, 3)
    path.rename(tmp_path / part_name(1))
    log = AuditLog(tmp_path, KEY, ManualClock(), "boot2")
    log.record("start")
    log.flush()
    finding = verify_log(path, KEY.public)
    assert (finding.problems, finding.facts["lines"]) == ([], 4)


def test_without_its_head_a_log_proves_little(tmp_path: Path) -> None:
    path = fresh_log(tmp_path, 5)
    (tmp_path / HEAD).unlink()
    assert not verify_log(path, KEY.public).sound


def test_a_folder_without_evidence_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="holds no clip"):
        verify_folder(tmp_path)


def test_the_device_makes_its_key_once_and_keeps_it_to_itself(tmp_path: Path) -> None:
    first, second = DeviceKey.open(tmp_path), DeviceKey.open(tmp_path)
    assert first.public == second.public == read_public(tmp_path / "keys" / PUBLIC)
    assert (tmp_path / "keys" / "device.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    other = DeviceKey.open(tmp_path / "other")
    assert other.public != first.public


def test_a_key_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    DeviceKey.open(tmp_path)
    (tmp_path / "keys" / "device.pem").write_text("nonsense")
    with pytest.raises(OperatorError, match="no Ed25519 key"):
        DeviceKey.open(tmp_path)
    (tmp_path / "a.pem").write_text("nonsense")
    with pytest.raises(OperatorError, match="no public key"):
        read_public(tmp_path / "a.pem")
