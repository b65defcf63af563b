"""Coming in on somebody else's grant, and leaving past the till."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import FactKind, Severity, Track
from agent.errors import ConfigError
from agent.rule_config import CheckoutBypassRule
from agent.rules.base import View
from agent.rules.doors import CheckoutBypass
from agent.rules.facts import Fact
from agent.rules.lines import Crossing
from agent.rules.senses import Senses
from agent.rules.zones import Stay
from agent.vision.exchanges import Exchange
from tests.rules.stage import Stage, seen_badly
from tests.rules.walks import walk

DOOR = """
[[line]]
name = "door"
points = [[0.5, 1.0], [0.5, 0.0]]
[[input]]
name = "reader"
kind = "grant"
[[rule]]
kind = "tailgating"
line = "door"
"""
SHOP = """
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0.0, 0.0], [0.3, 0.0], [0.3, 1.0], [0.0, 1.0]]
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0.4, 0.0], [0.6, 0.0], [0.6, 0.55], [0.4, 0.55]]
[[zone]]
name = "way-out"
kind = "exit"
polygon = [[0.8, 0.0], [1.0, 0.0], [1.0, 1.0], [0.8, 1.0]]
[[line]]
name = "exit"
points = [[0.8, 0.0], [0.8, 1.0]]
"""
BY_LINE = SHOP + '[[rule]]\nkind = "checkout_bypass"\nline = "exit"\n'
BY_ZONE = SHOP + '[[rule]]\nkind = "checkout_bypass"\nzone = "way-out"\n'


def comes_in(at_s: float, track: int = 1) -> list[Track]:
    """Somebody whose foot is on the line of the door at `at_s`."""
    return list(walk([(at_s - 3, 0.2, 0.5), (at_s + 3, 0.8, 0.5)], track=track))


def grants(*times_s: float) -> list[Fact]:
    return [Fact(FactKind.GRANT, "reader", t_s) for t_s in times_s]


def test_one_grant_lets_one_person_in() -> None:
    (incident,) = Stage(DOOR).play([*comes_in(5), *comes_in(6.5, 2)], grants(4), until_s=15).opened()
    assert incident.tracks == (2,)
    assert incident.t_s == pytest.approx(8.5, abs=0.6)
    assert not Stage(DOOR).play([*comes_in(5), *comes_in(6.5, 2)], grants(4, 5.5), until_s=15).opened()


@pytest.mark.parametrize("granted_s", [0.2, 2.0, 5.4])
def test_the_grant_of_one_who_is_alone_is_used_whenever_it_came(granted_s: float) -> None:
    assert not Stage(DOOR).play(comes_in(5), grants(granted_s), until_s=15).opened()


def test_without_any_grant_nobody_tailgates() -> None:
    assert not Stage(DOOR).play([*comes_in(5), *comes_in(6, 2)], until_s=15).opened()
    assert not Stage(DOOR).play([*comes_in(5), *comes_in(15, 2)], grants(4), until_s=25).opened()


def test_who_goes_out_is_not_counted_and_who_turns_back_has_not_come_in() -> None:
    out = [t._replace(id=2) for t in walk([(3, 0.8, 0.5), (9, 0.2, 0.5)])]
    assert not Stage(DOOR).play([*comes_in(5), *out], grants(4), until_s=15).opened()
    peeks = list(walk([(3.5, 0.2, 0.5), (6, 0.56, 0.5), (7, 0.3, 0.5)], track=2))
    assert not Stage(DOOR).play([*comes_in(5), *peeks], grants(4), until_s=15).opened()


def test_a_grant_told_late_still_counts_in_its_place() -> None:
    stage = Stage(DOOR)
    stage.play([t for t in comes_in(5) if t.t_s < 6])
    stage.engine.feed(Fact(FactKind.GRANT, "reader", 4.0))
    assert [i.tracks for i in stage.play(comes_in(9.5, 2), until_s=15).opened()] == [(2,)]


@pytest.mark.parametrize("misses", [0.05, 0.3])
def test_a_tailgater_seen_badly_is_found_and_none_is_made_up(misses: float) -> None:
    for seed in range(10):
        two = seen_badly([*comes_in(5), *comes_in(6.5, 2)], 0.03, misses, seed)
        assert len(Stage(DOOR).play(two, grants(4), until_s=15).opened()) == 1
        assert not Stage(DOOR).play(seen_badly(comes_in(5), 0.03, misses, seed), grants(4), until_s=15).opened()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.lists(st.integers(-20, 20), max_size=5))
def test_no_tailgater_without_somebody_granted_and_none_when_all_are(entries: list[int], others: list[int]) -> None:
    tracks = [t for number, at_s in enumerate(entries, 1) for t in comes_in(5.0 + at_s, number)]
    some = Stage(DOOR).play(tracks, grants(*(5.0 + t_s for t_s in others)), until_s=40)
    assert len(some.opened()) < len(entries)
    everyone = grants(*(4.5 + at_s for at_s in sorted(entries)))
    assert not Stage(DOOR).play(tracks, everyone, until_s=40).opened()


def shops(*, pays: bool, looks_s: float = 6.0) -> list[Track]:
    till_y = 0.4 if pays else 0.8
    corners = [(0.0, 0.15, 0.5), (looks_s, 0.2, 0.5), (looks_s + 4, 0.5, till_y), (looks_s + 8, 0.5, till_y)]
    return list(walk([*corners, (looks_s + 12, 0.95, 0.5), (looks_s + 14, 0.97, 0.5)]))


@pytest.mark.parametrize("rules", [BY_LINE, BY_ZONE])
def test_leaving_past_the_till_is_reported_and_paying_is_not(rules: str) -> None:
    (incident,) = Stage(rules).play(shops(pays=False), until_s=60).opened()
    assert (incident.severity, incident.factors["concealed"]) == (Severity.WARNING, False)
    assert not Stage(rules).play(shops(pays=True), until_s=60).opened()


def test_who_only_passed_the_goods_or_never_came_near_may_leave() -> None:
    assert not Stage(BY_LINE).play(walk([(0.0, 0.25, 0.5), (2, 0.35, 0.5), (9, 0.97, 0.8)])).opened()
    assert not Stage(BY_LINE).play(walk([(0.0, 0.5, 0.8), (9, 0.97, 0.8)])).opened()


def test_going_back_to_the_goods_after_paying_counts_again() -> None:
    paid = shops(pays=True)[:-60]
    back = [t._replace(t_s=t.t_s + paid[-1].t_s + 0.1) for t in shops(pays=False)]
    assert len(Stage(BY_LINE).play([*paid, *back], until_s=60).opened()) == 1


def test_it_is_critical_when_something_looked_like_concealing() -> None:
    rule = CheckoutBypass(CheckoutBypassRule(kind="checkout_bypass", name="r", line="exit"), {0}, {1}, None, 0)
    at_goods = {(1, 0): Stay(1, 0, 0.0, 9.0)}
    assert not list(rule.update(View(9.0, {}, at_goods, concealing=frozenset({1}))))
    (hit,) = rule.update(View(20.0, {}, {}, [Crossing(1, 0, "out", 20.0)]))
    assert hit.severity == Severity.CRITICAL
    assert not list(rule.update(View(31.0, {}, {})))


def test_the_goods_are_remembered_over_a_restart() -> None:
    way = shops(pays=False)
    before, after = Stage(BY_LINE), Stage(BY_LINE)
    before.play([t for t in way if t.t_s < 10])
    after.engine.restore(json.loads(json.dumps(before.engine.snapshot(10.0))), 10.0)
    (incident,) = after.play([t for t in way if t.t_s > 10.3], until_s=60).opened()
    assert incident.tracks == (1,)


@pytest.mark.parametrize("place", ["", 'line = "exit"\nzone = "way-out"\n', 'zone = "till"\n'])
def test_the_way_out_must_be_clear(place: str) -> None:
    with pytest.raises(ConfigError, match=r"where people leave|of kind 'checkout'"):
        parse_config(SHOP + '[[rule]]\nkind = "checkout_bypass"\n' + place)


@settings(max_examples=20, deadline=None)
@given(st.floats(-2.5, 2.5))
def test_a_reader_whose_clock_is_off_by_as_much_as_told_still_lets_one_in(off_s: float) -> None:
    told = DOOR + "clock_error_s = 3\n"
    one, two = comes_in(15), [*comes_in(15), *comes_in(16.5, 2)]
    assert Stage(told).play(one, grants(14 + off_s), until_s=30).opened() == []
    assert len(Stage(told).play(two, grants(14 + off_s), until_s=30).opened()) == 1


def test_who_appears_just_inside_while_another_comes_in_came_in_with_them() -> None:
    behind = [track for track in comes_in(5, 2) if track.foot.x > 0.53]
    (incident,) = Stage(DOOR).play([*comes_in(6), *behind], grants(4), until_s=15).opened()
    assert incident.kind == "tailgating"
    alone = [track for track in comes_in(5, 2) if track.foot.x > 0.53]
    assert not Stage(DOOR).play(alone, grants(4), until_s=15).opened()


def shopper_and_payer(exchange_s: float | None) -> list[Track]:
    """Track 1 is at the goods, track 2 passes by later; where a time is given they go on under each other's number."""
    taker = shops(pays=True)
    other = [t._replace(id=2) for t in walk([(0.0, 0.5, 0.9), (9.0, 0.3, 0.9), (18, 0.95, 0.8), (20, 0.97, 0.8)])]
    ids = {1: 2, 2: 1}
    return [t._replace(id=ids[t.id]) if exchange_s is not None and t.t_s >= exchange_s else t for t in (*taker, *other)]


def test_who_leaves_under_the_number_of_one_at_the_goods_is_not_taken_for_them() -> None:
    assert not Stage(BY_LINE).play(shopper_and_payer(None), until_s=60).opened()
    assert [i.tracks for i in Stage(BY_LINE).play(shopper_and_payer(7.0), until_s=60).opened()] == [(1,)]
    stage, tracks = Stage(BY_LINE), shopper_and_payer(7.0)
    stage.play([t for t in tracks if t.t_s < 9.0])
    stage.engine.update(9.0, [], senses=Senses(appearance={}, exchanged=(Exchange(1, 2, 7.0),)))
    assert not stage.play([t for t in tracks if t.t_s > 9.0], until_s=60).opened()


def test_goods_and_tills_of_tracks_that_are_one_count_together() -> None:
    stage, tracks = Stage(BY_LINE), shops(pays=True)
    halves = [t if t.t_s < 8 else t._replace(id=5) if t.t_s < 15 else t._replace(id=9) for t in tracks]
    stage.play([t for t in halves if t.id != 9])
    stage.engine.update(15.0, [], senses=Senses(appearance={5: 1}))
    stage.engine.update(15.1, [], senses=Senses(appearance={9: 5}))
    assert not stage.play([t for t in halves if t.id == 9 and t.t_s > 15.1], until_s=60).opened()


def test_who_has_left_and_comes_back_begins_anew() -> None:
    stage = Stage(BY_LINE).play(shops(pays=False), until_s=60)
    back = [
        t._replace(t_s=t.t_s + 70) for t in walk([(0.0, 0.95, 0.5), (6, 0.5, 0.9), (12, 0.97, 0.5), (13, 0.98, 0.5)])
    ]
    assert len(stage.play(back, until_s=100).opened()) == 1


@pytest.mark.parametrize(("doubtful_s", "told_s"), [(0.0, 22.0), (1.5, 23.5), (5.0, None)])
def test_of_whom_it_is_in_doubt_who_they_are_is_told_only_once_it_is_not(
    doubtful_s: float, told_s: float | None
) -> None:
    rule = CheckoutBypass(CheckoutBypassRule(kind="checkout_bypass", name="r", line="exit"), {0}, {1}, None, 0)
    assert not list(rule.update(View(9.0, {}, {(1, 0): Stay(1, 0, 0.0, 9.0)})))
    first = None
    for t_s in (22.0 + step / 10 for step in range(60)):
        unclear = Senses(appearance={}, doubtful=frozenset({1} if t_s < 22.0 + doubtful_s else ()))
        crossings = [Crossing(1, 0, "out", t_s)] if t_s == 22.0 else []
        if list(rule.update(View(t_s, {}, {}, crossings, senses=unclear))) and first is None:
            first = t_s
    assert first == (told_s if told_s is None else pytest.approx(told_s, abs=0.11))
