"""From an incident to a clip on the disk that plays, verifies, and goes when its time is over."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.domain import Box, HealthState, IncidentState, Severity
from agent.evidence.job import ClipJob
from agent.evidence.manifest import MANIFEST, VIDEO, decode_manifest
from agent.evidence.people import PEOPLE, encode_people
from agent.evidence.stills import Sighting
from agent.tables.evidence import EvidenceConfig
from hal.mp4 import Muxer, examine
from tests.evidence.rig import Rig
from tests.pictures import grey_planes

FREE = EvidenceConfig(min_free_mb=0.0)


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "clips").iterdir()}


def test_a_clip_holds_what_came_before_during_and_after(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(12.0)
    clip_id = rig.happen(seconds=3.0)
    told = rig.told("clip")[0]
    assert told["state"] == "stored"
    assert told["incidents"] == ["i-1"]
    assert told["ended"] == "complete"
    assert rig.verified(clip_id).problems == []
    facts = examine(rig.path(clip_id) / VIDEO)
    assert facts.duration_s == pytest.approx(told["duration_s"], abs=0.01)
    assert 13.0 <= facts.duration_s <= 14.1, "5 s before, 3 s of incident, 5 s after, at most one group more"
    assert names(tmp_path) == {clip_id}, "what named it unfinished is gone"


def test_the_manifest_tells_what_who_when_and_how(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(8.0)
    manifest = decode_manifest((rig.path(rig.happen(severity=Severity.CRITICAL)) / MANIFEST).read_bytes())
    assert manifest.made_by.device == "cam1"
    assert manifest.severity == "critical"
    assert manifest.incidents[0].rule == "loitering-a"
    assert manifest.incidents[0].state == "closed"
    video = manifest.video
    assert (video.method, video.lost_packets, video.clock_synchronised) == ("software", 0, True)
    assert video.start_s <= manifest.incidents[0].opened_s - 5.0
    offset_s = rig.clock.wall().utc_s - rig.clock.monotonic()
    assert video.start_utc_s == pytest.approx(video.start_s + offset_s)


def test_without_an_incident_nothing_is_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    rig.run(30.0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_stills_lie_beside_the_video_and_are_signed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(2.0)
    incident = rig.open()
    for which in ("onset", "peak"):
        rig.keeper.sighting(Sighting("i-1", which, grey_planes(90, (64, 48)), (Box(0.2, 0.2, 0.4, 0.8),)))
    rig.run(1.0)
    rig.keeper.sighting(Sighting("other", "onset", grey_planes(90, (64, 48)), ()))
    rig.close(incident)
    rig.run(7.0)
    told = rig.told("clip")[0]
    assert told["stills"] == ["i-1-onset.jpg", "i-1-peak.jpg"]
    assert rig.verified(told["clip"]).sound


def test_a_picture_that_comes_before_the_first_video_waits_for_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    incident = rig.open()
    rig.keeper.sighting(Sighting("i-1", "onset", grey_planes(90, (64, 48)), ()))
    rig.run(1.0, video=False)
    rig.run(1.0)
    rig.close(incident)
    rig.run(7.0)
    assert rig.told("clip")[0]["stills"] == ["i-1-onset.jpg"]


def test_a_camera_that_gives_nothing_more_ends_the_clip(tmp_path: Path) -> None:
    rig = Rig(tmp_path, replace(FREE, max_clip_s=20.0))
    rig.run(6.0)
    rig.open()
    rig.run(3.0)
    rig.run(30.0, video=False)
    assert rig.told("clip")[0]["ended"] == "camera_lost"
    assert rig.verified(str(rig.told("clip")[0]["clip"])).sound


def test_an_incident_without_any_video_is_told_as_such(tmp_path: Path) -> None:
    rig = Rig(tmp_path, replace(FREE, max_clip_s=10.0))
    rig.open()
    rig.run(20.0, video=False)
    assert [told["state"] for told in rig.told("clip")] == ["no_recording"]
    assert names(tmp_path) == set()


def test_a_clip_ends_at_its_longest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, replace(FREE, max_clip_s=10.0))
    rig.run(6.0)
    rig.open()
    rig.run(20.0)
    told = rig.told("clip")
    assert [one["ended"] for one in told] == ["limit"]
    assert told[0]["duration_s"] <= 11.1


def test_stopping_stores_what_there_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    rig.open()
    rig.run(2.0)
    rig.keeper.finish()
    told = rig.told("clip")[0]
    assert told["ended"] == "stopped"
    assert rig.verified(told["clip"]).sound
    assert names(tmp_path) == {told["clip"]}


def test_a_clip_is_told_again_until_the_journal_has_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, durable=False)
    rig.run(6.0)
    clip_id = rig.happen()
    assert names(tmp_path) == {clip_id, f"{clip_id}.begun"}
    later = rig.again()
    assert [told["clip"] for told in later.told("clip")] == [clip_id]
    later.run(0.5)
    assert names(tmp_path) == {clip_id}
    assert later.again().told("clip") == []


def test_clips_go_when_their_time_is_over_and_the_log_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, replace(FREE, keep_info_h=1.0, keep_critical_h=100.0))
    rig.run(6.0)
    info, critical = rig.happen("a", Severity.INFO), rig.happen("b", Severity.CRITICAL)
    rig.clock.set_wall(rig.clock.wall().utc_s + 1e8)
    rig.run(3.0)
    rig.clock.sleep(3500.0)
    rig.keeper.turn()
    assert names(tmp_path) == {info, critical}, "a wall clock that jumps ages nothing"
    rig.clock.sleep(200.0)
    rig.keeper.turn()
    assert names(tmp_path) == {critical}
    rig.audit.flush()
    lines = (tmp_path / "audit.log").read_text().splitlines()
    assert any('"kind":"erase"' in line and info in line and '"why":"expired"' in line for line in lines)
    assert any('"kind":"clock_step"' in line for line in lines)


def test_a_held_clip_outlives_its_time_until_it_is_released(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    clip_id = rig.happen()
    rig.keeper.vault.hold(clip_id, "police 4711")
    rig.clock.sleep(400 * 3600.0)
    rig.keeper.turn()
    later = rig.again()
    clip = later.keeper.vault.clip(clip_id)
    assert clip is not None
    assert clip.held
    later.keeper.vault.release(clip_id)
    later.clock.sleep(80 * 3600.0)
    later.keeper.turn()
    assert names(tmp_path) == set()


def test_the_quota_takes_the_oldest_of_the_lowest_severity(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    clips = [rig.happen(name, severity) for name, severity in (("a", Severity.CRITICAL), ("b", Severity.INFO))]
    size = max(clip.bytes for clip in rig.keeper.vault.clips)
    later = Rig(tmp_path, replace(FREE, quota_mb=size * 1.5 / (1 << 20)), rig.clock)
    later.run(0.2)
    assert names(tmp_path) == {clips[0]}


def test_a_disk_that_cannot_be_used_is_told_once_and_taken_up_when_it_is_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    clips = tmp_path / "clips"
    clips.rename(tmp_path / "away")
    clips.write_text("a file where the folder should be")
    incident = rig.open()
    rig.run(3.0)
    assert [sample.state for sample in rig.health] == [HealthState.FAULT]
    clips.unlink()
    (tmp_path / "away").rename(clips)
    rig.run(4.0)
    rig.close(incident)
    rig.run(7.0)
    assert [sample.state for sample in rig.health] == [HealthState.FAULT, HealthState.OK]
    told = rig.told("clip")[0]
    assert told["ended"] == "complete"
    assert rig.verified(told["clip"]).sound
    assert examine(rig.path(told["clip"]) / VIDEO).duration_s >= 16.0, "nothing was lost meanwhile"


def test_a_crash_leaves_a_clip_that_knows_how_bad_it_was(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    incident = rig.open()
    rig.run(2.0)
    rig.keeper.incident(replace(incident, state=IncidentState.UPDATED, severity=Severity.CRITICAL))
    rig.keeper.incident(replace(incident, id="i-2", state=IncidentState.OPEN))
    rig.run(3.0)
    later = rig.again()
    told = later.told("clip")[0]
    assert (told["state"], told["ended"], told["incidents"]) == ("recovered", "crash", ["i-1", "i-2"])
    clip = later.keeper.vault.clip(told["clip"])
    assert clip is not None
    assert clip.severity == Severity.CRITICAL
    assert later.verified(told["clip"]).sound
    assert examine(later.path(told["clip"]) / VIDEO).duration_s == pytest.approx(told["duration_s"], abs=0.01)


@pytest.mark.parametrize("cut", [0, 5])
def test_a_crash_between_the_last_files_is_made_good(tmp_path: Path, cut: int) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    incident = rig.open()
    rig.keeper.sighting(Sighting("i-1", "onset", grey_planes(90, (64, 48)), ()))
    rig.run(3.0)
    (part,) = (tmp_path / "clips").glob("*.part")
    (part / PEOPLE).write_bytes(encode_people([], 0.0)[: -cut or None])
    (part / "i-1-end.jpg").write_bytes((part / "i-1-onset.jpg").read_bytes()[:-cut] if cut else b"")
    (part / MANIFEST).write_bytes(b'{"half')
    later = rig.again()
    told = later.told("clip")[0]
    assert later.verified(told["clip"]).problems == []
    assert told["stills"] == ["i-1-onset.jpg"]
    assert (later.path(told["clip"]) / PEOPLE).exists() == (cut == 0)
    assert incident.id in told["incidents"]


@contextmanager
def no_collection() -> Iterator[None]:
    """What is freed in here is freed because nobody needs it any more: no garbage collection comes by."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def in_the_making() -> list[object]:
    return [thing for thing in gc.get_objects() if isinstance(thing, ClipJob | Muxer)]


def test_a_clip_that_is_stored_is_out_of_memory_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(8.0)
    with no_collection():
        before = len(in_the_making())
        rig.happen()
        assert rig.told("clip")[0]["state"] == "stored"
        assert len(in_the_making()) == before


def test_video_that_is_let_go_is_out_of_memory_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(8.0)
    with no_collection():
        before = len(in_the_making())
        rig.open()
        rig.run(2.0)
        assert len(in_the_making()) == before + 2
        rig.keeper.forget(0.0, rig.clock.monotonic())
        assert len(in_the_making()) == before
