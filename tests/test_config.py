"""The configuration: what is read, and that every mistake is reported together, with its path and a hint."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import TABLES, Config, parse_config
from agent.domain import Point, Severity
from agent.errors import ConfigError, Problem
from agent.rule_config import LoiteringRule
from agent.tables.mount import MountConfig

FULL = """
[camera]
name = "aisle-3"
source = "simulated"
[model]
name = "person-m"
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0.30, 0.40], [0.80, 0.40], [0.80, 1.0], [0.30, 1.0]]
report_dwell = true
[[line]]
name = "exit"
points = [[0.88, 0.0], [0.88, 1.0]]
[[rule]]
kind = "loitering"
zone = "spirits"
after_s = 30
severity = "warning"
actions = ["strobe"]
[[output]]
name = "strobe"
pin = 17
pattern = "blink"
max_on_s = 30
"""


def mistakes(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return {problem.path: f"{problem.message} {problem.hint}" for problem in caught.value.problems}


def test_the_example_of_the_design_is_read_whole() -> None:
    config = parse_config(FULL)
    rule = config.rules[0]
    assert isinstance(rule, LoiteringRule)
    assert (rule.name, rule.after_s, rule.severity, rule.actions) == (
        "loitering-spirits",
        30.0,
        Severity.WARNING,
        ("strobe",),
    )
    assert rule.stages_s == (30, 60, 120)
    assert config.zones[0].polygon[2] == Point(0.8, 1.0)
    assert config.outputs[0].max_on_s == 30
    assert config.outputs[0].max_per_hour_s == 600


def test_an_empty_text_is_a_whole_configuration() -> None:
    assert parse_config("") == Config()


def test_every_mistake_is_reported_at_once_with_its_path() -> None:
    found = mistakes(
        """
        colour = 1
        [camera]
        naem = "x"
        fps = 900
        [[zone]]
        name = "a"
        polygon = [[0, 0], [1, 1], [1, 0], [0, 1]]
        [[zone]]
        name = "b"
        polygon = [[0, 0], [2, 0], [1, 1]]
        [[rule]]
        kind = "loitring"
        zone = "a"
        """
    )
    assert set(found) == {
        "colour",
        "camera.naem",
        "camera.fps",
        "zone[0].polygon",
        "zone[1].polygon[1][0]",
        "rule[0].kind",
    }
    assert "did you mean 'name'?" in found["camera.naem"]
    assert "crosses itself" in found["zone[0].polygon"]
    assert "did you mean 'loitering'?" in found["rule[0].kind"]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("[[rule]]\nkind='loitering'\nzone='spirit'", "rule[1].zone", "did you mean 'spirits'?"),
        ("[[rule]]\nkind='loitering'\nzone='spirits'\nactions=['siren']", "rule[1].actions", "no output"),
        ("[[rule]]\nkind='restricted'\nzone='spirits'", "rule[1].zone", "restricted"),
        ("[[rule]]\nkind='loitering'\nzone='spirits'\nname='r'\nstages=[10, 60]", "rule[1].stages", "set after_s = 10"),
        ("[[rule]]\nkind='panic'", "rule[1].inputs", 'kind = "panic"'),
        ("[[rule]]\nkind='tailgating'\nline='exit'", "rule[1].inputs", 'kind = "grant"'),
        ("[[rule]]\nkind='checkout_bypass'\nline='exit'", "rule[1].tills", 'kind = "checkout"'),
        ("[[rule]]\nkind='line_crossing'\nline='exti'", "rule[1].line", "did you mean 'exit'?"),
        ("[[rule]]\nkind='loitering'\nzone='spirits'\nname='r'\nschedule='night'", "rule[1].schedule", "[[schedule]]"),
        ("[[output]]\nname='siren'\npin=17", "output[1].pin", "already used by 'strobe'"),
        ("[[output]]\nname='strobe'\npin=18", "output[1].name", "taken by output[0]"),
        ("[[output]]\nname='horn'", "output[1].pin", "either `pin` or `wav`"),
        ("[[output]]\nname='horn'\npin=5\nwav='a.wav'", "output[1].pin", "either `pin` or `wav`"),
        ("[[output]]\nname='horn'\npin=5\nreadback_pin=17", "output[1].readback_pin", "already used by 'strobe'"),
        ("[[output]]\nname='horn'\npin=5\nschedule='nights'", "output[1].schedule", "no schedule"),
        ("[[ladder]]\nname='theft'\nwarning=['stroobe']", "ladder[0].warning", "did you mean 'strobe'?"),
        ("[[ladder]]\nname='strobe'\nwarning=['strobe']", "ladder[0].name", "is an output's name"),
        ("[[ladder]]\nname='theft'", "ladder[0]", "has no outputs"),
        ("[mount]\ntilt_deg=3\nview_deg=20", "mount.tilt_deg", "lower edge looks 8.7 degrees below level"),
        ("[api]\nhost='0.0.0.0'", "api.host", "tls_host"),
        ("[api]\nplain=false\ntls_port=-1", "api", "socket"),
    ],
)
def test_tables_are_checked_against_each_other(text: str, path: str, says: str) -> None:
    found = mistakes(FULL + text)
    assert says in found[path]


@pytest.mark.parametrize("mount", ["tilt_deg=0", "tilt_deg=0\nview_deg=60", "tilt_deg=5\nview_deg=20", "view_deg=20"])
def test_a_mount_that_shows_floor_or_may_show_some_is_taken(mount: str) -> None:
    assert parse_config(f"[mount]\n{mount}").mount != MountConfig()


def test_a_rule_may_name_a_ladder_where_it_names_outputs() -> None:
    ladder = "[[ladder]]\nname='theft'\ncritical=['strobe']\n"
    rule = "[[rule]]\nkind='loitering'\nzone='spirits'\nname='r'\nactions=['theft']\n"
    config = parse_config(FULL + ladder + rule)
    assert config.rules[-1].actions == ("theft",)
    assert config.ladders[0].rungs == ((), (), ("strobe",))


@pytest.mark.parametrize("text", ["[camera", "a = 1\na = 2", "x = " + "[" * 3000, "\x00"])
def test_what_is_not_toml_is_one_clear_mistake(text: str) -> None:
    assert list(mistakes(text)) == ["(text)"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "true", "'1'", "1" + "0" * 400])
def test_a_number_is_a_finite_number(value: str) -> None:
    assert list(mistakes(f"[camera]\nfps = {value}")) == ["camera.fps"]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(item)}' for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + value + '"'
    return repr(value)


WORDS = st.sampled_from(
    ["zone", "rule", "line", "output", "camera", "name", "kind", "polygon", "points", "loitering", "x"]
)
TEXT = st.one_of(WORDS, st.text(string.ascii_letters + string.digits + " ._-", max_size=12))
SCALARS = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), TEXT)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


def read(text: str) -> tuple[tuple[Problem, ...], Config | None]:
    try:
        return (), parse_config(text)
    except ConfigError as error:
        return error.problems, None


KEYS = st.one_of(st.sampled_from([*TABLES, "zone", "line", "rule", "output", "schedule", "motion_mask"]), TEXT)


@settings(max_examples=2000, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_toml_gives_a_config_or_a_list_of_mistakes(raw: dict[str, Any]) -> None:
    text = "\n".join(f'"{key}" = {_toml(value)}' for key, value in raw.items())
    problems, config = read(text)
    assert (config is None) == bool(problems)
    assert all(problem.path and problem.message for problem in problems)


@given(
    stages=st.lists(st.floats(0.1, 1000), min_size=1, max_size=8, unique=True).map(sorted),
    severity=st.sampled_from(["info", "warning", "critical"]),
)
def test_a_valid_rule_keeps_every_value(stages: list[float], severity: str) -> None:
    zone = '[[zone]]\nname="z"\npolygon=[[0,0],[1,0],[1,1]]\n'
    rule = f'[[rule]]\nkind="loitering"\nzone="z"\nafter_s={stages[0]!r}\nstages={stages}\nseverity="{severity}"'
    (read_rule,) = parse_config(zone + rule).rules
    assert isinstance(read_rule, LoiteringRule)
    assert (read_rule.after_s, read_rule.stages_s, str(read_rule.severity)) == (stages[0], tuple(stages), severity)
