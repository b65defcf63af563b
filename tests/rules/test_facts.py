"""What sensors tell: levels and moments, in the order of their times however late they come."""

from hypothesis import given
from hypothesis import strategies as st

from agent.config import parse_config
from agent.rules.engine import RuleEngine
from agent.rules.facts import KEEP_S, Fact, FactBook, FactKind

DOOR, GRANT = (FactKind.DOOR,), (FactKind.GRANT,)


def book(*facts: Fact) -> FactBook:
    kept = FactBook()
    for fact in facts:
        kept.add(fact)
    return kept


def test_a_level_lasts_until_it_falls() -> None:
    facts = book(Fact(FactKind.DOOR, "back", 10.0), Fact(FactKind.DOOR, "back", 20.0, active=False))
    assert not facts.active(DOOR, 0.0, 9.9)
    assert facts.active(DOOR, 0.0, 10.0)
    assert facts.active(DOOR, 15.0, 16.0)
    assert not facts.active(DOOR, 20.0, 30.0)


def test_moments_are_the_rises_of_the_named_sources_only() -> None:
    facts = book(
        Fact(FactKind.GRANT, "a", 5.0),
        Fact(FactKind.GRANT, "a", 5.5, active=False),
        Fact(FactKind.GRANT, "b", 4.0),
        Fact(FactKind.DOOR, "a", 4.5),
    )
    assert facts.moments(GRANT, 0.0, 10.0) == [4.0, 5.0]
    assert facts.moments(GRANT, 0.0, 10.0, ["a"]) == [5.0]
    assert facts.moments(GRANT, 4.5, 4.9) == []


@given(st.permutations([(1.0, True), (2.0, False), (3.0, True), (4.0, False)]))
def test_late_facts_find_their_place(facts: list[tuple[float, bool]]) -> None:
    kept = book(*(Fact(FactKind.DOOR, "d", t_s, active) for t_s, active in facts))
    assert [kept.active(DOOR, t_s, t_s) for t_s in (0.5, 1.5, 2.5, 3.5, 4.5)] == [False, True, False, True, False]


def test_facts_older_than_an_hour_are_forgotten_but_a_level_is_not() -> None:
    facts = book(Fact(FactKind.DOOR, "d", 0.0, active=False), Fact(FactKind.DOOR, "d", 1.0))
    facts.add(Fact(FactKind.DOOR, "d", KEEP_S + 10, active=False))
    assert facts.moments(DOOR, 0.0, 0.5) == []
    assert facts.active(DOOR, 100.0, 200.0)


def test_an_input_that_changes_is_an_event_of_the_next_frame_once() -> None:
    engine = RuleEngine(parse_config(""), 16 / 9)
    engine.feed(Fact(FactKind.DOOR, "back", 0.9))
    engine.feed(Fact(FactKind.PIR, "ceiling", 0.95))
    (event,) = engine.update(1.0, []).events
    assert (event.kind, event.t_s, event.data) == ("input", 0.9, {"input": "back", "what": "door", "active": True})
    assert not engine.update(1.1, []).events
