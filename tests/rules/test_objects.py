"""Things left behind and taken away: on what a background would tell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from agent.config import parse_config
from agent.domain import Box, FactKind, Incident, IncidentState, Track
from agent.errors import ConfigError
from agent.rules.changes import Change, ChangeKind, Changes
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact
from agent.rules.incidents import IncidentBook
from agent.rules.senses import Senses
from tests.rules.walks import walk

LEFT = '[[rule]]\nkind = "left_object"\n'
REMOVED = '[[rule]]\nkind = "removed_object"\n'
BAG = Change(7, ChangeKind.ADDED, Box(0.48, 0.72, 0.52, 0.8), 0.004, 9.0, 10.0, 10.0, owner=1)


def play(
    change: Change,
    people: Iterable[Track],
    rule: str = LEFT,
    *,
    until_s: float = 120.0,
    there: Callable[[float], bool] = lambda t_s: t_s >= 13,
    ready: Callable[[float], bool] = lambda t_s: True,
    in_sight: Callable[[float], bool] = lambda t_s: True,
) -> list[Incident]:
    """Two looks a second from 0 on."""
    config = parse_config(rule)
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    told: list[Incident] = []
    by_frame: dict[int, list[Track]] = {}
    for track in people:
        by_frame.setdefault(round(track.t_s * 2), []).append(track)
    for index in range(round(until_s * 2)):
        t_s = index / 2
        found = (replace(change, last_s=t_s if in_sight(t_s) else 10.0),) if there(t_s) and ready(t_s) else ()
        changes = Changes(t_s, ready(t_s), found=found)
        findings = engine.update(t_s, by_frame.get(index, []), None, Senses(changes=changes))
        told += book.update(t_s, findings.hits)
    return told


def opened(incidents: Iterable[Incident]) -> list[Incident]:
    return [one for one in incidents if one.state == IncidentState.OPEN]


def stays(until_s: float, x: float = 0.5, track: int = 1, from_s: float = 0.0) -> list[Track]:
    return list(walk([(from_s, x, 0.8), (until_s, x, 0.8)], 2.0, track))


def test_a_bag_whose_owner_has_gone_for_a_minute_is_left() -> None:
    (incident,) = opened(play(BAG, stays(30)))
    assert incident.kind == "left_object"
    assert incident.t_s == pytest.approx(90, abs=1.5)
    assert incident.factors["owner_track"] == 1


def test_what_came_lately_and_goes_again_is_no_loss_but_its_neighbour_is() -> None:
    config = parse_config(REMOVED)
    gone = replace(BAG, id=8, kind=ChangeKind.REMOVED, before_s=299.0, seen_s=300.0, last_s=300.0)
    beside = replace(gone, id=9, box=Box(0.60, 0.72, 0.64, 0.8))
    told: list[str] = []
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    people = {round(track.t_s * 2): [track] for track in stays(310, 0.55)}
    for index in range(800):
        t_s = index / 2
        there = (BAG,) if 13 <= t_s < 200 else (gone, beside) if t_s >= 301 else ()
        found = tuple(replace(one, last_s=t_s) for one in there)
        findings = engine.update(t_s, people.get(index, []), None, Senses(changes=Changes(t_s, True, found=found)))
        told += [str(one.factors["box"]) for one in opened(book.update(t_s, findings.hits))]
    assert told == [str([0.6, 0.72, 0.64, 0.8])]


@pytest.mark.parametrize(("seen_s", "told"), [(40.0, 0), (120.0, 1)])
def test_what_showed_through_a_thing_while_it_stood_there_is_no_loss(seen_s: float, told: int) -> None:
    config = parse_config(REMOVED)
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    pram = replace(BAG, box=Box(0.45, 0.5, 0.55, 0.8), area=0.03, seen_s=10.0)
    within = replace(BAG, id=8, kind=ChangeKind.REMOVED, box=Box(0.48, 0.6, 0.53, 0.72), area=0.006, seen_s=seen_s)
    incidents: list[Incident] = []
    for index in range(500):
        t_s = index / 2
        there = [pram] if 13 <= t_s < 100 else []
        there += [within] if t_s >= seen_s + 3 else []
        found = tuple(replace(one, last_s=t_s) for one in there)
        incidents += book.update(
            t_s, engine.update(t_s, [], None, Senses(changes=Changes(t_s, True, found=found))).hits
        )
    assert len(opened(incidents)) == told


@pytest.mark.parametrize(("rest", "told"), [(0.003, 1), (0.0001, 0)])
def test_the_rest_of_a_bag_that_was_fetched_is_no_bag(rest: float, told: int) -> None:
    config = parse_config(LEFT)
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    incidents: list[Incident] = []
    for index in range(300):
        t_s = index / 2
        unclear = replace(BAG, kind=ChangeKind.ALTERED, area=rest, last_s=t_s)
        found = (unclear,) if t_s >= 40 else (replace(BAG, last_s=t_s),) if t_s >= 13 else ()
        incidents += book.update(
            t_s, engine.update(t_s, [], None, Senses(changes=Changes(t_s, True, found=found))).hits
        )
    assert len(opened(incidents)) == told


@pytest.mark.parametrize("covered", [True, False])
def test_what_went_is_gone_although_something_else_stands_in_its_place(covered: bool) -> None:
    gone = replace(BAG, kind=ChangeKind.REMOVED)
    other = replace(BAG, id=8, before_s=33.0, seen_s=34.0, owner=2)
    config = parse_config(REMOVED)
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    told: list[Incident] = []
    for index in range(220):
        t_s = index / 2
        found = (gone,) if 13 <= t_s < 34 else (other,) if covered and t_s >= 37 else ()
        changes = Changes(t_s, True, found=tuple(replace(one, last_s=t_s) for one in found))
        told += book.update(t_s, engine.update(t_s, [], None, Senses(changes=changes)).hits)
    assert [one.factors["owner_track"] for one in opened(told)] == [1] * covered


def test_a_shred_of_something_larger_that_went_is_no_loss_of_its_own() -> None:
    large = replace(BAG, kind=ChangeKind.REMOVED)
    shred = replace(large, id=8, area=0.0005, box=Box(0.47, 0.75, 0.48, 0.77), seen_s=40.0)
    bottle = replace(shred, id=9, box=Box(0.3, 0.75, 0.31, 0.77))
    config = parse_config(REMOVED + "min_area = 0.0001")
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    told: list[Incident] = []
    for index in range(300):
        t_s = index / 2
        found = tuple(replace(one, last_s=t_s) for one in (large, shred, bottle) if t_s >= one.seen_s + 3)
        told += book.update(t_s, engine.update(t_s, [], None, Senses(changes=Changes(t_s, True, found=found))).hits)
    assert sorted(one.factors["area"] for one in opened(told)) == [0.0005, 0.004]  # type: ignore[type-var]


def test_a_bag_beside_its_owner_is_not_left() -> None:
    assert not opened(play(BAG, stays(120)))
    three_heights_away = 0.5 + 2.5 * 0.3 / (16 / 9)
    assert not opened(play(BAG, stays(120, three_heights_away)))


def test_an_owner_who_comes_back_begins_anew() -> None:
    coming = [*stays(20), *stays(62, from_s=60)]
    assert not opened(play(BAG, coming, until_s=115))
    (incident,) = opened(play(BAG, coming, until_s=140))
    assert incident.t_s == pytest.approx(122, abs=2)


def test_others_who_pass_are_no_owner_and_somebody_beside_it_may_be() -> None:
    passing = stays(120, 0.5 + 2 * 0.3 / (16 / 9), track=2)
    assert len(opened(play(BAG, [*stays(20), *passing]))) == 1
    beside = stays(120, 0.54, track=2)
    assert not opened(play(BAG, [*stays(20), *beside]))


def test_a_stranger_who_comes_up_to_it_does_not_keep_it() -> None:
    stranger = list(walk([(35, 0.95, 0.8), (42, 0.54, 0.8), (120, 0.54, 0.8)], 2.0, 2))
    (incident,) = opened(play(BAG, [*stays(20), *stranger]))
    assert incident.t_s == pytest.approx(80, abs=2)


def test_its_owner_under_a_new_number_does() -> None:
    assert not opened(play(BAG, [*stays(20), *stays(120, 0.52, track=2, from_s=22)]))


@pytest.mark.parametrize(("after_s", "still", "told"), [(3.0, False, 0), (8.0, False, 1), (8.0, True, 0)])
def test_who_comes_in_where_the_owner_walked_out_is_another(after_s: float, still: bool, told: int) -> None:
    out = [track._replace(still=still) for track in walk([(0, 0.5, 0.8), (20, 0.5, 0.8), (28, 0.8, 0.8)], 2.0)]
    follower = walk([(28 + after_s, 0.8, 0.8), (45, 0.55, 0.8), (130, 0.55, 0.8)], 2.0, 2)
    assert len(opened(play(BAG, [*out, *follower], LEFT + "owner_h = 1"))) == told


def test_what_somebody_hides_is_judged_when_they_step_aside() -> None:
    (incident,) = opened(play(BAG, stays(20), in_sight=lambda t_s: not 40 <= t_s < 60))
    assert incident.t_s == pytest.approx(80 + 20, abs=3)


def test_where_something_is_gone_others_may_stand() -> None:
    gone = replace(BAG, kind=ChangeKind.REMOVED)
    assert len(opened(play(gone, [*stays(20), *stays(120, 0.54, track=2)], REMOVED))) == 1


def test_what_was_thought_to_have_come_for_a_moment_may_still_be_a_loss() -> None:
    engine, book = (
        RuleEngine(parse_config(REMOVED), 16 / 9, ["changes"]),
        IncidentBook(parse_config(REMOVED).rules, "t"),
    )
    told: list[Incident] = []
    for index in range(200):
        t_s = index / 2
        change = replace(BAG, seen_s=13.0, last_s=t_s, kind=ChangeKind.ADDED if t_s < 20 else ChangeKind.REMOVED)
        found = (change,) if t_s >= 16 else ()
        findings = engine.update(t_s, [], None, Senses(changes=Changes(t_s, True, found=found)))
        told += book.update(t_s, findings.hits)
    assert len(opened(told)) == 1


def test_it_is_over_when_the_bag_is_fetched() -> None:
    incidents = play(BAG, stays(20), there=lambda t_s: 13 <= t_s < 100, until_s=130)
    (closed,) = [one for one in incidents if one.state == IncidentState.CLOSED]
    assert closed.t_s == pytest.approx(110, abs=1)


def test_a_short_gap_in_what_is_known_changes_nothing() -> None:
    incidents = play(BAG, stays(20), ready=lambda t_s: not 85 <= t_s < 92, until_s=130)
    assert len(opened(incidents)) == 1
    assert not [one for one in incidents if one.state == IncidentState.CLOSED]


def test_what_was_told_of_and_comes_back_after_another_light_is_not_told_again() -> None:
    dark = range(200, 260)
    incidents = play(BAG, stays(20), there=lambda t_s: t_s >= 13 and int(t_s) not in dark, until_s=360)
    assert len(opened(incidents)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"owner": None},
        {"owner_h": 0.7},
        {"shelved": 0.9},
        {"area": 0.0005},
        {"area": 0.3},
        {"kind": ChangeKind.REMOVED},
    ],
)
def test_light_goods_specks_and_whole_walls_are_not_left(other: dict[str, object]) -> None:
    fields = {name: getattr(BAG, name) for name in BAG.__slots__}
    assert not opened(play(Change(**{**fields, **other}), stays(20)))


def test_two_things_are_two_incidents() -> None:
    config = parse_config(LEFT)
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    fields = {name: getattr(BAG, name) for name in BAG.__slots__}
    box = Change(**{**fields, "id": 8, "box": Box(0.2, 0.7, 0.25, 0.8)})
    told: list[Incident] = []
    for index in range(240):
        found = tuple(replace(one, last_s=index / 2) for one in (BAG, box))
        senses = Senses(changes=Changes(index / 2, True, found=found))
        told += book.update(index / 2, engine.update(index / 2, [], None, senses).hits)
    assert len(opened(told)) == 2


def in_zone(rule: str, polygon: Sequence[Sequence[float]]) -> str:
    return f'[[zone]]\nname = "hall"\npolygon = {[list(p) for p in polygon]}\n{rule}zone = "hall"\n'


def test_only_the_zone_counts_where_one_is_named() -> None:
    here = [[0.4, 0.6], [0.6, 0.6], [0.6, 1.0], [0.4, 1.0]]
    there = [[0.0, 0.6], [0.3, 0.6], [0.3, 1.0], [0.0, 1.0]]
    assert len(opened(play(BAG, stays(20), in_zone(LEFT, here)))) == 1
    assert not opened(play(BAG, stays(20), in_zone(LEFT, there)))


def test_a_thing_that_always_stood_there_is_gone_with_somebody() -> None:
    fields = {name: getattr(BAG, name) for name in BAG.__slots__}
    gone = Change(**{**fields, "kind": ChangeKind.REMOVED})
    (incident,) = opened(play(gone, stays(20), REMOVED))
    assert incident.kind == "removed_object"
    assert not opened(play(BAG, stays(20), REMOVED))


def test_the_smallest_share_must_be_below_the_largest() -> None:
    with pytest.raises(ConfigError, match="max_area"):
        parse_config(LEFT + "min_area = 0.2\n")


@pytest.mark.parametrize("rule", [LEFT, REMOVED])
@pytest.mark.parametrize(
    ("key_s", "named", "told"), [((0, 8), "", 0), ((0, 3), "", 1), ((11, 90), "", 1), ((0, 8), "desk", 1)]
)
def test_what_comes_or_goes_while_staff_is_at_work_is_their_doing(
    rule: str, key_s: tuple[float, float], named: str, told: int
) -> None:
    inputs = '[[input]]\nname = "key"\nkind = "staff"\n[[input]]\nname = "desk"\nkind = "staff"\n'
    config = parse_config(inputs + rule + (f'inputs = ["{named}"]\n' if named else ""))
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    for t_s, active in zip(key_s, (True, False), strict=True):
        engine.feed(Fact(FactKind.STAFF, "key", t_s, active))
    kind = ChangeKind.ADDED if rule == LEFT else ChangeKind.REMOVED
    incidents: list[Incident] = []
    for index in range(200):
        t_s = index / 2
        found = (replace(BAG, kind=kind, last_s=t_s),) if t_s >= 13 else ()
        incidents += book.update(
            t_s, engine.update(t_s, [], None, Senses(changes=Changes(t_s, True, found=found))).hits
        )
    assert len(opened(incidents)) == told
