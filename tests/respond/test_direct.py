"""A panic button works without a picture: from the input's thread to the siren, and over when it is over."""

from __future__ import annotations

import threading

import pytest

from agent.config import parse_config
from agent.domain import Event, Incident, IncidentState, Severity
from agent.errors import ConfigError
from agent.respond.alarms import AlarmBank
from agent.respond.direct import DirectResponse
from agent.rules.registry import make_rules
from agent.sensors import Sensors
from hal.simulated.clock import ManualClock
from hal.simulated.inputs import SimulatedInputs
from hal.simulated.outputs import RecordingOutputs

TEXT = """
[[input]]
name = "button"
kind = "panic"
pin = 5
[[input]]
name = "office"
kind = "panic"
[[input]]
name = "door"
kind = "door"
[[output]]
name = "siren"
pin = 17
[[rule]]
kind = "panic"
actions = ["siren"]
hold_s = 30
"""


class Shop:
    """Buttons, a siren and what is between; there is no camera."""

    def __init__(self, text: str = TEXT) -> None:
        config = parse_config(text)
        self.clock = ManualClock(100.0)
        self.outputs = RecordingOutputs(["siren"], self.clock)
        self.told: list[Event | Incident] = []
        alarms = AlarmBank(config.outputs, self.outputs, self.clock, self.told.append)
        self.direct = DirectResponse(config.rules, alarms, self.clock, self.told.append, "t")
        self.lines = SimulatedInputs(["button"], self.clock)
        self.sensors = Sensors(config.inputs, self.lines, self.direct.hear)
        self.sensors.start(self.clock.monotonic())

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.direct.tick()

    @property
    def sounds(self) -> bool:
        return self.outputs.read("siren")

    @property
    def states(self) -> list[str]:
        return [str(one.state) for one in self.told if isinstance(one, Incident)]


def test_a_press_sounds_before_the_caller_goes_on_and_lasts_as_long_as_it_is_held() -> None:
    shop = Shop()
    shop.lines.press("button")
    assert shop.sounds
    (opened,) = shop.direct.open
    assert (opened.kind, opened.severity, opened.state) == ("panic", Severity.CRITICAL, IncidentState.OPEN)
    assert opened.factors["pressed_s"] == 100.0
    shop.wait(120)
    assert shop.sounds
    shop.lines.release("button")
    shop.wait(29)
    assert shop.sounds
    shop.wait(2)
    assert not shop.sounds
    assert shop.states == ["open", "closed"]


def test_a_pulse_over_the_api_acts_and_another_press_is_part_of_the_same() -> None:
    shop = Shop()
    shop.sensors.pulse("office", shop.clock.monotonic())
    assert shop.sounds
    shop.wait(20)
    shop.lines.press("button")
    shop.lines.release("button")
    shop.wait(20)
    assert shop.sounds
    shop.wait(11)
    assert not shop.sounds
    assert shop.states == ["open", "closed"]


def test_a_press_told_late_acts_at_once() -> None:
    shop = Shop()
    shop.sensors.tell("office", True, shop.clock.monotonic() - 90)
    assert shop.sounds


def test_a_button_that_is_held_when_the_camera_starts_acts() -> None:
    shop = Shop()
    lines = SimulatedInputs(["button"], shop.clock)
    lines.press("button")
    Sensors(parse_config(TEXT).inputs, lines, shop.direct.hear).start(shop.clock.monotonic())
    assert shop.sounds


def test_other_inputs_and_other_buttons_do_nothing() -> None:
    shop = Shop(TEXT + 'inputs = ["office"]\n')
    shop.sensors.tell("door", True, shop.clock.monotonic())
    shop.lines.press("button")
    assert not shop.sounds
    assert not shop.told


def test_buttons_pressed_from_many_threads_make_one_incident() -> None:
    shop = Shop()
    start = threading.Barrier(8)

    def press() -> None:
        start.wait(5)
        shop.sensors.pulse("office", shop.clock.monotonic())

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert shop.states == ["open"]


def test_the_end_of_the_run_closes_it() -> None:
    shop = Shop()
    shop.lines.press("button")
    shop.direct.finish()
    assert not shop.sounds
    assert shop.states == ["open", "closed"]


def test_it_is_never_run_from_frames_as_well() -> None:
    assert not make_rules(parse_config(TEXT), 16 / 9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('severity = "warning"', "is critical"),
        ("cooldown_s = 5", "always acts"),
        ('inputs = ["door"]', "of kind 'door'"),
    ],
)
def test_a_panic_rule_cannot_be_weakened(settings: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(TEXT + settings)
