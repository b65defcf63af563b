"""The rules and incidents together, over people who walk as told."""

from collections.abc import Iterable
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import Event, Incident, IncidentState, Severity, Track
from agent.rule_config import RestrictedRule
from agent.rules.base import Hit, Subject
from agent.rules.engine import RuleEngine
from agent.rules.incidents import IncidentBook
from agent.rules.schedule import WEEK_MIN, is_on
from tests.rules.stage import Stage
from tests.rules.walks import person, walk

SHOP = """
[[zone]]
name = "stock"
kind = "restricted"
polygon = [[0, 0], [0.3, 0], [0.3, 1], [0, 1]]
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0.4, 0], [0.7, 0], [0.7, 1], [0.4, 1]]
report_dwell = true
[[line]]
name = "exit"
points = [[0.88, 0.0], [0.88, 1.0]]
[[schedule]]
name = "opening"
start = "08:00"
end = "20:00"
"""


def run(
    text: str, tracks: Iterable[Track], minute: int | None = None, until_s: float = 0.0
) -> tuple[list[Event], list[Incident]]:
    config = parse_config(SHOP + text)
    engine, book = RuleEngine(config, 16 / 9), IncidentBook(config.rules, "t")
    events: list[Event] = []
    incidents: list[Incident] = []
    moments = [(t_s, list(group)) for t_s, group in groupby(sorted(tracks, key=lambda t: t.t_s), lambda t: t.t_s)]
    last_s = moments[-1][0]
    moments += [(last_s + 0.5 * step, []) for step in range(1, round(2 * (until_s - last_s)) + 1)]
    for t_s, group in moments:
        findings = engine.update(t_s, group, minute)
        events += findings.events
        incidents += book.update(t_s, findings.hits)
    return events, incidents


def states(incidents: list[Incident]) -> list[tuple[str, str]]:
    return [(str(incident.state), str(incident.severity)) for incident in incidents]


def test_a_person_in_a_restricted_zone_opens_one_incident_and_leaving_closes_it() -> None:
    rule = '[[rule]]\nkind="restricted"\nzone="stock"\nseverity="critical"\n'
    _, incidents = run(rule, walk([(0, 0.6, 0.5), (3, 0.1, 0.5), (9, 0.1, 0.5), (12, 0.6, 0.5)]))
    assert states(incidents) == [("open", "critical"), ("closed", "critical")]
    assert incidents[0].t_s == pytest.approx(2.0, abs=0.5)
    assert incidents[1].t_s == pytest.approx(10.5, abs=0.5)
    assert incidents[0].id == incidents[1].id
    assert incidents[0].tracks == (1,)


def test_each_person_has_an_incident_of_their_own() -> None:
    rule = '[[rule]]\nkind="restricted"\nzone="stock"\n'
    tracks = [*walk([(0, 0.1, 0.5), (5, 0.1, 0.5)]), *walk([(0, 0.2, 0.5), (5, 0.2, 0.5)], track=2)]
    _, incidents = run(rule, tracks)
    assert {incident.tracks for incident in incidents} == {(1,), (2,)}


def test_loitering_opens_after_its_time_rises_by_stages_and_closes_at_the_exit() -> None:
    rule = '[[rule]]\nkind="loitering"\nzone="spirits"\nafter_s=10\nseverity="info"\n'
    events, incidents = run(rule, walk([(0, 0.5, 0.5), (45, 0.52, 0.5), (47, 0.8, 0.5), (48, 0.8, 0.5)]))
    assert states(incidents) == [
        ("open", "info"),
        ("updated", "warning"),
        ("updated", "critical"),
        ("closed", "critical"),
    ]
    assert [incident.t_s for incident in incidents[:3]] == pytest.approx([10, 20, 40], abs=0.15)
    (dwell,) = [event for event in events if event.kind == "dwell"]
    assert dwell.data["dwell_s"] == pytest.approx(46.3, abs=0.3)


def test_walking_about_is_not_loitering_but_stopping_then_is() -> None:
    rule = '[[rule]]\nkind="loitering"\nzone="spirits"\nafter_s=10\nmax_gyration_h=0.8\n'
    about = [(i * 3.0, 0.42 if i % 2 else 0.68, 0.05 if i % 2 else 0.95) for i in range(6)]
    _, incidents = run(rule, walk([*about, (15.5, 0.42, 0.1)]))
    assert not incidents
    _, incidents = run(rule, walk([*about, (15.5, 0.42, 0.1), (30, 0.42, 0.1)]))
    assert [str(incident.state) for incident in incidents][:1] == ["open"]
    assert 18 < incidents[0].t_s < 27


def test_leaving_resets_the_time_of_loitering() -> None:
    rule = '[[rule]]\nkind="loitering"\nzone="spirits"\nafter_s=10\n'
    visit = [
        (0, 0.5, 0.5),
        (8, 0.5, 0.5),
        (9, 0.8, 0.5),
        (11, 0.8, 0.5),
        (12, 0.5, 0.5),
        (20, 0.5, 0.5),
        (21, 0.8, 0.5),
    ]
    _, incidents = run(rule, walk([(float(t), x, y) for t, x, y in visit]))
    assert not incidents


def test_a_vanished_loiterer_closes_the_incident() -> None:
    rule = '[[rule]]\nkind="loitering"\nzone="spirits"\nafter_s=5\n'
    _, incidents = run(rule, walk([(0, 0.5, 0.5), (8, 0.5, 0.5)]), until_s=16)
    assert states(incidents)[-1] == ("closed", "warning")
    assert incidents[-1].t_s == pytest.approx(14.5, abs=0.6), "for some seconds they may be hidden in the zone"


def test_a_line_is_counted_without_a_rule_and_alarms_with_one() -> None:
    path = list(walk([(0, 0.7, 0.5), (3, 0.98, 0.5)]))
    events, incidents = run("", path)
    assert [
        (event.kind, event.data["direction"], event.severity) for event in events if event.kind == "line_crossing"
    ] == [("line_crossing", "out", Severity.INFO)]
    assert not incidents
    rule = '[[rule]]\nkind="line_crossing"\nline="exit"\ndirection="out"\nhold_s=2\n'
    events, incidents = run(rule, path, until_s=8)
    assert [event.severity for event in events if event.kind == "line_crossing"] == [Severity.WARNING]
    assert states(incidents) == [("open", "warning"), ("closed", "warning")]
    assert incidents[1].t_s - incidents[0].t_s == pytest.approx(2.5, abs=0.5)
    _, incidents = run(rule.replace('"out"', '"in"'), path, until_s=8)
    assert not incidents


@pytest.mark.parametrize(("minute", "alarms"), [(10 * 60, 0), (22 * 60, 1)])
def test_a_restricted_zone_may_be_entered_within_its_schedule(minute: int, alarms: int) -> None:
    rule = '[[rule]]\nkind="restricted"\nzone="stock"\nschedule="opening"\n'
    _, incidents = run(rule, walk([(0, 0.1, 0.5), (5, 0.1, 0.5)]), minute)
    assert len([i for i in incidents if i.state == IncidentState.OPEN]) == alarms


@pytest.mark.parametrize(("minute", "alarms"), [(10 * 60, 1), (22 * 60, 0)])
def test_other_rules_apply_only_within_their_schedule(minute: int, alarms: int) -> None:
    rule = '[[rule]]\nkind="loitering"\nzone="spirits"\nafter_s=3\nschedule="opening"\n'
    _, incidents = run(rule, walk([(0, 0.5, 0.5), (5, 0.5, 0.5)]), minute)
    assert len([i for i in incidents if i.state == IncidentState.OPEN]) == alarms


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, WEEK_MIN - 1))
def test_a_daily_schedule_is_on_for_its_length_every_day(start: int, end: int, minute: int) -> None:
    text = f'[[schedule]]\nname="s"\nstart="{start // 60:02}:{start % 60:02}"\nend="{end // 60:02}:{end % 60:02}"'
    schedule = parse_config(text).schedules[0]
    of_day = minute % 1440
    expected = start <= of_day < end if start < end else of_day >= start or of_day < end
    assert is_on(schedule, minute) == expected


HITS = st.lists(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(list(Severity)), st.integers(0, 3)), max_size=4), max_size=40
)


@given(HITS, st.floats(0, 5))
def test_incidents_keep_their_life_cycle_whatever_the_rules_say(
    frames: list[list[tuple[int, Severity, int]]], cooldown_s: float
) -> None:
    rule = RestrictedRule(kind="restricted", name="r", zone="z", cooldown_s=cooldown_s)
    book = IncidentBook([rule], "t")
    history: dict[str, list[Incident]] = {}
    for t_s, frame in enumerate(frames):
        hits = [Hit(Subject("r", track), severity, stage) for track, severity, stage in frame]
        for incident in book.update(float(t_s), hits):
            history.setdefault(incident.id, []).append(incident)
    for incident in book.close_all(float(len(frames))):
        history[incident.id].append(incident)
    for steps in history.values():
        assert [str(step.state) for step in (steps[0], steps[-1])] == ["open", "closed"]
        assert all(step.state == IncidentState.UPDATED for step in steps[1:-1])
        assert all(a.severity <= b.severity for a, b in pairwise(steps))
        assert len({step.tracks for step in steps}) == 1


def test_cooldown_holds_back_a_repeat_but_never_a_critical_one() -> None:
    rule = RestrictedRule(kind="restricted", name="r", zone="z", cooldown_s=10)
    book = IncidentBook([rule], "t")
    subject = Subject("r", 1)
    assert book.update(0, [Hit(subject, Severity.WARNING)])
    assert book.update(1, [])
    assert not book.update(5, [Hit(subject, Severity.WARNING)])
    assert book.update(6, [Hit(subject, Severity.CRITICAL)])
    assert book.update(7, [])
    assert not book.update(16.9, [Hit(subject, Severity.WARNING)])
    assert book.update(17, [Hit(subject, Severity.WARNING)])


def test_the_severity_of_a_person_never_seen_confirmed_is_nothing() -> None:
    rule = '[[rule]]\nkind="restricted"\nzone="stock"\n'
    events, incidents = run(rule, [person(i * 0.1, 0.1, 0.5, confirmed=False) for i in range(50)])
    assert not events
    assert not incidents


def test_a_gap_that_was_bridged_is_told_once() -> None:
    before = [person(t / 10, 0.5, 0.5) for t in range(10)]
    after = [person(3 + t / 10, 0.5, 0.5)._replace(gap_s=2.1) for t in range(10)]
    events, _ = run("", [*before, *after])
    assert [(event.kind, event.data) for event in events if event.kind == "continuity"] == [
        ("continuity", {"track": 1, "gap_s": 2.1})
    ]


@pytest.mark.parametrize(("minute", "severity"), [(12 * 60, Severity.INFO), (2 * 60, Severity.WARNING)])
def test_a_crossing_is_as_severe_as_the_rules_that_apply_at_the_time(minute: int, severity: Severity) -> None:
    line = '[[line]]\nname = "exit"\npoints = [[0.85, 0], [0.85, 1]]\n'
    night = '[[schedule]]\nname = "night"\nstart = "22:00"\nend = "06:00"\n'
    rule = '[[rule]]\nkind = "line_crossing"\nline = "exit"\nschedule = "night"\n'
    stage = Stage(line + night + rule, minute=minute).play(walk([(0, 0.7, 0.5), (3, 0.98, 0.5)]), until_s=6)
    assert [event.severity for event in stage.events if event.kind == "line_crossing"] == [severity]
    assert bool(stage.opened()) == (severity is Severity.WARNING)
