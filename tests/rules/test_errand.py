"""What somebody did between the goods and the door, told of one person, of two who are one, of two exchanged."""

from agent.rules.errand import Errand

IN_S = 3.0


def errand(
    goods: list[tuple[float, float]], tills: list[tuple[float, float]], concealed_s: float | None = None
) -> Errand:
    made = Errand()
    for start_s, end_s in goods:
        made.goods.add(start_s, end_s)
    for start_s, end_s in tills:
        made.tills.add(start_s, end_s)
    made.concealed_s = made.concealed_s if concealed_s is None else concealed_s
    return made


def test_goods_are_unpaid_until_a_till_is_seen_after_them() -> None:
    assert errand([(0, 10)], []).unpaid(IN_S) == (0, 10)
    assert errand([(0, 10)], [(20, 25)]).unpaid(IN_S) is None
    assert errand([(0, 10), (30, 35)], [(20, 25)]).unpaid(IN_S) == (30, 35)
    assert errand([], [(20, 25)]).unpaid(IN_S) is None


def test_a_moment_at_the_goods_is_none() -> None:
    assert errand([(0, 2.9)], []).unpaid(IN_S) is None
    assert errand([(0, 10), (30, 31)], []).unpaid(IN_S) == (0, 10)


def test_what_was_concealed_before_paying_is_over() -> None:
    assert errand([(0, 10)], [], 5.0).concealed
    assert not errand([(0, 10)], [(20, 25)], 5.0).concealed
    assert not errand([(0, 10)], []).concealed


def test_two_who_are_one_have_done_both() -> None:
    one = errand([(0, 10)], [])
    one.join(errand([], [(20, 25)], 22.0))
    assert one.unpaid(IN_S) is None
    assert one.concealed_s == 22.0


def test_each_of_two_exchanged_goes_on_with_what_the_other_track_did() -> None:
    took, passed = errand([(0, 10)], [(30, 35)], 33.0), errand([], [(5, 8)], 6.0)
    now_took, now_passed = took.then(passed, 20.0), passed.then(took, 20.0)
    assert now_took.unpaid(IN_S) == (0, 10)
    assert not now_took.concealed
    assert list(now_passed.tills) == [(5, 8), (30, 35)]
    assert now_passed.concealed_s == 33.0


def test_a_stay_that_an_exchange_cuts_is_two_people_s() -> None:
    took, other = errand([(0, 10)], []), errand([], [])
    assert took.then(other, 4.0).unpaid(IN_S) == (0, 4.0)
    assert other.then(took, 9.0).unpaid(IN_S) is None, "a second is too short"
