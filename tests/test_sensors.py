"""From a contact to a fact: what the inputs do reaches the rules with the next frame, and wakes the model for it."""

import numpy as np

from agent.build import Detectors, make_parts
from agent.config import parse_config
from agent.domain import FactKind
from agent.hardware import hal_settings
from agent.rules.facts import Fact
from agent.sensors import MOST, Sensors
from agent.vision.pipeline import Pipeline
from hal.ports import Frame, LineSettings, Yuv420
from hal.simulated.clock import ManualClock
from hal.simulated.inputs import SimulatedInputs

CONFIG = parse_config("""
[[input]]
name = "back-door"
kind = "door"
pin = 5
active_high = false
pull = "up"
[[input]]
name = "badge"
kind = "grant"
""")


def test_inputs_with_a_pin_are_claimed_as_configured_and_the_others_are_not() -> None:
    assert hal_settings(CONFIG).inputs == {"back-door": LineSettings(5, False, True, 0.05)}


def test_changes_become_facts_in_order_and_are_taken_once() -> None:
    clock = ManualClock()
    lines = SimulatedInputs(["back-door"], clock)
    lines.press("back-door")
    sensors = Sensors(CONFIG.inputs, lines)
    sensors.start(1.0)
    sensors.tell("badge", True, 2.0)
    lines.release("back-door")
    assert sensors.take() == [
        Fact(FactKind.DOOR, "back-door", 1.0),
        Fact(FactKind.GRANT, "badge", 2.0),
        Fact(FactKind.DOOR, "back-door", clock.monotonic(), active=False),
    ]
    assert sensors.take() == []


def test_the_level_is_that_of_the_latest_change_however_late_others_are_told() -> None:
    sensors = Sensors(CONFIG.inputs, SimulatedInputs(["back-door"], ManualClock()))
    sensors.start(0.0)
    assert (sensors.levels["back-door"].active, sensors.levels["badge"].active) == (False, None)
    sensors.pulse("badge", 10.0, 0.2)
    assert (sensors.levels["badge"].active, sensors.levels["badge"].changed_s) == (False, 10.0)
    sensors.tell("badge", True, 10.2)
    sensors.tell("badge", False, 9.0)
    assert (sensors.levels["badge"].active, sensors.levels["badge"].changed_s) == (True, 10.2)
    told = [(fact.t_s, fact.active) for fact in sensors.take() if isinstance(fact, Fact)]
    assert told == [(10.0, True), (10.5, False), (10.2, True), (9.0, False)]


def test_a_contact_that_never_stops_bouncing_fills_no_memory() -> None:
    sensors = Sensors(CONFIG.inputs, SimulatedInputs([], ManualClock()))
    for number in range(3 * MOST):
        sensors.tell("badge", True, float(number))
    assert len(sensors.take()) == MOST


def test_news_from_a_sensor_wake_the_model_and_come_out_as_an_event() -> None:
    clock = ManualClock()
    sensors = Sensors(CONFIG.inputs, SimulatedInputs([], clock))
    detectors = Detectors(CONFIG.model, clock)
    parts = make_parts(CONFIG, detectors, detectors.open(), aspect=16 / 9, prefix="t")
    pipeline = Pipeline(parts, clock.monotonic, take_facts=sensors.take)
    dark = np.zeros((180, 320), np.uint8)
    picture = Yuv420(dark, dark[::2, ::2], dark[::2, ::2])
    quiet = [pipeline.process(Frame(i, 1 + i / 10, picture, picture)).inferred for i in range(5)]
    assert not quiet[-1], "nothing moves and nobody is there"
    sensors.tell("back-door", True, 1.45)
    outcome = pipeline.process(Frame(5, 1.5, picture, picture))
    assert outcome.inferred
    assert [(event.kind, event.t_s, event.data["input"]) for event in outcome.events] == [("input", 1.45, "back-door")]
    assert not pipeline.process(Frame(6, 1.6, picture, picture)).inferred
