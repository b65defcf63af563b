"""The tracker by example: confirmation, gaps, cut boxes, people who cross, stand, vanish and come back."""

from __future__ import annotations

import pytest

from agent.domain import Box, Detection
from agent.vision.person import is_confirmed
from agent.vision.tracker import Tracker, TrackerSettings
from tests.vision.crowd import SETTINGS, body, confirmed, follow, walk


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.9, 0.9], False),
        ([0.7, 0.7, 0.7], True),
        ([0.69, 0.69, 0.69], False),
        ([0.9, 0.0, 0.9], True),
        ([0.9, 0.0, 0.0], False),
        ([0.9, 0.9, 0.0, 0.0], False),
        ([0.6, 0.6, 0.8, 0.8, 0.8], True),
        ([0.5] * 5 + [0.9] * 5, True),
        ([0.5] * 6 + [0.9] * 4, False),
    ],
)
def test_confirmation_is_the_median_of_three_to_ten_scores(scores: list[float], expected: bool) -> None:
    assert is_confirmed(scores, 0.7) is expected


def test_a_person_is_confirmed_at_the_third_observation_and_for_good() -> None:
    scores = [0.8, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5]
    frames = follow([(n / 10, [body(0.5, score=score)]) for n, score in enumerate(scores)])
    assert [track.confirmed for (track,) in frames] == [False, False, *[True] * 6]


def test_a_score_below_min_score_counts_as_none_for_confirmation() -> None:
    frames = follow([(n / 10, [body(0.5, score=score)]) for n, score in enumerate([0.8, 0.45, 0.45, 0.8, 0.8])])
    assert [track.confirmed for (track,) in frames] == [False, False, False, False, True]


def test_only_the_last_ten_scores_count() -> None:
    scores = [0.55] * 20 + [0.75] * 6
    frames = follow([(n / 10, [body(0.5, score=score)]) for n, score in enumerate(scores)])
    assert [track.confirmed for (track,) in frames] == [False] * 25 + [True]


def test_a_low_score_starts_nobody() -> None:
    assert not any(follow(walk(2.0, lambda t: [body(0.5, score=0.49)])))


def test_a_low_score_prolongs_a_track() -> None:
    frames = follow(walk(6.0, lambda t: [body(0.5, score=0.9 if t < 1 else 0.3)]))
    assert {track.id for frame in frames for track in frame} == {1}
    assert all(track.seen for frame in frames for track in frame)


def test_a_flicker_of_clutter_is_never_confirmed() -> None:
    frames = follow(walk(5.0, lambda t: [body(0.5)] if round(t * 10) % 3 == 0 else []))
    assert not confirmed(frames)


def test_the_box_follows_the_walker_closely() -> None:
    frames = follow(walk(4.0, lambda t: [body(0.1 + 0.2 * t)]))
    for number, (track,) in enumerate(frames[10:], start=10):
        assert track.foot.x == pytest.approx(0.1 + 0.02 * number, abs=0.006)
        assert track.foot.y == pytest.approx(0.8, abs=0.004)
        assert track.height == pytest.approx(0.4, abs=0.004)
        assert track.foot_seen


def test_a_walker_hidden_for_a_second_keeps_the_id() -> None:
    frames = follow(walk(5.0, lambda t: [] if 2.0 <= t < 3.0 else [body(0.1 + 0.15 * t)]))
    assert set(confirmed(frames)) == {1}
    hidden = frames[25]
    assert [track.seen for track in hidden] == [False]
    assert hidden[0].foot.x == pytest.approx(0.1 + 0.15 * 2.5, abs=0.03)
    assert frames[-1][0].gap_s == pytest.approx(1.1)


def test_a_dropped_observation_is_no_identity_gap() -> None:
    frames = follow(walk(3.0, lambda t: [] if 1.45 < t < 1.65 else [body(0.5)]))
    assert frames[-1][0].gap_s == 0.0


def test_a_lost_walker_is_gone_after_the_bridge_time() -> None:
    frames = follow(walk(6.0, lambda t: [body(0.1 + 0.15 * t)] if t < 2.0 else []))
    last_seen = [n for n, frame in enumerate(frames) if frame and frame[0].seen][-1]
    last_live = [n for n, frame in enumerate(frames) if frame][-1]
    assert (last_live - last_seen) / 10 == pytest.approx(2.0, abs=0.11)


def test_somebody_else_after_a_lost_walker_gets_a_new_id() -> None:
    frames = follow(walk(10.0, lambda t: [body(0.1 + 0.15 * t)] if t < 3 else [body(0.55)] if t > 7 else []))
    assert set(confirmed(frames)) == {1, 2}


def test_who_stood_still_gets_the_old_id_back_and_the_gap_is_told() -> None:
    frames = follow(walk(20.0, lambda t: [] if 4.0 <= t < 12.0 else [body(0.5)]))
    tracks = confirmed(frames)
    assert set(tracks) == {1}
    assert not frames[100]
    assert tracks[1][-1].gap_s == pytest.approx(8.1)
    assert tracks[1][-1].born_s == 0.0


def test_memory_ends() -> None:
    frames = follow(walk(50.0, lambda t: [] if 4.0 <= t < 40.0 else [body(0.5)]))
    assert set(confirmed(frames)) == {1, 2}


def test_memory_is_only_for_the_place_and_the_size() -> None:
    elsewhere = follow(walk(16.0, lambda t: [] if 4.0 <= t < 12.0 else [body(0.5 if t < 8 else 0.8)]))
    other_size = follow(walk(16.0, lambda t: [] if 4.0 <= t < 12.0 else [body(0.5, height=0.4 if t < 8 else 0.2)]))
    assert set(confirmed(elsewhere)) == set(confirmed(other_size)) == {1, 2}


def test_who_went_out_at_the_side_is_not_remembered() -> None:
    half = body(0.5).box.width / 2

    def leaving(t: float) -> list[Detection]:
        if 4.0 <= t < 8.0:
            return []
        return [Detection(Box(1 - half, 0.4, 1.0, 0.8), 0.9)]

    assert set(confirmed(follow(walk(12.0, leaving)))) == {1, 2}


def test_a_quiet_scene_without_updates_keeps_who_stands_in_it() -> None:
    seen = [*walk(3.0, lambda t: [body(0.5)]), *walk(3.0, lambda t: [body(0.5)], start_s=63.0)]
    frames = follow(seen)
    assert set(confirmed(frames)) == {1}
    assert all(track.seen for frame in frames for track in frame)


def test_a_quiet_scene_and_then_one_dropped_detection() -> None:
    seen = [*walk(3.0, lambda t: [body(0.5)]), *walk(3.0, lambda t: [body(0.5)] if t > 0.05 else [], start_s=13.0)]
    frames = follow(seen)
    assert set(confirmed(frames)) == {1}
    assert [track.seen for track in frames[30]] == [False]


def test_people_who_cross_keep_their_ids() -> None:
    frames = follow(walk(6.0, lambda t: [body(0.2 + 0.1 * t, 0.8, 0.42), body(0.8 - 0.1 * t, 0.75, 0.36)]))
    tracks = confirmed(frames)
    assert set(tracks) == {1, 2}
    ends = {number: (track[0].foot.x, track[-1].foot.x) for number, track in tracks.items()}
    assert all(abs(first - last) > 0.5 for first, last in ends.values())


def test_people_who_cross_where_one_hides_the_other() -> None:
    def found(t: float) -> list[Detection]:
        near, far = body(0.2 + 0.1 * t, 0.8, 0.42), body(0.8 - 0.1 * t, 0.75, 0.36)
        return [near] if abs(near.box.foot.x - far.box.foot.x) < 0.06 else [near, far]

    tracks = confirmed(follow(walk(6.0, found)))
    assert set(tracks) == {1, 2}
    assert all(abs(track[0].foot.x - track[-1].foot.x) > 0.5 for track in tracks.values())


def test_a_second_box_on_a_person_starts_nobody() -> None:
    def found(t: float) -> list[Detection]:
        whole = body(0.5)
        upper = Box(whole.box.x1, whole.box.y1, whole.box.x2, whole.box.y1 + 0.16)
        return [whole, Detection(upper, 0.8)]

    assert set(confirmed(follow(walk(3.0, found)))) == {1}


def entering(t: float, score: float = 0.9) -> list[Detection]:
    """Somebody who comes in from below the frame, head first, and walks up the picture until the feet show."""
    head = 1.0 - 0.25 * t
    if head > 0.97:
        return []
    half = 0.6 * 0.4 / 2 / SETTINGS.aspect
    return [Detection(Box(0.5 - half, head, 0.5 + half, min(1.0, head + 0.6)), score)]


def test_a_person_who_comes_in_head_first_is_one_person() -> None:
    frames = follow(walk(6.0, lambda t: entering(min(t, 3.0))))
    assert set(confirmed(frames)) == {1}


def test_feet_below_the_frame_are_not_seen() -> None:
    frames = follow(walk(6.0, lambda t: entering(min(t, 3.0))))
    for number, frame in enumerate(frames):
        for track in frame:
            assert track.foot_seen == (1.0 - 0.25 * min(number / 10, 3.0) + 0.6 < 0.99)


def test_the_height_of_a_cut_body_is_steadied() -> None:
    frames = follow(walk(6.0, lambda t: entering(min(t, 3.0))))
    head_only = frames[3][0]
    assert head_only.box.height < 0.1
    assert head_only.height > 0.4
    assert frames[-1][0].height == pytest.approx(0.6, abs=0.01)


def test_a_body_that_walks_out_below_keeps_its_height() -> None:
    frames = follow(walk(5.0, lambda t: entering(max(0.4, 3.0 - 0.6 * t))))
    assert frames[-1][0].height == pytest.approx(0.6, abs=0.02)
    assert not frames[-1][0].foot_seen


def test_time_running_backwards_is_a_mistake() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(1.0, [])
    with pytest.raises(ValueError, match="backwards"):
        tracker.update(0.9, [])


def test_shape_of_the_frame_is_respected() -> None:
    square = TrackerSettings(0.5, 0.7, aspect=1.0)
    (track,) = follow(walk(1.0, lambda t: [body(0.5)]), square)[-1]
    assert track.box == pytest.approx(body(0.5).box, abs=0.001)


@pytest.mark.parametrize(("fps", "followed"), [(4.0, True), (20.0, False)])
def test_who_starts_to_run_where_frames_are_few_is_followed_although_boxes_do_not_touch(
    fps: float, followed: bool
) -> None:
    places = [0.3] * 8 + [0.43]
    frames = follow([(n / fps, [body(x)]) for n, x in enumerate(places)])
    seen = {track.id for tracks in frames for track in tracks if track.seen}
    assert (len(seen) == 1) == followed
