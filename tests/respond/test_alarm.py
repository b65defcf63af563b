"""One output's state machine: patterns, limits, and that no cause can stretch a limit."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.respond.alarm import Activation, Alarm, AlarmState, Ended
from agent.respond.pattern import Pattern, pattern_of
from agent.tables.wiring import OutputConfig


def output(pattern: str = "steady", max_on_s: float = 30.0, max_per_hour_s: float = 100.0) -> OutputConfig:
    return OutputConfig("siren", 17, pattern=pattern, max_on_s=max_on_s, max_per_hour_s=max_per_hour_s)


def ended(alarm: Alarm) -> list[Activation]:
    """The activations that ended since the last look."""
    return [change for change in alarm.take_changes() if change.ended]


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
    (activation,) = ended(alarm)
    assert (activation.incident, activation.start_s, activation.end_s, activation.ended) == (
        "a",
        5.0,
        9.0,
        Ended.CLEARED,
    )
    assert not ended(alarm)


def test_the_longest_activation_is_a_hard_limit() -> None:
    alarm = Alarm(output(max_on_s=30))
    alarm.trigger(0.0, "a")
    assert edges(alarm, 0.0, 100.0) == [(0.0, True), (30.0, False)]
    assert alarm.state == AlarmState.LIMITED
    (activation,) = ended(alarm)
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
    assert [(a.end_s or 0) - a.start_s for a in ended(alarm)] == [40, 40, 20]
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
    assert ended(alarm)[0].ended == Ended.STOPPED


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


def test_silence_lasts_for_the_open_incidents_and_a_new_one_sounds_again() -> None:
    alarm = Alarm(output())
    alarm.trigger(0.0, "a")
    alarm.silence(4.0, "a child at the shelf")
    assert (alarm.state, alarm.level(4.0)) == (AlarmState.SILENCED, False)
    alarm.trigger(5.0, "a")
    assert not alarm.level(5.0)
    (silenced,) = ended(alarm)
    assert (silenced.end_s, silenced.ended, silenced.reason) == (4.0, Ended.SILENCED, "a child at the shelf")
    alarm.trigger(6.0, "b")
    assert alarm.level(6.0)
    alarm.clear(7.0, "b")
    assert not alarm.level(7.0), "the silenced one is open still, and stays silent"
    alarm.clear(8.0, "a")
    assert alarm.state == AlarmState.IDLE


def test_a_test_is_marked_ends_by_itself_and_gives_way_to_an_incident() -> None:
    alarm = Alarm(output())
    assert alarm.test(0.0, 2.0)
    assert edges(alarm, 0.0, 10.0) == [(0.0, True), (2.0, False)]
    assert [(change.test, change.ended) for change in alarm.take_changes()] == [(True, None), (True, Ended.CLEARED)]
    assert alarm.test(20.0, 5.0)
    alarm.trigger(21.0, "a")
    assert alarm.state == AlarmState.ACTIVE
    assert [(change.test, change.ended) for change in alarm.take_changes()] == [
        (True, None),
        (True, Ended.STOPPED),
        (False, None),
    ]
    assert not alarm.test(22.0, 1.0), "busy"


def test_a_test_counts_for_the_hours_budget() -> None:
    alarm = Alarm(output(max_on_s=30, max_per_hour_s=3))
    assert alarm.test(0.0, 2.0)
    alarm.advance(5.0)
    assert alarm.test(10.0, 2.0)
    assert edges(alarm, 10.0, 20.0) == [(10.0, True), (11.0, False)]
    assert not alarm.test(30.0, 2.0)


def test_what_is_barred_ends_and_goes_on_when_the_bar_is_lifted() -> None:
    alarm = Alarm(output())
    alarm.trigger(0.0, "a")
    alarm.bar(1.0, "disarmed")
    assert (alarm.state, alarm.level(1.0), alarm.barred) == (AlarmState.IDLE, False, "disarmed")
    assert not alarm.test(2.0, 1.0)
    alarm.bar(3.0, "")
    assert alarm.level(3.0)
    assert [change.reason for change in ended(alarm)] == ["disarmed"]


def test_what_was_sounded_for_elsewhere_does_not_begin_here() -> None:
    alarm = Alarm(output())
    alarm.forgo(["a"])
    alarm.trigger(0.0, "a")
    assert not alarm.level(0.0)
    alarm.trigger(1.0, "b")
    assert alarm.level(1.0)


CALLS = st.lists(
    st.tuples(
        st.floats(0.01, 400),
        st.sampled_from(["trigger", "trigger", "clear", "silence", "test", "bar", "lift"]),
        st.sampled_from("abc"),
    ),
    max_size=60,
)


def do(alarm: Alarm, deed: str, t_s: float, incident: str) -> None:
    """One thing that people, rules or the interlock do."""
    deeds: dict[str, Callable[[], object]] = {
        "trigger": lambda: alarm.trigger(t_s, incident),
        "clear": lambda: alarm.clear(t_s, incident),
        "silence": lambda: alarm.silence(t_s, "enough"),
        "test": lambda: alarm.test(t_s, 5.0),
        "bar": lambda: alarm.bar(t_s, "disarmed"),
        "lift": lambda: alarm.bar(t_s, ""),
    }
    deeds[deed]()


@given(CALLS, st.floats(1, 200), st.floats(1, 600))
def test_no_order_of_calls_breaks_a_limit(
    calls: list[tuple[float, str, str]], max_on_s: float, max_per_hour_s: float
) -> None:
    alarm = Alarm(output(max_on_s=max_on_s, max_per_hour_s=max_per_hour_s))
    t_s, open_incidents = 0.0, set()
    for wait_s, deed, incident in calls:
        t_s += wait_s
        do(alarm, deed, t_s, incident)
        if deed == "trigger":
            open_incidents.add(incident)
        elif deed == "clear":
            open_incidents.discard(incident)
        silent = deed in ("silence", "bar") or not (open_incidents or alarm.state == AlarmState.TEST)
        assert not (silent and alarm.level(t_s)), "on without a cause"
    alarm.stop(t_s + 1000)
    changes = alarm.take_changes()
    assert [change.ended is None for change in changes] == [True, False] * (len(changes) // 2), "begin, end, begin, end"
    spans = [(a.start_s, a.end_s) for a in changes if a.end_s is not None]
    assert all(end - start <= max_on_s + 1e-6 for start, end in spans)
    for _, hour_end in spans:
        used = sum(max(0.0, min(end, hour_end) - max(start, hour_end - 3600)) for start, end in spans)
        assert used <= max_per_hour_s + 1e-6
