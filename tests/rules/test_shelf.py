"""Shelves that are emptied at once, and filled: on what a background would tell."""

from collections.abc import Iterable, Sequence

import pytest

from agent.config import parse_config
from agent.domain import Box, FactKind, Incident, IncidentState, Point, Track
from agent.errors import ConfigError
from agent.rules.changes import ChangeKind, Changes, ShelfStep
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact
from agent.rules.incidents import IncidentBook
from agent.rules.senses import Senses
from tests.rules.walks import person

SHELF = """
[[zone]]
name = "wine"
kind = "shelf"
polygon = [[0.3, 0.6], [0.7, 0.6], [0.7, 1], [0.3, 1]]
front = [[0.3, 0.1], [0.7, 0.1], [0.7, 0.5], [0.3, 0.5]]
[[input]]
name = "key"
kind = "staff"
[[rule]]
kind = "shelf_sweep"
zone = "wine"
item_size = 0.02
"""
GONE, CAME, OTHER = ChangeKind.REMOVED, ChangeKind.ADDED, ChangeKind.ALTERED


def step(
    seen_s: float,
    share: float,
    kind: ChangeKind = GONE,
    *,
    hidden_s: float = 5.0,
    owner: int | None = 1,
    owner_h: float = 0.0,
    zone: str = "wine",
) -> ShelfStep:
    return ShelfStep(zone, kind, share, Box(0.4, 0.2, 0.5, 0.3), seen_s - hidden_s, seen_s, owner, owner_h)


def play(
    steps: Sequence[ShelfStep],
    facts: Iterable[Fact] = (),
    people: Iterable[Track] = (),
    *,
    rule: str = SHELF,
    ready: bool = True,
    until_s: float = 120.0,
) -> list[Incident]:
    """Two looks a second from 0 on; every step is told of three seconds after it was seen."""
    config = parse_config(rule)
    engine, book = RuleEngine(config, 16 / 9, ["changes"]), IncidentBook(config.rules, "t")
    for fact in facts:
        engine.feed(fact)
    tracks = {round(track.t_s * 2): track for track in people}
    told: list[Incident] = []
    for index in range(round(until_s * 2)):
        t_s = index / 2
        known = tuple(one for one in steps if one.seen_s + 3 <= t_s)
        senses = Senses(changes=Changes(t_s, ready, steps=known))
        findings = engine.update(t_s, [tracks[index]] if index in tracks else [], None, senses)
        told += book.update(t_s, findings.hits)
    return told


def opened(incidents: Iterable[Incident]) -> list[Incident]:
    return [one for one in incidents if one.state == IncidentState.OPEN]


def test_five_items_at_once_are_a_sweep_and_four_are_shopping() -> None:
    (incident,) = opened(play([step(50, 0.1)]))
    assert (incident.kind, incident.zone, incident.factors["items"]) == ("shelf_sweep", "wine", 5)
    assert incident.t_s == pytest.approx(53, abs=0.5)
    assert not opened(play([step(50, 0.08)]))


def test_items_count_together_within_the_seconds_and_not_beyond() -> None:
    assert len(opened(play([step(50 + 6 * k, 0.02) for k in range(5)]))) == 1
    assert not opened(play([step(20 + 12 * k, 0.02) for k in range(5)]))


def test_a_fifth_of_the_front_is_a_sweep_however_many_items_it_is() -> None:
    large = SHELF.replace("0.02", "0.4")
    assert len(opened(play([step(50, 0.15), step(52, 0.08, OTHER)], rule=large))) == 1
    assert not opened(play([step(50, 0.15)], rule=large))


def test_what_is_put_back_counts_against_what_is_taken() -> None:
    assert not opened(play([step(50, 0.12), step(49, 0.1, CAME)]))
    assert not opened(play([step(50, 0.4, CAME)]))


def test_what_changed_unclearly_beside_what_went_went_with_it_for_a_little_of_it_at_most() -> None:
    (incident,) = opened(play([step(50, 0.084), step(51, 0.02, OTHER)]))
    assert not opened(play([step(50, 0.084)]))
    assert incident.factors["items"] == 5
    assert not opened(play([step(50, 0.08), step(51, 0.1, OTHER)]))
    assert not opened(play([step(51, 0.1, OTHER)]))


@pytest.mark.parametrize(
    "harmless",
    [
        step(50, 0.2, hidden_s=100.0),
        step(50, 0.2, owner=None),
        step(50, 0.2, owner_h=2.0),
        step(50, 0.2, zone="beer"),
    ],
)
def test_nobody_near_too_long_hidden_or_elsewhere_is_no_sweep(harmless: ShelfStep) -> None:
    assert not opened(play([harmless]))


def test_staff_may_empty_a_shelf() -> None:
    key = [Fact(FactKind.STAFF, "key", 30.0), Fact(FactKind.STAFF, "key", 45.0, active=False)]
    assert not opened(play([step(50, 0.2)], key))
    early = [Fact(FactKind.STAFF, "key", -900.0), Fact(FactKind.STAFF, "key", -600.0, active=False)]
    assert len(opened(play([step(50, 0.2)], early))) == 1


def test_who_comes_soon_after_staff_have_gone_is_no_staff() -> None:
    key = [Fact(FactKind.STAFF, "key", 0.0), Fact(FactKind.STAFF, "key", 20.0, active=False)]
    assert not opened(play([step(29, 0.2)], key))
    assert len(opened(play([step(32, 0.2)], key))) == 1
    assert not opened(play([step(50, 0.08), step(52, 0.1, hidden_s=40.0)], key))


def test_who_has_been_at_the_shelf_for_long_fills_it() -> None:
    staying = [person(t / 2, 0.5, 0.8) for t in range(2 * 125)]
    assert not opened(play([step(124, 0.2)], people=staying, until_s=160))
    assert len(opened(play([step(60, 0.2)], people=staying[:120], until_s=160))) == 1


def test_it_closes_after_a_while_and_is_told_once() -> None:
    incidents = play([step(30, 0.1), step(40, 0.04)])
    assert len(opened(incidents)) == 1
    (closed,) = [one for one in incidents if one.state == IncidentState.CLOSED]
    assert closed.t_s == pytest.approx(40 + 30, abs=1)


def test_what_others_put_back_later_does_not_prolong_it_and_the_next_thief_is_told_anew() -> None:
    filling = [step(35 + 5 * k, 0.001, CAME, owner=2) for k in range(8)]
    assert len(opened(play([step(30, 0.1), *filling, step(72, 0.1, owner=3)]))) == 2


def test_while_the_background_is_learned_nothing_is_said() -> None:
    assert not play([step(50, 0.2)], ready=False)


def test_without_a_background_the_rule_is_unavailable() -> None:
    engine = RuleEngine(parse_config(SHELF), 16 / 9)
    (event,) = engine.update(0.0, []).events
    assert (event.kind, event.data["needs"]) == ("rule_unavailable", ["changes"])


def test_a_sweep_needs_a_place_with_goods() -> None:
    with pytest.raises(ConfigError, match="queue"):
        parse_config(SHELF.replace('kind = "shelf"', 'kind = "queue"'))


def test_what_was_lost_near_a_point() -> None:
    changes = Changes(100.0, True, steps=(step(95, 0.02), step(50, 0.02), step(96, 0.02, CAME)))
    near = Point(0.52, 0.25)
    assert changes.lost_near(near, 0.05, 10.0) == step(95, 0.02)
    assert changes.lost_near(near, 0.05, 3.0) is None
    assert changes.lost_near(Point(0.6, 0.25), 0.05, 10.0) is None
