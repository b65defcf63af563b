"""Hits measure what their rules say they compare, on the side that makes them hits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agent.config import parse_config
from agent.domain import FactKind, Severity, Track
from agent.review.entry import Entry, Stamp
from agent.review.explain import explain
from agent.rules.facts import Fact
from tests.rules.stage import Stage
from tests.rules.walks import person, walk

PLACES = """
[[zone]]
name = "left"
kind = "{kind}"
polygon = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0.55, 0], [0.65, 0], [0.65, 0.2], [0.55, 0.2]]
[[line]]
name = "door"
points = [[0.7, 0], [0.7, 1]]
[[schedule]]
name = "opening"
start = "08:00"
end = "20:00"
"""


def standing(track: int, seconds: float, x: float = 0.25) -> list[Track]:
    return [person(i / 5, x + 0.03 * track, 0.6, track) for i in range(round(seconds * 5) + 1)]


def pacing() -> list[Track]:
    corners = [(2.0 * i, 0.1 + 0.3 * (i % 2), 0.6) for i in range(14)]
    return list(walk(corners, 10.0, 1))


def coming_back() -> list[Track]:
    corners = [(0.0, 0.9, 0.6)]
    for n in range(3):
        corners += [(40.0 * n + 1, 0.3, 0.6), (40.0 * n + 10, 0.3, 0.6), (40.0 * n + 11, 0.9, 0.6)]
    return list(walk([*corners, (125.0, 0.9, 0.6)], 5.0, 1))


def leaving() -> list[Track]:
    return list(walk([(0.0, 0.3, 0.6), (8.0, 0.3, 0.6), (12.0, 0.95, 0.6), (13.0, 0.95, 0.6)], 10.0, 1))


def running() -> list[Track]:
    return list(walk([(0.0, 0.1, 0.6), (2.2, 0.9, 0.6)], 15.0, 1))


SCENES: dict[str, tuple[str, str, list[Track], int | None]] = {
    "loitering": ("high_value", 'zone = "left"', standing(1, 40), None),
    "assistance": ("shelf", 'zone = "left"\nafter_s = 20', standing(1, 40), None),
    "after_hours": ("generic", 'schedule = "opening"', standing(1, 10), 60),
    "running": ("generic", "", running(), None),
    "wrong_way": ("generic", "toward = [-1, 0]", running(), None),
    "erratic": ("generic", "", pacing(), None),
    "crowding": ("generic", "max_people = 3", [t for n in range(4) for t in standing(n, 20)], None),
    "queue": ("queue", 'zone = "left"\nmax_length = 3', [t for n in range(4) for t in standing(n, 20)], None),
    "revisit": ("generic", 'zone = "left"', coming_back(), None),
    "checkout_bypass": ("high_value", 'line = "door"\ndirection = "out"', leaving(), None),
}


def stage_of(kind: str, facts: Sequence[Fact] = (), changed: str = "") -> Stage:
    """The scene of a rule; `changed` are settings as lines of TOML that take the place of its own."""
    zone_kind, text, tracks, minute = SCENES[kind]
    lines = {line.split(" = ")[0]: line for line in (*text.splitlines(), *changed.splitlines())}
    config = PLACES.format(kind=zone_kind) + "\n".join(["[[rule]]", f'kind = "{kind}"', *lines.values()])
    return Stage(config, minute=minute).play(tracks, facts, until_s=max(track.t_s for track in tracks) + 20)


@pytest.mark.parametrize("kind", SCENES)
def test_what_opens_an_incident_meets_what_its_rule_compares(kind: str) -> None:
    stage = stage_of(kind)
    incident = stage.closed()[0]
    zone_kind, text, _, _ = SCENES[kind]
    (rule,) = parse_config(PLACES.format(kind=zone_kind) + f'[[rule]]\nkind = "{kind}"\n{text}\n').rules
    measured = {compare: compare.measured(incident.factors) for compare in rule.compares}
    optional = {"log_odds"}  # only with `fuse`
    met = []
    for compare, value in measured.items():
        limit = compare.limit(rule, incident.factors)
        if compare.factor in optional:
            continue
        assert value is not None, f"{kind} does not measure {compare.factor}"
        assert limit is not None, f"{kind} does not tell {compare.setting}"
        met.append(value >= limit - 1e-2 if compare.op == ">=" else value <= limit + 1e-2)
    assert any(met) if rule.either else all(met)


def explained(kind: str, stage: Stage) -> dict[str, list[str]]:
    """The sentences about the first incident of a scene."""
    incident = stage.closed()[0]
    zone_kind, text, _, _ = SCENES[kind]
    (rule,) = parse_config(PLACES.format(kind=zone_kind) + f'[[rule]]\nkind = "{kind}"\n{text}\n').rules
    stamp = Stamp(0.0, True)
    entry = Entry(
        incident.id,
        kind,
        rule.name,
        "boot",
        incident.opened_s,
        incident.t_s,
        stamp,
        stamp,
        severity=str(incident.severity),
    )
    entry.factors = {**incident.factors}
    sentences: Any = explain(entry, rule, incident.t_s)["sentences"]
    return {heading: [str(line) for line in lines] for heading, lines in sentences.items()}


@pytest.mark.parametrize("kind", SCENES)
def test_every_incident_can_be_explained(kind: str) -> None:
    sentences = explained(kind, stage_of(kind))
    assert sentences["measured"]
    assert sentences["would_not_have_opened"]


@pytest.mark.parametrize("kind", SCENES)
def test_with_what_is_said_to_keep_it_from_opening_it_does_not_open(kind: str) -> None:
    stage = stage_of(kind)
    said = explained(kind, stage)["would_not_have_opened"]
    settings = [line.replace(" and ", "\n") for line in said if " = " in line]
    assert settings
    for changed in settings:
        assert not stage_of(kind, changed=changed).opened(kind), changed


def test_a_sensor_makes_it_critical_as_the_rule_says() -> None:
    stage = stage_of("after_hours", [Fact(FactKind.PIR, "pir", 5.0)])
    assert stage.closed()[0].severity == Severity.CRITICAL
    assert stage.closed()[0].factors["sensor"] is True


def test_a_sensor_that_spoke_early_has_made_it_critical_for_good() -> None:
    stage = Stage(PLACES.format(kind="generic") + '[[rule]]\nkind = "after_hours"\nschedule = "opening"', minute=60)
    stage.play(standing(1, 60), [Fact(FactKind.PIR, "pir", 5.0), Fact(FactKind.PIR, "pir", 6.0, False)], until_s=80)
    assert [incident.severity for incident in stage.closed()] == [Severity.CRITICAL]
    assert explained("after_hours", stage)["severity"] == ["sensor made it critical"]
