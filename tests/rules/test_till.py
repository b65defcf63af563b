"""Bookings without a customer: who was there, by every clock that may have been meant, and what nobody can tell."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import Event, Incident, IncidentState, Severity, TillKind, Track
from agent.errors import ConfigError
from agent.rules.engine import RuleEngine
from agent.rules.facts import TillEvent
from agent.rules.incidents import IncidentBook
from agent.rules.senses import Senses
from tests.rules.stage import ASPECT
from tests.rules.walks import person

SHOP = """
[[output]]
name = "lamp"
pin = 4
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]
[[till]]
terminal = "1"
zone = "till"
[[rule]]
kind = "pos_exception"
zone = "till"
actions = ["lamp"]
"""
STEP_S = 0.5
AT_TILL, ELSEWHERE, BEHIND = (0.5, 0.5), (0.1, 0.9), (0.5, 0.35)


class Till:
    """The rule with its incident book, shown somebody (or nobody) at every half second."""

    def __init__(self, text: str = SHOP) -> None:
        self.engine, self.config = RuleEngine(parse_config(text), ASPECT), parse_config(text)
        self.book = IncidentBook(self.config.rules, "t")
        self.incidents: list[Incident] = []
        self.events: list[Event] = []

    def watch(
        self,
        start_s: float,
        end_s: float,
        places: Sequence[tuple[float, float]] = (),
        blind: str | None = None,
        box: Track | None = None,
    ) -> "Till":
        steps = round((end_s - start_s) / STEP_S)
        for t_s in (start_s + k * STEP_S for k in range(steps)):
            tracks = [person(t_s, *place, track=number) for number, place in enumerate(places, 1)]
            if box is not None:
                tracks.append(box._replace(t_s=t_s, last_seen_s=t_s))
            findings = self.engine.update(t_s, tracks, None, Senses(blind=blind))
            self.events += findings.events
            self.incidents += self.book.update(t_s, findings.hits)
        return self

    def book_one(self, t_s: float, kind: TillKind = TillKind.REFUND, error_s: float = 0.0, number: str = "7") -> "Till":
        self.engine.feed(TillEvent("1", number, kind, "till", t_s, error_s))
        return self

    @property
    def last(self) -> Incident:
        return [one for one in self.incidents if one.state != IncidentState.CLOSED][-1]

    @property
    def said(self) -> tuple[str, str]:
        """The verdict on the last booking and why it is unknown."""
        return str(self.last.factors["customer"]), str(self.last.factors.get("reason", ""))


def test_a_refund_at_an_empty_till_is_a_warning_that_acts_and_bookmarks() -> None:
    till = Till().watch(0, 40).book_one(40.0).watch(40, 45)
    assert (till.last.severity, till.last.actions, till.said[0]) == (Severity.INFO, (), "pending")
    till.watch(45, 60)
    assert (till.last.severity, till.last.actions, till.said) == (Severity.WARNING, ("lamp",), ("absent", ""))
    assert till.last.factors["video_s"] == [20.0, 50.0]
    assert till.last.factors["booking"] == "7"
    till.watch(60, 70)
    assert till.incidents[-1].state == IncidentState.CLOSED


@pytest.mark.parametrize("there", [(15, 25), (21, 24), (44, 60), (0, 60)])
def test_with_a_customer_at_any_moment_of_the_window_it_only_informs(there: tuple[int, int]) -> None:
    till = Till()
    for start_s, end_s, places in ((0, there[0], []), (*there, [AT_TILL]), (there[1], 62, [])):
        for t_s in range(start_s, end_s):
            if t_s == 40:
                till.book_one(40.0)
            till.watch(t_s, t_s + 1, places)
    assert till.said == ("present", "")
    assert (till.last.severity, till.last.actions) == (Severity.INFO, ())


def test_who_was_there_before_and_comes_after_is_no_customer_of_it() -> None:
    till = Till().watch(0, 17, [AT_TILL]).watch(17, 40, [ELSEWHERE]).book_one(40.0)
    till.watch(40, 51, [ELSEWHERE]).watch(51, 56, [AT_TILL])
    assert till.said[0] == "absent"


def test_staff_behind_the_counter_and_people_elsewhere_are_no_customers() -> None:
    till = Till().watch(0, 40, [BEHIND, ELSEWHERE]).book_one(40.0).watch(40, 55, [BEHIND, ELSEWHERE])
    assert till.said[0] == "absent"


@pytest.mark.parametrize("kind", [TillKind.SALE, TillKind.DISCOUNT])
def test_what_needs_no_customer_makes_no_incident(kind: TillKind) -> None:
    assert not Till().watch(0, 40).book_one(40.0, kind).watch(40, 60).incidents


def test_each_booking_is_an_incident_of_its_own() -> None:
    till = Till().watch(0, 40).book_one(40.0).book_one(40.5, TillKind.VOID, number="8").watch(40, 60)
    opened = [one for one in till.incidents if one.state == IncidentState.OPEN]
    assert [one.factors["booking"] for one in opened] == ["7", "8"]


def test_a_booking_told_minutes_later_is_judged_by_what_was_seen_then() -> None:
    late = Till().watch(0, 40).watch(40, 400, [AT_TILL]).book_one(30.0 - 5).watch(400, 402, [AT_TILL])
    assert late.said[0] == "absent"
    served = Till().watch(0, 40, [AT_TILL]).watch(40, 400).book_one(30.0).watch(400, 402)
    assert served.said[0] == "present"
    forgotten = Till().watch(0, 700).book_one(30.0).watch(700, 702)
    assert forgotten.said == ("unknown", "not watching")


@pytest.mark.parametrize("blind", [(22, 24), (48, 50)])
def test_a_blind_camera_never_says_absent(blind: tuple[int, int]) -> None:
    till = Till().watch(0, blind[0]).book_one(40.0).watch(*blind, blind="too_dark").watch(blind[1], 60)
    assert till.said == ("unknown", "blind")
    assert till.last.severity == Severity.INFO


def test_a_camera_that_began_too_late_or_stalled_cannot_tell() -> None:
    assert Till().watch(25, 40).book_one(40.0).watch(40, 55).said == ("unknown", "not watching")
    assert Till().watch(0, 30).watch(35, 40).book_one(40.0).watch(40, 55).said == ("unknown", "not watching")


def test_a_till_hidden_behind_somebody_is_unknown_but_a_passer_by_is_not() -> None:
    near = person(0.0, 0.5, 0.95, track=9)._replace(box=person(0.0, 0.5, 0.95).box._replace(x1=0.38, x2=0.6, y1=0.2))
    hidden = Till().watch(0, 30).watch(30, 36, box=near).watch(36, 40).book_one(40.0).watch(40, 55)
    assert hidden.said == ("unknown", "hidden")
    passing = Till().watch(0, 30).watch(30, 32, box=near).watch(32, 40).book_one(40.0).watch(40, 55)
    assert passing.said[0] == "absent"


def test_who_was_lost_at_the_till_may_still_be_there() -> None:
    lost = Till().watch(0, 12, [AT_TILL]).watch(12, 40).book_one(40.0).watch(40, 55)
    assert lost.said[0] == "absent"
    lately = Till().watch(0, 18, [AT_TILL]).watch(18, 40).book_one(40.0).watch(40, 55)
    assert lately.said == ("unknown", "hidden")


def test_without_any_idea_of_the_time_nothing_is_said() -> None:
    till = Till().watch(0, 40).book_one(40.0, error_s=float("inf")).watch(40, 42)
    assert till.said == ("unknown", "clock")
    assert "video_s" not in till.last.factors


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), st.integers(1, 40), st.floats(-5, 5), st.floats(0, 8))
def test_no_clock_that_is_within_its_bound_accuses_or_clears_anybody_wrongly(
    came_s: int, stayed_s: int, offset_s: float, error_s: float
) -> None:
    """The till's clock is off by `offset_s`; whatever is said with a bound that holds is true of the real moment."""
    told_s = 60.0
    truly_s = told_s + max(-error_s, min(error_s, offset_s))
    left_s = came_s + stayed_s
    till = Till().watch(0, came_s).watch(came_s, left_s, [AT_TILL])
    till.watch(left_s, left_s + 2, [ELSEWHERE]).watch(left_s + 2, 100).book_one(told_s, error_s=error_s).watch(100, 102)
    was_there = came_s - STEP_S <= truly_s + 10 and left_s + STEP_S >= truly_s - 20
    surely_there = came_s + 2 * STEP_S <= truly_s + 10 and left_s - 2 * STEP_S >= truly_s - 20 and stayed_s > 2
    if till.said[0] == "absent":
        assert not surely_there
    if till.said[0] == "present":
        assert was_there


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 30), min_size=2, max_size=2).map(sorted), st.integers(0, 70))
def test_a_wider_bound_never_makes_an_accusation_or_an_acquittal(bounds: list[float], came_s: int) -> None:
    narrow, wide = (
        Till()
        .watch(0, came_s)
        .watch(came_s, came_s + 4, [AT_TILL])
        .watch(came_s + 4, 100, [ELSEWHERE])
        .book_one(50.0, error_s=error_s)
        .watch(100, 102)
        .said[0]
        for error_s in bounds
    )
    assert wide in (narrow, "unknown")


def test_record_and_open_bookings_survive_a_restart_but_not_the_gap() -> None:
    before = Till().watch(0, 40).book_one(40.0).watch(40, 42)
    state = json.loads(json.dumps(before.engine.snapshot(41.5)))
    after = Till()
    after.engine.restore(state, 41.5)
    assert after.watch(42, 56).said[0] == "absent"
    gap = Till()
    gap.engine.restore(state, 41.5)
    assert gap.watch(50, 66).said == ("unknown", "not watching")


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {},
        {"record": [[], [], [], []], "waiting": []},
        {"record": [], "waiting": [], "heard": {}},
        {"record": [[], [], [], []], "waiting": [1], "heard": {}},
        {"record": [[], [], [], []], "waiting": [], "heard": {"1 7": "long ago"}},
    ],
)
def test_a_foreign_snapshot_is_refused(state: object) -> None:
    till = Till()
    snapshot = till.engine.snapshot(0.0)
    rules = snapshot["rules"]
    assert isinstance(rules, dict)
    with pytest.raises(ValueError):
        till.engine.restore({**snapshot, "rules": dict.fromkeys(rules, state)}, 0.0)  # type: ignore[arg-type]


def test_a_booking_that_is_told_again_after_a_restart_is_judged_once() -> None:
    before = Till().watch(0, 40).book_one(40.0).watch(40, 60)
    after = Till()
    after.engine.restore(json.loads(json.dumps(before.engine.snapshot(59.5))), 59.5)
    assert not after.book_one(40.0).watch(60, 80).incidents
    assert after.book_one(70.0, number="8").watch(80, 82).incidents


def test_the_record_stays_small() -> None:
    till = Till()
    for minute in range(30):
        till.watch(60 * minute, 60 * minute + 30, [AT_TILL]).watch(60 * minute + 30, 60 * minute + 60, [ELSEWHERE])
    text = json.dumps(till.engine.snapshot(1800.0))
    assert len(text) < 4000


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (SHOP.replace('kind = "checkout"', 'kind = "queue"'), "of kind 'queue'"),
        (SHOP + "keep_s = 60\nbefore_s = 80\n", "shorter than"),
        (SHOP + 'kinds = ["gift"]\n', "gift"),
        (SHOP + '[[till]]\nterminal = "1"\nzone = "till"\n', "taken by"),
        (SHOP + '[[till]]\nterminal = "2"\nzone = "bar"\n', "no zone is called"),
        (SHOP + '[[till]]\nterminal = "2"\nzone = "till"\ntoken = "short"\n', "is no secret"),
    ],
)
def test_mistakes_are_told(broken: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(broken)


def test_a_secret_is_never_quoted() -> None:
    with pytest.raises(ConfigError) as told:
        parse_config(SHOP + '[[till]]\nterminal = "2"\nzone = "till"\ntoken = "hunter2"\n')
    assert "hunter2" not in str(told.value)
