"""The status light: codes that can be told apart, in the manual as in the program, and a camera that shows them."""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from agent.config import parse_config
from agent.errors import ConfigError
from agent.respond.status_light import CODES, LOOK_S, WORDS, Light, StatusLights
from hal.simulated.clock import ManualClock
from hal.simulated.outputs import RecordingOutputs

GUIDE = (Path(__file__).parents[2] / "docs" / "field-guide.md").read_text()


def flashes(light: Light, seconds: float = 12.0) -> list[float]:
    """How long the light is on and off, in turns."""
    t_s, found = 0.0, []
    while t_s < seconds:
        _, left_s = CODES[light].at(t_s)
        found.append(round(left_s, 3))
        t_s += left_s + 1e-9
    return found


def test_no_code_is_steady() -> None:
    for light in Light:
        assert math.isfinite(CODES[light].at(0.0)[1])
        assert sum(flashes(light)[:2]) <= 3.0


@pytest.mark.parametrize(("one", "other"), list(combinations(Light, 2)))
def test_codes_can_be_told_apart(one: Light, other: Light) -> None:
    assert flashes(one)[:6] != flashes(other)[:6]


def test_the_field_guide_has_every_code_in_these_words() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([a-z ]+?) \|", GUIDE, re.M))
    for light, words in WORDS.items():
        assert rows.get(words) == str(light)


def test_it_shows_what_holds_from_the_beginning_of_its_code() -> None:
    clock, now = ManualClock(), Light.WATCHING
    outputs = RecordingOutputs(["led"], clock)
    lights = StatusLights(["led"], outputs, clock, lambda: now)
    seen: list[bool] = []
    for _ in range(8):
        clock.sleep(lights.step())
        seen.append(outputs.read("led"))
    assert seen[0]
    assert not all(seen)
    now = Light.ALARM
    edges = []
    for _ in range(40):
        before = outputs.read("led")
        clock.sleep(wait_s := lights.step())
        assert wait_s <= LOOK_S
        edges.append(outputs.read("led") != before)
    assert sum(edges) >= 20


def test_without_a_light_nothing_is_driven() -> None:
    outputs = RecordingOutputs([], ManualClock())
    assert StatusLights([], outputs, ManualClock(), lambda: Light.FAULT).step() > LOOK_S


def test_no_rule_may_name_it() -> None:
    text = """
        [camera]
        name = "c"
        [[output]]
        name = "led"
        pin = 5
        role = "status"
        [[zone]]
        name = "z"
        kind = "restricted"
        polygon = [[0, 0], [1, 0], [1, 1]]
        [[rule]]
        kind = "restricted"
        zone = "z"
    """
    assert parse_config(text).alarm_outputs == ()
    with pytest.raises(ConfigError, match="is the status light"):
        parse_config(text + 'actions = ["led"]')
