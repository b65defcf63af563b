"""Who goes by which track: links, and people who have exchanged theirs."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.continuity import Continuity, Swap


def test_two_who_exchanged_their_tracks_are_each_other_from_then_on() -> None:
    known = Continuity(16 / 9)
    known.exchange(1, 2, 5.0)
    assert [known.who(track) for track in (1, 2, 3)] == [2, 1, 3]
    assert [known.since_s(track) for track in (1, 2, 3)] == [5.0, 5.0, -inf]
    assert known.swapped == [Swap(1, 2, 5.0)]
    known.exchange(1, 2, 9.0)
    assert [known.who(track) for track in (1, 2)] == [1, 2]


def test_a_link_follows_the_person_not_the_number() -> None:
    known = Continuity(16 / 9)
    known.exchange(1, 2, 5.0)
    known.link(7, 1)
    assert known.who(7) == 2
    assert known.joined == {7: 2}
    known.link(1, 4)
    assert [known.who(track) for track in (1, 2, 7)] == [4, 1, 4]


def test_news_are_told_once() -> None:
    known = Continuity(16 / 9)
    known.link(2, 1)
    known.exchange(2, 3, 5.0)
    known.forget_news()
    assert not known.swapped
    assert not known.joined
    assert known.who(3) == 1


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)).filter(lambda pair: pair[0] != pair[1])))
def test_exchanges_alone_never_make_one_person_of_two(pairs: list[tuple[int, int]]) -> None:
    known = Continuity(16 / 9)
    for one, other in pairs:
        known.exchange(one, other, 1.0)
    assert sorted(known.who(track) for track in range(1, 7)) == list(range(1, 7))
