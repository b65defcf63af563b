"""MOT text in and out: exact numbers, scores that are no probabilities, and a clear message for every bad line."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Box, Track
from agent.errors import OperatorError
from agent.vision.mot import MOST_FRAMES, MotError, format_track, is_shown, parse_detections, track_text

LINE = "3,-1,192,108,96,216,0.8,-1,-1,-1"


def test_boxes_become_shares_of_the_frame() -> None:
    frames = parse_detections(LINE, 1920, 1080)
    assert list(frames) == [3]
    (found,) = frames[3]
    assert found.box == pytest.approx((0.1, 0.1, 0.15, 0.3))
    assert found.score == 0.8


def test_blank_lines_and_spaces_are_nothing() -> None:
    assert parse_detections(f"\n  \n{LINE.replace(',', ' , ')}\n\n", 1920, 1080) == parse_detections(LINE, 1920, 1080)
    assert parse_detections("", 1920, 1080) == {}


def test_probabilities_stay_as_they_are() -> None:
    frames = parse_detections("1,-1,1,1,9,9,0\n1,-1,50,1,9,9,1", 100, 100)
    assert [found.score for found in frames[1]] == [0.0, 1.0]


@pytest.mark.parametrize("odd", [-0.4, 2.5, 1.0001])
def test_one_score_beyond_0_to_1_sends_all_through_the_logistic_function(odd: float) -> None:
    frames = parse_detections(f"1,-1,1,1,9,9,0.5\n2,-1,1,1,9,9,{odd}", 100, 100)
    assert frames[1][0].score == pytest.approx(1 / (1 + exp(-0.5)))
    assert frames[2][0].score == pytest.approx(1 / (1 + exp(-odd)))


def test_huge_scores_do_not_overflow() -> None:
    frames = parse_detections("1,-1,1,1,9,9,-1e300\n1,-1,50,1,9,9,1e300", 100, 100)
    assert [found.score for found in frames[1]] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,-1,10,10,20", "line 2: 5 columns, at least 7 needed"),
        ("hello", "line 2: 1 column, at least 7 needed"),
        ("1,-1,10,ten,20,40,0.5", "line 2: could not convert string to float: 'ten'"),
        ("1,-1,10,nan,20,40,0.5", "line 2: not a finite number"),
        ("1,-1,10,10,20,inf,0.5", "line 2: not a finite number"),
        ("0,-1,10,10,20,40,0.5", f"line 2: frame 0 is not a whole number from 1 to {MOST_FRAMES}"),
        ("1.5,-1,10,10,20,40,0.5", f"line 2: frame 1.5 is not a whole number from 1 to {MOST_FRAMES}"),
        ("1e9,-1,10,10,20,40,0.5", f"line 2: frame 1e9 is not a whole number from 1 to {MOST_FRAMES}"),
        ("1,-1,10,10,0,40,0.5", "line 2: the box has no area"),
        ("1,-1,10,10,20,-40,0.5", "line 2: the box has no area"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str) -> None:
    with pytest.raises(MotError) as caught:
        parse_detections(f"{LINE}\n{line}\n{LINE}", 1920, 1080)
    assert str(caught.value) == message
    assert isinstance(caught.value, OperatorError)
    assert caught.value.hint


def outcome(text: str) -> str:
    try:
        return "read" if all(parse_detections(text, 640, 480).values()) else "hollow"
    except MotError as error:
        return str(error)


@given(st.one_of(st.text(max_size=200), st.lists(st.text("0123456789.-e,n", max_size=40)).map("\n".join)))
def test_any_text_is_read_or_refused_by_line(text: str) -> None:
    assert outcome(text) == "read" or outcome(text).startswith("line ")


def track(**changes: object) -> Track:
    return Track(7, 1.0, Box(0.1, 0.2, 0.3, 0.6), 0.875, True, True, True, 0.4, 0.0, 1.0)._replace(**changes)  # type: ignore[arg-type]


def test_a_track_as_a_line() -> None:
    assert format_track(12, track(), 1000, 500) == "12,7,100.00,100.00,200.00,200.00,0.8750,-1,-1,-1"


def test_shown_are_confirmed_people_who_are_seen_or_hardly_gone() -> None:
    assert is_shown(track())
    assert not is_shown(track(confirmed=False))
    assert is_shown(track(seen=False, last_seen_s=0.9))
    assert not is_shown(track(seen=False, last_seen_s=0.8))


def walker(frames: range) -> str:
    return "\n".join(f"{n},-1,{100 + 4 * n},100,40,120,0.9,-1,-1,-1" for n in frames)


def test_a_walker_is_one_track_from_the_third_frame_on() -> None:
    lines = track_text(walker(range(1, 51)), fps=25, width=640, height=480).splitlines()
    fields = [[float(field) for field in line.split(",")] for line in lines]
    assert [row[0] for row in fields] == list(range(3, 51))
    assert {row[1] for row in fields} == {1}
    assert fields[-1][2] == pytest.approx(300, abs=3)
    assert fields[-1][4:6] == pytest.approx([40, 120], abs=1)


def test_nothing_is_known_of_later_frames() -> None:
    whole = track_text(walker(range(1, 51)), fps=25, width=640, height=480)
    part = track_text(walker(range(1, 31)), fps=25, width=640, height=480)
    assert whole.startswith(part)


def test_no_detections_no_tracks() -> None:
    assert track_text("", fps=25, width=640, height=480) == ""
