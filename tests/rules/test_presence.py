"""Being where one may not be, or when, and waiting in vain: with what the sensors tell about it."""

import pytest

from agent.config import parse_config
from agent.domain import FactKind, Severity, Track
from agent.errors import ConfigError
from agent.rules.facts import Fact
from agent.rules.senses import Senses
from agent.vision.exchanges import Exchange
from tests.rules.stage import Stage, seen_badly
from tests.rules.walks import person, walk

ROOM = """
[[zone]]
name = "stock"
kind = "restricted"
polygon = [[0, 0], [0.3, 0], [0.3, 1], [0, 1]]
[[zone]]
name = "wine"
kind = "shelf"
polygon = [[0.4, 0], [0.7, 0], [0.7, 1], [0.4, 1]]
[[schedule]]
name = "opening"
start = "08:00"
end = "20:00"
days = ["mon", "tue", "wed", "thu", "fri", "sat"]
[[input]]
name = "badge"
kind = "grant"
[[input]]
name = "key"
kind = "staff"
"""
RESTRICTED = ROOM + '[[rule]]\nkind = "restricted"\nzone = "stock"\n'
AFTER_HOURS = ROOM + '[[rule]]\nkind = "after_hours"\nschedule = "opening"\n'
ASSISTANCE = ROOM + '[[rule]]\nkind = "assistance"\nzone = "wine"\n'
NIGHT, DAY, SUNDAY = 23 * 60, 12 * 60, 6 * 1440 + 12 * 60


def enters(track: int = 1, start_s: float = 0.0) -> list[Track]:
    """Somebody who goes into the stock room after two seconds and stays for ten."""
    corners = [(0.0, 0.6, 0.5), (3.0, 0.1, 0.5), (13.0, 0.1, 0.5), (16.0, 0.6, 0.5)]
    return list(walk([(start_s + t_s, x, y) for t_s, x, y in corners], track=track))


def grant(t_s: float, source: str = "badge") -> Fact:
    return Fact(FactKind.GRANT, source, t_s)


@pytest.mark.parametrize("t_s", [-20.0, 1.0])
def test_a_grant_lets_one_person_in(t_s: float) -> None:
    assert Stage(RESTRICTED).play(enters()).opened()
    assert not Stage(RESTRICTED).play(enters(), [grant(t_s)]).opened()


def test_a_grant_lets_only_one_person_in_and_not_for_ever() -> None:
    (incident,) = Stage(RESTRICTED).play([*enters(), *enters(2, 1.0)], [grant(1.0)]).opened()
    assert incident.tracks == (2,)
    assert not Stage(RESTRICTED).play([*enters(), *enters(2, 1.0)], [grant(1.0), grant(1.5)]).opened()
    (incident,) = Stage(RESTRICTED).play([*enters(), *enters(2, 60.0)], [grant(1.0)]).opened()
    assert incident.tracks == (2,)


def test_only_the_inputs_named_exempt() -> None:
    rule = RESTRICTED + 'inputs = ["key"]\n'
    assert Stage(rule).play(enters(), [grant(1.0)]).opened()
    key = [Fact(FactKind.STAFF, "key", 0.0), Fact(FactKind.STAFF, "key", 9.0, active=False)]
    assert not Stage(rule).play(enters(), key).opened()


def test_a_staff_input_that_is_switched_off_exempts_nobody_who_comes_later() -> None:
    key = [Fact(FactKind.STAFF, "key", 0.0), Fact(FactKind.STAFF, "key", 20.0, active=False)]
    assert Stage(RESTRICTED).play(enters(start_s=30.0), key).opened()


def test_a_new_track_of_a_granted_person_inside_goes_on_as_granted() -> None:
    switched = [t if t.t_s < 7 else t._replace(id=2, born_s=7.0) for t in enters()]
    assert not Stage(RESTRICTED).play(switched, [grant(1.0)]).opened()
    (incident,) = Stage(RESTRICTED).play([*switched, *enters(3, 4.0)], [grant(1.0)]).opened()
    assert incident.tracks == (3,)


def test_after_hours_is_one_incident_of_the_place_for_as_long_as_somebody_is_there() -> None:
    tracks = [*walk([(0, 0.5, 0.5), (10, 0.6, 0.5)]), *walk([(14, 0.5, 0.9), (20, 0.6, 0.9)], track=2)]
    stage = Stage(AFTER_HOURS, minute=NIGHT).play(tracks, until_s=40)
    (incident,) = stage.opened()
    assert incident.t_s == pytest.approx(1.0, abs=0.2)
    assert incident.tracks == ()
    assert stage.closed()[0].t_s == pytest.approx(30, abs=1)


@pytest.mark.parametrize(("minute", "alarms"), [(DAY, 0), (NIGHT, 1), (SUNDAY, 1)])
def test_after_hours_keeps_to_the_opening_hours(minute: int, alarms: int) -> None:
    stage = Stage(AFTER_HOURS, minute=minute).play(walk([(0, 0.5, 0.5), (10, 0.6, 0.5)]))
    assert len(stage.opened()) == alarms


def test_what_is_seen_for_a_moment_or_never_confirmed_is_no_burglar() -> None:
    blips = [person(t_s, 0.5, 0.5, track)._replace(born_s=t_s // 60 * 60) for track in (1, 2) for t_s in (60.0, 60.4)]
    assert not Stage(AFTER_HOURS, minute=NIGHT).play(blips).opened()
    shadow = [person(i * 0.1, 0.5, 0.5, confirmed=False) for i in range(100)]
    assert not Stage(AFTER_HOURS, minute=NIGHT).play(shadow).opened()


@pytest.mark.parametrize("misses", [0.05, 0.3])
def test_a_burglar_seen_badly_is_one_incident(misses: float) -> None:
    for seed in range(10):
        tracks = seen_badly(walk([(0, 0.1, 0.5), (12, 0.9, 0.7)]), 0.08, misses, seed)
        assert len(Stage(AFTER_HOURS, minute=NIGHT).play(tracks).opened()) == 1


@pytest.mark.parametrize(
    ("fact", "severity"),
    [
        (Fact(FactKind.PIR, "ceiling", 5.0), Severity.CRITICAL),
        (Fact(FactKind.DOOR, "back", -8.0), Severity.CRITICAL),
        (Fact(FactKind.DOOR, "back", -60.0), Severity.WARNING),
        (Fact(FactKind.GRANT, "badge", 5.0), Severity.WARNING),
    ],
)
def test_a_sensor_that_agrees_makes_it_critical(fact: Fact, severity: Severity) -> None:
    stage = Stage(AFTER_HOURS, minute=NIGHT).play(walk([(0, 0.5, 0.5), (10, 0.6, 0.5)]), [fact])
    assert max(incident.severity for incident in stage.incidents) == severity
    assert len(stage.opened()) == 1


def test_a_sensor_alone_is_not_a_person() -> None:
    stage = Stage(AFTER_HOURS, minute=NIGHT).play([], [Fact(FactKind.PIR, "ceiling", 5.0)], until_s=20)
    assert not stage.incidents


def waits(length_s: float) -> list[Track]:
    return list(walk([(0, 0.5, 0.5), (length_s, 0.55, 0.5)], 2.0))


def test_a_customer_who_waits_in_vain_is_a_service_and_never_an_alarm() -> None:
    (incident,) = Stage(ASSISTANCE).play(waits(200)).opened()
    assert incident.t_s == pytest.approx(120, abs=1)
    assert (incident.severity, incident.actions) == (Severity.INFO, ())
    assert not Stage(ASSISTANCE).play(waits(115)).opened()
    with pytest.raises(ConfigError, match="never an alarm"):
        parse_config(ASSISTANCE + 'severity = "warning"\n')


def test_staff_who_come_end_it_and_staff_who_were_there_prevent_it() -> None:
    coming = [Fact(FactKind.STAFF, "key", 150.0)]
    stage = Stage(ASSISTANCE).play(waits(200), coming)
    assert stage.closed()[0].t_s == pytest.approx(150, abs=1)
    there = [Fact(FactKind.STAFF, "key", -60.0), Fact(FactKind.STAFF, "key", -10.0, active=False)]
    assert not Stage(ASSISTANCE).play(waits(200), there).opened()
    long_ago = [Fact(FactKind.STAFF, "key", -900.0), Fact(FactKind.STAFF, "key", -600.0, active=False)]
    assert Stage(ASSISTANCE).play(waits(200), long_ago).opened()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (RESTRICTED + 'inputs = ["bagde"]\n', "badge"),
        (ASSISTANCE + 'inputs = ["badge"]\n', "is of kind 'grant'"),
        (AFTER_HOURS.replace('schedule = "opening"\n', ""), "opening hours"),
        (ROOM + '[[input]]\nname = "pir"\nkind = "pir"\npin = 4\n[[output]]\nname = "horn"\npin = 4\n', "is already"),
        (ROOM + '[[input]]\nname = "badge"\nkind = "pir"\n', "taken"),
    ],
)
def test_inputs_and_schedules_are_checked(text: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        parse_config(text)


def test_after_hours_counts_the_time_seen_not_the_time_between() -> None:
    rule = '[[rule]]\nkind = "after_hours"\nschedule = "open"\nafter_s = 1.5\n'
    rule += '[[schedule]]\nname = "open"\nstart = "08:00"\nend = "20:00"\n'
    glimpses = [person(t_s, 0.5, 0.5) for t_s in (0.0, 0.9, 1.8)]
    assert not Stage(rule, minute=0).play(glimpses, until_s=5).opened()
    unsure = [person(t / 10, 0.5, 0.5)._replace(sure=False) for t in range(30)]
    assert not Stage(rule, minute=0).play(unsure, until_s=5).opened()
    watched = [person(t / 10, 0.5, 0.5) for t in range(30)]
    (incident,) = Stage(rule, minute=0).play(watched, until_s=5).opened()
    assert incident.t_s == pytest.approx(1.5, abs=0.15)


def test_who_gets_another_track_and_is_known_by_their_clothes_waits_on() -> None:
    """After 80 s a new track, linked to the first: they have waited for 120 s when it is said; a stranger has not."""
    first, then = [t for t in waits(200) if t.t_s < 80], [t._replace(id=9) for t in waits(200) if t.t_s > 83]
    linked, strangers = Stage(ASSISTANCE).play(first), Stage(ASSISTANCE).play(first)
    linked.play([t for t in then if t.t_s < 88])
    linked.engine.update(88.05, [], senses=Senses(appearance={9: 1}))
    (incident,) = linked.play([t for t in then if t.t_s > 88.1]).opened()
    assert incident.t_s == pytest.approx(122, abs=3)
    assert incident.tracks == (9,)
    assert not strangers.play(then).opened()


def test_who_waits_under_another_s_track_since_they_met_waits_on() -> None:
    passing = walk([(0.0, 0.9, 0.5), (60.0, 0.9, 0.5), (63.0, 0.55, 0.5), (66.0, 0.9, 0.5), (200.0, 0.9, 0.5)], track=2)
    ids = {1: 2, 2: 1}
    tracks = [t._replace(id=ids[t.id]) if t.t_s > 63 else t for t in (*waits(200), *passing)]
    stage = Stage(ASSISTANCE).play([t for t in tracks if t.t_s < 68])
    stage.engine.update(68.05, [], senses=Senses(appearance={}, exchanged=(Exchange(1, 2, 63.0),)))
    (incident,) = stage.play([t for t in tracks if t.t_s > 68.1]).opened()
    assert incident.tracks == (2,)
    assert incident.t_s == pytest.approx(122, abs=3)


def test_who_exchanges_tracks_with_a_passer_by_loiters_on_and_the_passer_by_does_not() -> None:
    """They meet after 23 s, and it is known after 28: who has stood there since the beginning is told of after 30."""
    rule = ROOM + '[[rule]]\nkind = "loitering"\nzone = "wine"\n'
    passing = walk([(0.0, 0.9, 0.5), (20.0, 0.9, 0.5), (23.0, 0.55, 0.5), (26.0, 0.9, 0.5), (60.0, 0.9, 0.5)], track=2)
    ids = {1: 2, 2: 1}
    tracks = [t._replace(id=ids[t.id]) if t.t_s > 23 else t for t in (*waits(60), *passing)]
    stage, unaware = (Stage(rule).play([t for t in tracks if t.t_s < 28]) for _ in range(2))
    stage.engine.update(28.05, [], senses=Senses(appearance={}, exchanged=(Exchange(1, 2, 23.0),)))
    (incident,) = stage.play([t for t in tracks if t.t_s > 28.1]).opened()
    assert incident.tracks == (2,)
    assert incident.t_s == pytest.approx(30, abs=3)
    (late,) = unaware.play([t for t in tracks if t.t_s > 28.1]).opened()
    assert late.t_s > 45


def test_who_leaves_for_three_seconds_begins_anew_to_loiter() -> None:
    rule = ROOM + '[[rule]]\nkind = "loitering"\nzone = "wine"\n'
    away = [(0.0, 0.5, 0.5), (20.0, 0.5, 0.5), (20.5, 0.9, 0.5), (23.5, 0.9, 0.5), (24.0, 0.5, 0.5), (60.0, 0.5, 0.5)]
    (incident,) = Stage(rule).play(walk(away)).opened()
    assert incident.t_s == pytest.approx(54, abs=1)
