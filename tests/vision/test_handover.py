"""Somebody who gets a new id where they were just lost keeps the old one."""

from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Track
from agent.vision.handover import Handover
from tests.rules.walks import HEIGHT, person

ASPECT = 16 / 9


def ids(handover: Handover, t_s: float, *tracks: Track) -> list[int]:
    return [track.id for track in handover.update(t_s, tracks)]


def standing(handover: Handover, track: int, until_s: float, x: float = 0.5) -> None:
    for index in range(round(until_s * 10)):
        assert ids(handover, index / 10, person(index / 10, x, 0.5, track)) == [track]


@given(st.floats(0.1, 1.9), st.floats(-0.35, 0.35))
def test_a_new_track_where_somebody_was_just_lost_goes_on_as_them(gap_s: float, moved_h: float) -> None:
    handover = Handover(ASPECT)
    standing(handover, 4, 2.0)
    x = 0.5 + moved_h * HEIGHT / ASPECT
    t_s = 1.9 + gap_s
    (track,) = handover.update(t_s, [person(t_s, x, 0.5, 9)])
    assert track.id == 4
    assert abs(track.gap_s - gap_s) < 1e-6
    assert ids(handover, t_s + 0.1, person(t_s + 0.1, x, 0.5, 9)) == [4]


def test_who_appears_elsewhere_or_late_or_is_of_another_size_is_somebody_else() -> None:
    for t_s, x, height in ((2.0, 0.9, HEIGHT), (6.5, 0.5, HEIGHT), (2.0, 0.5, HEIGHT / 2)):
        handover = Handover(ASPECT)
        standing(handover, 4, 2.0)
        assert ids(handover, t_s, person(t_s, x, 0.5, 9)._replace(height=height)) == [9]


def test_two_who_are_both_there_stay_two() -> None:
    handover = Handover(ASPECT)
    for index in range(20):
        t_s = index / 10
        assert ids(handover, t_s, person(t_s, 0.5, 0.5, 4), person(t_s, 0.52, 0.5, 9)) == [4, 9]
    assert ids(handover, 2.0, person(2.0, 0.52, 0.5, 9)) == [9], "they were there before the other was lost"


def test_only_one_goes_on_as_somebody() -> None:
    handover = Handover(ASPECT)
    standing(handover, 4, 2.0)
    assert ids(handover, 2.2, person(2.2, 0.5, 0.5, 9), person(2.2, 0.51, 0.5, 10)) == [4, 10]


def test_who_is_seen_again_gets_the_id_back() -> None:
    handover = Handover(ASPECT)
    standing(handover, 4, 2.0)
    unseen = person(2.2, 0.5, 0.5, 4)._replace(seen=False)
    assert ids(handover, 2.2, unseen, person(2.2, 0.52, 0.5, 9)) == [4], "no id twice"
    assert ids(handover, 2.4, person(2.4, 0.5, 0.5, 4), person(2.4, 0.52, 0.5, 9)) == [4, 9]
    assert ids(handover, 2.5, person(2.5, 0.5, 0.5, 4), person(2.5, 0.52, 0.5, 9)) == [4, 9]


def test_a_box_that_is_not_confirmed_takes_nobody_over() -> None:
    handover = Handover(ASPECT)
    standing(handover, 4, 2.0)
    assert ids(handover, 2.1, person(2.1, 0.5, 0.5, 9, confirmed=False)) == [9]
    assert ids(handover, 2.3, person(2.3, 0.5, 0.5, 9)) == [4]
