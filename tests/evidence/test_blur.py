"""People in an exported clip cannot be recognised, the one whom it is about stays, and what was made is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Box, Track
from agent.errors import OperatorError, WireError
from agent.evidence.blur import MARGIN, Blur, blur_clip, cover
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO, decode_manifest, sha256
from agent.evidence.people import PEOPLE, Look, LookRing, Person, decode_people, encode_people, people_at
from agent.evidence.seal import seal
from agent.evidence.verify import FolderSource, verify_clip
from agent.vision.pipeline import Outcome, StageMs
from hal.mp4 import examine
from hal.ports import U8, Frame, HalSettings, Yuv420
from hal.simulated.clock import ManualClock
from hal.video import VideoFile
from tests.evidence.rig import KEY, Rig
from tests.pictures import grey_planes

LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.8), Box(0.6, 0.2, 0.8, 0.8)


def track(number: int, box: Box, t_s: float = 0.0) -> Track:
    return Track(number, t_s, box, 0.9, True, True, True, box.height, 0.0, t_s)


def outcome(t_s: float, tracks: Sequence[Track], *, inferred: bool = True) -> Outcome:
    picture = grey_planes(90, (64, 48))
    return Outcome(Frame(0, t_s, picture, picture), inferred, (), tracks, (), (), StageMs())


def noise(seed: int, size: tuple[int, int] = (160, 96)) -> Yuv420:
    chance = np.random.default_rng(seed)
    width, height = size
    y = chance.integers(16, 236, (height, width), np.uint8)
    return Yuv420(y, *(chance.integers(16, 240, (height // 2, width // 2), np.uint8) for _ in range(2)))


def inside(plane: U8, box: Box) -> U8:
    height, width = plane.shape
    return plane[round(box.y1 * height) : round(box.y2 * height), round(box.x1 * width) : round(box.x2 * width)]


def test_a_covered_person_is_a_few_flat_squares() -> None:
    picture = noise(1)
    covered = cover(picture, [LEFT])
    person = inside(covered.y, LEFT)
    assert len(np.unique(person)) <= 6 * 20
    assert person.std() < inside(picture.y, LEFT).std() / 3
    assert np.array_equal(inside(covered.y, RIGHT), inside(picture.y, RIGHT))
    assert not np.array_equal(picture.y, covered.y)


def test_hair_and_hands_beside_the_box_are_covered_as_well() -> None:
    picture = noise(1)
    covered = cover(picture, [LEFT])
    wider = Box(LEFT.x1 - MARGIN * 0.19, LEFT.y1 - MARGIN * 0.55, LEFT.x2 + MARGIN * 0.19, LEFT.y2)
    assert inside(covered.y, wider).std() < inside(picture.y, wider).std() / 2


@given(st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4))
def test_any_box_may_be_covered(edges: list[float]) -> None:
    x1, x2 = sorted(edges[:2])
    y1, y2 = sorted(edges[2:])
    covered = cover(noise(2, (32, 32)), [Box(x1, y1, x2, y2)])
    assert covered.y.shape == (32, 32)


def test_everybody_near_in_time_is_meant() -> None:
    looks = [Look(t, (Person(n, 0.1 * n, 0.1, 0.2, 0.2),)) for n, t in enumerate((0.0, 1.0, 2.0))]
    for t_s, who in ((0.0, {0}), (0.4, {0, 1}), (1.0, {1}), (1.9, {1, 2}), (5.0, {2}), (-1.0, {0})):
        assert {person.track for person in people_at(looks, t_s)} == who, t_s
    assert list(people_at([], 1.0)) == []


def test_the_ring_keeps_what_a_clip_may_still_want() -> None:
    ring = LookRing(5.0)
    for n in range(200):
        ring.look(outcome(n / 10, [track(1, LEFT)], inferred=n % 2 == 0))
    kept = ring.since(0.0)
    assert 4.5 <= kept[-1].t_s - kept[0].t_s <= 5.5
    assert ring.since(19.0)[0].t_s == 19.0
    assert ring.since(99.0)[0].t_s == kept[-1].t_s


def test_a_file_of_people_is_read_back_and_another_is_refused() -> None:
    looks = (Look(10.0, (Person(3, 0.1, 0.2, 0.3, 0.4),)),)
    assert decode_people(encode_people(looks, 4.0)) == (Look(6.0, looks[0].people),)
    with pytest.raises(WireError):
        decode_people(b"{}")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Track 1, whom the incident is about, at the left; track 2 at the right."""
    rig = Rig(tmp_path)
    rig.run(6.0)
    incident = rig.open()
    for _ in range(20):
        now_s = rig.clock.monotonic()
        rig.keeper.looks.look(outcome(now_s, [track(1, LEFT, now_s), track(2, RIGHT, now_s)]))
        rig.run(0.1)
    rig.close(incident)
    rig.run(7.0)
    return rig.path(str(rig.told("clip")[0]["clip"]))


@pytest.mark.parametrize("blur", list(Blur))
def test_a_blurred_clip_is_signed_and_names_its_original(clip: Path, tmp_path: Path, blur: Blur) -> None:
    (tmp_path / "out").mkdir()
    made = blur_clip(clip, tmp_path / "out", blur, [1], KEY)
    finding = verify_clip(FolderSource(made), "blurred", KEY.public)
    assert (finding.problems, finding.known) == ([], True)
    manifest, original = (decode_manifest((folder / MANIFEST).read_bytes()) for folder in (made, clip))
    assert (manifest.blurred, manifest.original_sha256) == (blur, sha256((clip / MANIFEST).read_bytes()))
    assert manifest.incidents == original.incidents
    assert manifest.stills == ["i-1-onset.jpg"]
    facts = examine(made / VIDEO)
    assert facts.pictures == original.video.pictures
    assert facts.duration_s == pytest.approx(original.video.duration_s, abs=0.2)


def test_only_those_are_covered_who_shall_be(clip: Path, tmp_path: Path) -> None:
    """The video is even; what is under a box is told by making it noisy first."""
    noisy = noisy_copy(clip, tmp_path / "noisy")
    for blur, covered in ((Blur.OTHERS, [RIGHT]), (Blur.EVERYONE, [LEFT, RIGHT])):
        (tmp_path / blur).mkdir()
        made = blur_clip(noisy, tmp_path / blur, blur, [1], KEY)
        before, after = (pictures(folder / VIDEO)[65] for folder in (noisy, made))
        for box in (LEFT, RIGHT):
            shrunk = inside(after, box).std() / inside(before, box).std()
            assert (shrunk < 0.6) == (box in covered), (blur, box, shrunk)


def noisy_copy(clip: Path, target: Path) -> Path:
    """The same clip with noise for pictures."""
    from hal.mp4 import Muxer
    from hal.ports import RecordingSettings
    from hal.recorder import SoftwareRecorder

    target.mkdir()
    recorder = SoftwareRecorder(RecordingSettings(bitrate_bps=20_000_000), 10.0)
    manifest = decode_manifest((clip / MANIFEST).read_bytes())
    packets = []
    for number in range(manifest.video.pictures):
        picture = noise(5, (manifest.video.width, manifest.video.height))
        packets += recorder.encode(Frame(number, number / 10, picture, picture))
    packets += recorder.finish()
    with (target / VIDEO).open("wb") as file:
        muxer = Muxer(lambda data: [file.write(data)].clear(), packets[0].shape)
        for packet in packets:
            muxer.write(packet)
        muxer.close()
    content = (clip / MANIFEST).read_bytes()
    (target / MANIFEST).write_bytes(content)
    (target / SIGNATURE).write_bytes(seal(KEY, content))
    (target / PEOPLE).write_bytes((clip / PEOPLE).read_bytes())
    return target


def pictures(path: Path) -> list[U8]:
    source = VideoFile(HalSettings(str(path), paced=False), ManualClock())
    source.open()
    return [frame.main.y for frame in iter(lambda: source.read(1.0), None)]


def test_where_people_are_unknown_nothing_is_given_out_as_blurred(clip: Path, tmp_path: Path) -> None:
    (clip / PEOPLE).unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(OperatorError, match="nobody knows where its people are"):
        blur_clip(clip, tmp_path / "out", Blur.OTHERS, [1], KEY)
