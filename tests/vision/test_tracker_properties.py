"""What holds for the tracker whatever it is fed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Box, Detection, Track
from agent.vision.tracker import Tracker
from tests.vision.crowd import SETTINGS, Seen, body, confirmed, follow, walk

PLACES = st.floats(-0.1, 1.1)
SIZES = st.floats(0.01, 0.9)


@st.composite
def detections(draw: st.DrawFn) -> Detection:
    x, y, width, height = draw(PLACES), draw(PLACES), draw(SIZES), draw(SIZES)
    return Detection(Box(x, y, x + width, y + height), draw(st.floats(0.05, 1.0)))


SCENES = st.lists(
    st.tuples(st.floats(0.001, 5.0), st.lists(detections(), max_size=6, unique_by=lambda one: one.box)), max_size=12
)


def timed(scene: list[tuple[float, list[Detection]]]) -> list[Seen]:
    t_s = 0.0
    seen: list[Seen] = []
    for gap_s, found in scene:
        t_s += gap_s
        seen.append((t_s, found))
    return seen


@given(SCENES)
def test_ids_are_unique_and_no_detection_has_two_tracks(scene: list[tuple[float, list[Detection]]]) -> None:
    tracker = Tracker(SETTINGS)
    for t_s, found in timed(scene):
        tracks = tracker.update(t_s, found)
        assert len({track.id for track in tracks}) == len(tracks)
        assert sum(track.seen for track in tracks) <= len(found)
        scores = sorted(one.score for one in found)
        for track in tracks:
            if track.seen:
                scores.remove(track.score)


@given(SCENES)
def test_every_track_is_sound(scene: list[tuple[float, list[Detection]]]) -> None:
    before: dict[int, Track] = {}
    for (t_s, _), tracks in zip(timed(scene), follow(timed(scene)), strict=True):
        for track in tracks:
            assert track.t_s == t_s
            assert track.seen == (track.last_seen_s == t_s)
            assert track.born_s <= track.last_seen_s <= t_s
            assert track.height > 0
            assert track.box.width > 0
            assert track.box.height > 0
            earlier = before.get(track.id, track)
            assert track.confirmed >= earlier.confirmed
            assert track.born_s == earlier.born_s
            before[track.id] = track


@given(SCENES, st.data())
def test_the_order_of_detections_is_irrelevant(scene: list[tuple[float, list[Detection]]], data: st.DataObject) -> None:
    mixed = [(gap_s, data.draw(st.permutations(found))) for gap_s, found in scene]
    assert follow(timed(scene)) == follow(timed(mixed))


@given(SCENES, st.integers(1, 1000))
def test_the_start_of_the_clock_is_irrelevant(scene: list[tuple[float, list[Detection]]], start_s: int) -> None:
    steps = [(round(gap_s * 1024) / 1024 or 1 / 1024, found) for gap_s, found in scene]
    early = follow(timed(steps))
    late = follow([(t_s + start_s, found) for t_s, found in timed(steps)])
    assert [[(a.id, a.box, a.confirmed, a.seen) for a in frame] for frame in early] == [
        [(b.id, b.box, b.confirmed, b.seen) for b in frame] for frame in late
    ]


@settings(max_examples=50)
@given(
    pace=st.floats(-0.15, 0.15),
    fps=st.floats(4.0, 30.0),
    dropped=st.sets(st.integers(10, 200)),
)
def test_dropped_frames_change_no_id_of_a_clean_walker(pace: float, fps: float, dropped: set[int]) -> None:
    seen = walk(5.0, lambda t: [body(0.5 + pace * (t - 2.5))], fps)
    kept = [one for number, one in enumerate(seen) if number not in dropped or number % 4 == 0]
    assert set(confirmed(follow(kept))) == {1}


@settings(max_examples=50)
@given(fps=st.floats(3.0, 60.0))
def test_bridging_is_in_time_not_in_frames(fps: float) -> None:
    frames = follow(walk(8.0, lambda t: [] if 3.0 <= t < 4.5 else [body(0.1 + 0.1 * t)], fps))
    assert set(confirmed(frames)) == {1}
    lost = follow(walk(12.0, lambda t: [] if 3.0 <= t < 6.0 else [body(0.1 + 0.06 * t)], fps))
    assert len(confirmed(lost)) == 2
