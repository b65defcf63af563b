"""One output's state machine: patterns, limits, and that no cause can stretch a limit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.respond.alarm import Alarm, AlarmState, Ended
from agent.respond.pattern import Pattern, pattern_of
from agent.tables.wiring import OutputConfig


def output(pattern: str = "steady", max_on_s: float = 30.0, max_per_hour_s: float = 100.0) -> OutputConfig:
    return OutputConfig("siren", 17, pattern=pattern, max_on_s=max_on_s, max_per_hour_s=max_per_hour_s)


def edges(alarm: Alarm, start_s: float, end_s: float) -> list[tuple[float, bool]]:
    """The level at the start and at every change, as the alarm thread would see it."""
    t_s, seen = start_s, [(start_s, alarm.level(start_s))]
    while (t_s := alarm.next_change_s(t_s)) <= end_s:
        level = alarm.level(t_s + 1e-9)
        if level != seen[-1][1]:
            seen.append((round(t_s, 6), level))
        t_s += 1e-9
    return seen


def test_a_trigger_switches_on_at_once_and_clearing_switches_off() -> None:
    alarm = Alarm(output())
    alarm.trigger(5.0, "a")
    assert alarm.level(5.0)
    alarm.clear(9.0, "a")
    assert not alarm.level(9.0)
    (activation,) = alarm.take_ended()
    assert (activation.incident, activation.start_s, activation.end_s, activation.ended) == (
        "a",
        5.0,
        9.0,
        Ended.CLEARED,
    )
    assert not alarm.take_ended()


def test_the_longest_activation_is_a_hard_limit() -> None:
    alarm = Alarm(output(max_on_s=30))
    alarm.trigger(0.0, "a")
    assert edges(alarm, 0.0, 100.0) == [(0.0, True), (30.0, False)]
    assert alarm.state == AlarmState.LIMITED
    (activation,) = alarm.take_ended()
    assert (activation.end_s, activation.ended) == (30.0, Ended.LIMIT)


def test_the_same_incident_cannot_stretch_a_limit_but_another_begins_anew() -> None:
    alarm = Alarm(output(max_on_s=30))
    alarm.trigger(0.0, "a")
    alarm.trigger(40.0, "a")
    assert not alarm.level(40.0)
    alarm.trigger(50.0, "b")
    assert alarm.level(50.0)


def test_the_hours_budget_counts_every_activation_in_the_last_hour() -> None:
    alarm = Alarm(output(max_on_s=40, max_per_hour_s=100))
    for number in range(4):
        alarm.trigger(number * 50.0, str(number))
        alarm.level(number * 50.0 + 45)
    ended = alarm.take_ended()
    assert [(a.end_s or 0) - a.start_s for a in ended] == [40, 40, 20]
    assert alarm.state == AlarmState.LIMITED
    alarm.trigger(3600.0 + 39.0, "later")
    assert alarm.level(3600.0 + 39.0), "the first activation has left the hour"


def test_it_stays_on_while_any_incident_is_open() -> None:
    alarm = Alarm(output())
    alarm.trigger(0.0, "a")
    alarm.trigger(1.0, "b")
    alarm.clear(2.0, "a")
    assert alarm.level(2.0)
    alarm.clear(3.0, "b")
    assert not alarm.level(3.0)


def test_stop_ends_whatever_is_open() -> None:
    alarm = Alarm(output())
    alarm.trigger(0.0, "a")
    alarm.stop(1.0)
    assert not alarm.level(1.0)
    assert alarm.take_ended()[0].ended == Ended.STOPPED


def test_the_blink_is_half_on_half_off() -> None:
    alarm = Alarm(OutputConfig("led", 4, pattern="blink", hz=2.0, max_on_s=1.0))
    alarm.trigger(10.0, "a")
    assert edges(alarm, 10.0, 12.0) == [(10.0, True), (10.25, False), (10.5, True), (10.75, False)]


@pytest.mark.parametrize(("pattern", "on_share"), [("steady", 1.0), ("blink", 0.5), ("pulse", 0.25), ("chirp", 0.08)])
def test_each_pattern_is_on_for_its_share(pattern: str, on_share: float) -> None:
    shape = pattern_of(OutputConfig("x", 4, pattern=pattern, on_s=0.5, off_s=1.5))
    levels = [shape.at(step / 1000)[0] for step in range(20_000)]
    assert sum(levels) / len(levels) == pytest.approx(on_share, abs=0.01)


@given(st.lists(st.tuples(st.floats(0.05, 5), st.floats(0.05, 5)), max_size=3), st.floats(0, 1000))
def test_a_pattern_keeps_its_level_until_the_change_it_announces(steps: list[tuple[float, float]], at_s: float) -> None:
    pattern = Pattern(tuple(steps))
    level, left_s = pattern.at(at_s)
    assert left_s > 0
    if math.isfinite(left_s) and left_s > 1e-6:
        assert pattern.at(at_s + left_s * 0.5)[0] == level


CALLS = st.lists(
    st.tuples(st.floats(0.01, 400), st.sampled_from(["trigger", "clear"]), st.sampled_from("abc")), max_size=60
)


@given(CALLS, st.floats(1, 200), st.floats(1, 600))
def test_no_order_of_calls_breaks_a_limit(
    calls: list[tuple[float, str, str]], max_on_s: float, max_per_hour_s: float
) -> None:
    alarm = Alarm(output(max_on_s=max_on_s, max_per_hour_s=max_per_hour_s))
    t_s, open_incidents = 0.0, set()
    activations = []
    for wait_s, call, incident in calls:
        t_s += wait_s
        if call == "trigger":
            alarm.trigger(t_s, incident)
            open_incidents.add(incident)
        else:
            alarm.clear(t_s, incident)
            open_incidents.discard(incident)
        assert open_incidents or not alarm.level(t_s), "on without an open incident"
        activations += alarm.take_ended()
    alarm.stop(t_s + 1000)
    activations += alarm.take_ended()
    spans = [(a.start_s, a.end_s or 0.0) for a in activations]
    assert all(end - start <= max_on_s + 1e-6 for start, end in spans)
    for _, hour_end in spans:
        used = sum(max(0.0, min(end, hour_end) - max(start, hour_end - 3600)) for start, end in spans)
        assert used <= max_per_hour_s + 1e-6
