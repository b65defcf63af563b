"""The background says while it learns."""

from agent.config import parse_config
from agent.rules.changes import Changes
from agent.rules.engine import RuleEngine
from agent.rules.senses import Senses


def states(ready: list[bool]) -> list[tuple[float, object]]:
    """What is told when the background is so at 0, 1, 2 ... seconds."""
    engine = RuleEngine(parse_config('[[rule]]\nkind = "left_object"'), 16 / 9, ["changes"])
    events = [
        event
        for t_s, so in enumerate(ready)
        for event in engine.update(float(t_s), [], None, Senses(changes=Changes(t_s, so))).events
    ]
    assert {event.kind for event in events} <= {"background"}
    return [(event.t_s, event.data["state"]) for event in events]


def test_it_says_learning_from_the_start_until_it_is_ready() -> None:
    assert states([False] * 5 + [True] * 5) == [(0, "learning"), (5, "ready")]


def test_short_interruptions_are_not_told_and_long_ones_are() -> None:
    assert states([True] * 3 + [False] * 5 + [True] * 3) == [(0, "ready")]
    assert states([True] * 3 + [False] * 20 + [True]) == [(0, "ready"), (12, "learning"), (23, "ready")]


def test_without_a_background_nothing_is_told() -> None:
    engine = RuleEngine(parse_config(""), 16 / 9)
    assert not engine.update(0.0, []).events
