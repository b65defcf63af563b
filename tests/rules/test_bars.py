"""Bars before the opening of incidents: what stays below is told, what is worse opens, critical always does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import IncidentState, Json, Severity
from agent.rule_config import LoiteringRule
from agent.rule_config.base import Compare
from agent.rules.bars import HELD_BACK, Bar, Bars
from agent.rules.base import Hit, Subject
from agent.rules.incidents import IncidentBook

RULE = LoiteringRule(kind="loitering", name="stay", zone="spirits", actions=("strobe",))
DWELL = Compare("dwell_s", ">=", "after_s")


def hit(dwell_s: float, severity: Severity = Severity.WARNING, track: int = 1, **more: Json) -> Hit:
    return Hit(Subject("stay", track), severity, zone="spirits", factors={"dwell_s": dwell_s, **more})


def book(least: float | None) -> tuple[IncidentBook, Bars]:
    bars = Bars([RULE])
    bars.put_up({} if least is None else {"stay": Bar(DWELL, 30.0, least)})
    return IncidentBook([RULE], "t", bars), bars


def test_an_incident_opens_when_its_factor_reaches_the_bar() -> None:
    incidents, _ = book(45.0)
    assert incidents.update(30.0, [hit(30.0)]) == []
    assert incidents.update(44.9, [hit(44.9)]) == []
    (opened,) = incidents.update(45.0, [hit(45.0)])
    assert (opened.state, opened.t_s, opened.actions) == (IncidentState.OPEN, 45.0, ("strobe",))
    incidents.update(60.0, [])
    assert incidents.take_held_back() == []


def test_what_ends_below_the_bar_is_told_at_its_worst() -> None:
    incidents, _ = book(45.0)
    for t_s in (30.0, 38.0):
        incidents.update(t_s, [hit(t_s)])
    assert incidents.take_held_back() == []
    incidents.update(39.0, [])
    (event,) = incidents.take_held_back()
    assert (event.kind, event.severity, event.t_s) == (HELD_BACK, Severity.INFO, 39.0)
    assert event.data["rule"] == "stay"
    assert (event.data["value"], event.data["bar"], event.data["zone"]) == (38.0, 45.0, "spirits")
    assert incidents.take_held_back() == []


def test_critical_is_never_held_back() -> None:
    incidents, _ = book(1000.0)
    incidents.update(30.0, [hit(30.0)])
    (opened,) = incidents.update(31.0, [hit(31.0, Severity.CRITICAL)])
    assert opened.severity == Severity.CRITICAL
    incidents.update(32.0, [])
    assert incidents.take_held_back() == []


def test_a_bar_taken_away_lets_what_lasts_open() -> None:
    incidents, bars = book(45.0)
    assert incidents.update(30.0, [hit(30.0)]) == []
    bars.put_up({})
    assert [incident.state for incident in incidents.update(31.0, [hit(31.0)])] == [IncidentState.OPEN]


def test_an_open_incident_is_not_closed_by_a_new_bar() -> None:
    incidents, bars = book(None)
    incidents.update(30.0, [hit(30.0)])
    bars.put_up({"stay": Bar(DWELL, 30.0, 90.0)})
    assert incidents.update(31.0, [hit(31.0)]) == []
    assert len(incidents.open) == 1


def test_a_hit_for_another_reason_passes() -> None:
    incidents, _ = book(45.0)
    assert incidents.update(1.0, [hit(3.0)])


def test_a_hit_without_the_measured_factor_passes() -> None:
    incidents, _ = book(45.0)
    assert incidents.update(1.0, [Hit(Subject("stay", 1), Severity.WARNING)])


def test_an_incident_closes_with_the_factors_of_its_worst_moment_and_what_counts_as_far_as_it_went() -> None:
    incidents, _ = book(None)
    incidents.update(30.0, [hit(30.0, gyration_h=0.2)])
    incidents.update(58.0, [hit(58.0, gyration_h=0.5)])
    incidents.update(59.0, [hit(57.0, gyration_h=0.9)])
    (closed,) = incidents.update(60.0, [])
    assert closed.state == IncidentState.CLOSED
    assert closed.factors == {"dwell_s": 58.0, "gyration_h": 0.2}, "the least gyration is what opened it"


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(30, 200), max_size=12), max_size=6),
    st.floats(30, 90),
)
def test_whatever_comes_nothing_below_the_bar_opens_and_nothing_is_lost(stays: list[list[float]], least: float) -> None:
    """Every stay ends as an incident or as a near miss, never as both or as nothing."""
    incidents, _ = book(least)
    opened, told, t_s = 0, 0, 0.0
    for number, stay in enumerate(stays):
        for dwell_s in stay:
            t_s += 1
            changed = incidents.update(t_s, [hit(dwell_s, track=number)])
            opened += sum(incident.state == IncidentState.OPEN for incident in changed)
            assert all(number_of_dwell(i.factors["dwell_s"]) >= least for i in changed if i.state == IncidentState.OPEN)
        t_s += 1
        incidents.update(t_s, [])
        held_back = incidents.take_held_back()
        assert all(number_of_dwell(event.data["value"]) <= least + 1e-3 for event in held_back)
        told += len(held_back)
    assert opened + told == sum(bool(stay) for stay in stays)


def number_of_dwell(value: Json) -> float:
    assert isinstance(value, int | float)
    return float(value)
