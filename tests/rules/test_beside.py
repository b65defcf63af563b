"""Who stands at the border of a zone is counted where people are counted: a foot is not known better."""

import pytest

from agent.domain import Track
from tests.rules.stage import Stage
from tests.rules.walks import HEIGHT, person, walk

FPS = 5.0
EDGE_Y = 0.6
TILL = '[[zone]]\nname = "till"\nkind = "queue"\npolygon = [[0.2, 0.6], [0.9, 0.6], [0.9, 1.0], [0.2, 1.0]]\n'
CROWD = TILL + '[[rule]]\nkind = "crowding"\nzone = "till"\nmax_people = 4\n'
QUEUE = TILL + '[[rule]]\nkind = "queue"\nzone = "till"\nmax_length = 4\n'
RESTRICTED = TILL.replace('"queue"', '"restricted"') + '[[rule]]\nkind = "restricted"\nzone = "till"\n'


def standing(track: int, above_h: float, *, foot_seen: bool = True, still: bool = True) -> list[Track]:
    """Somebody whose box ends so many body heights above the zone, for 20 s."""
    x, y = 0.25 + 0.1 * track, EDGE_Y - above_h * HEIGHT
    frames = (person(i / FPS, x, y, track, foot_seen=foot_seen) for i in range(round(20 * FPS)))
    return [one._replace(still=still) for one in frames]


def inside(count: int) -> list[Track]:
    return [one for track in range(1, count + 1) for one in standing(track, -0.5)]


@pytest.mark.parametrize("rule", [CROWD, QUEUE])
@pytest.mark.parametrize(("above_h", "foot_seen", "counts"), [
    (0.04, True, True), (0.09, True, False), (0.15, False, True), (0.3, False, False),
])  # fmt: skip
def test_who_stands_at_the_border_counts_as_far_as_a_foot_is_unsure(
    rule: str, above_h: float, foot_seen: bool, counts: bool
) -> None:
    opened = Stage(rule).play([*inside(3), *standing(4, above_h, foot_seen=foot_seen)]).opened()
    assert [incident.zone for incident in opened] == ["till"] * counts


def test_who_is_on_the_move_at_the_border_does_not_count() -> None:
    passing = walk([(0.0, 0.2, EDGE_Y - 0.01), (20.0, 0.9, EDGE_Y - 0.01)], FPS, 4)
    assert not Stage(CROWD).play([*inside(3), *passing]).opened()


def test_who_goes_in_and_out_over_the_border_is_one_person() -> None:
    swaying = [
        person(i / FPS, 0.7, EDGE_Y + (0.02 if i // 20 % 2 else -0.01), 3)._replace(still=True) for i in range(150)
    ]
    assert not Stage(CROWD).play([*inside(2), *swaying]).opened()
    with_another = Stage(CROWD).play([*inside(3), *(one._replace(id=4) for one in swaying)])
    assert len(with_another.opened()) == 1


def test_who_was_not_surely_a_person_does_not_count() -> None:
    ghost = [one._replace(sure=False) for one in standing(4, 0.04)]
    assert not Stage(CROWD).play([*inside(3), *ghost]).opened()


def test_nobody_is_reported_for_standing_at_a_border() -> None:
    assert not Stage(RESTRICTED).play(standing(1, 0.04)).opened()
    assert Stage(RESTRICTED).play(standing(1, -0.04)).opened()
