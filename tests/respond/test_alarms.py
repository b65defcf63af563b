"""The bank of outputs: real threads, a recorded line, faults of the driver, ladders, arming, the interlock."""

from dataclasses import replace

import pytest

from agent.domain import Event, Incident, IncidentState, Json, Severity
from agent.errors import OperatorError
from agent.respond.alarms import READBACK_S, AlarmBank
from agent.respond.arming import Arming, ArmingMode, Wish
from agent.tables.schedule import ScheduleConfig
from agent.tables.wiring import LadderConfig, OutputConfig
from hal.ports import Clock
from hal.simulated.clock import ManualClock
from hal.simulated.outputs import RecordingOutputs
from hal.system import SystemClock
from tests.waiting import eventually


def incident(number: int, state: IncidentState, *actions: str) -> Incident:
    return Incident(str(number), "restricted", "r", state, Severity.CRITICAL, 0.0, 0.0, actions=actions)


class Bench:
    """A bank over recording outputs, on the real clock."""

    def __init__(self, *configs: OutputConfig, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.outputs = RecordingOutputs([config.name for config in configs], self.clock)
        self.events: list[Event] = []
        self.bank = AlarmBank(configs, self.outputs, self.clock, self.events.append)
        self.bank.start()


def test_the_line_is_on_when_apply_returns() -> None:
    bench = Bench(OutputConfig("siren", 17))
    bench.bank.apply([incident(1, IncidentState.OPEN, "siren")])
    assert bench.outputs.read("siren")
    bench.bank.apply([incident(1, IncidentState.CLOSED, "siren")])
    assert not bench.outputs.read("siren")
    bench.bank.stop()


def test_the_limit_ends_it_with_nobody_calling() -> None:
    bench = Bench(OutputConfig("siren", 17, max_on_s=0.3))
    bench.bank.apply([incident(1, IncidentState.OPEN, "siren")])
    eventually(lambda: not bench.outputs.read("siren"))
    bench.bank.stop()
    ended = [event.data for event in bench.events if event.data["state"] == "ended"]
    assert [data["ended"] for data in ended] == ["limit"]
    on = [t_s for t_s, _, level in bench.outputs.record if level]
    off = [t_s for t_s, _, level in bench.outputs.record if not level and t_s > on[0]]
    assert 0.29 < off[0] - on[0] < 2.0


def test_a_blinking_line_follows_its_pattern() -> None:
    bench = Bench(OutputConfig("strobe", 17, pattern="blink", hz=10))
    bench.bank.apply([incident(1, IncidentState.OPEN, "strobe")])
    eventually(lambda: sum(level for _, _, level in bench.outputs.record) >= 4)
    bench.bank.stop()
    levels = [level for _, _, level in bench.outputs.record]
    start = levels.index(True)
    assert all(a != b for a, b in zip(levels[start:], levels[start + 1 :], strict=False))
    assert levels[-1] is False


def test_only_the_named_outputs_move() -> None:
    bench = Bench(OutputConfig("siren", 17), OutputConfig("strobe", 18))
    bench.bank.apply([incident(1, IncidentState.OPEN, "strobe", "nothing-of-that-name")])
    assert (bench.outputs.read("siren"), bench.outputs.read("strobe")) == (False, True)
    bench.bank.stop()
    assert not bench.outputs.read("strobe")


def test_after_stop_nothing_can_switch_it_on_again() -> None:
    bench = Bench(OutputConfig("siren", 17))
    bench.bank.stop()
    bench.bank.apply([incident(1, IncidentState.OPEN, "siren")])
    assert not bench.outputs.read("siren")
    bench.bank.stop()


def test_a_failing_driver_is_reported_once_and_tried_again_until_it_works() -> None:
    bench = Bench(OutputConfig("siren", 17))
    bench.outputs.break_line("siren")
    bench.bank.apply([incident(1, IncidentState.OPEN, "siren")])
    assert bench.bank.status()[0].faulted
    bench.outputs.repair_line("siren")
    eventually(lambda: bench.outputs.read("siren"))
    bench.bank.stop()
    assert not bench.outputs.read("siren")
    assert len([event for event in bench.events if event.data["state"] == "faulted"]) == 1


class Still:
    """A bank that keeps time only when it is told: no thread, a clock moved by hand."""

    def __init__(
        self, *configs: OutputConfig, ladder: LadderConfig | None = None, arming: Arming | None = None
    ) -> None:
        self.clock = ManualClock(100.0)
        self.outputs = RecordingOutputs([config.name for config in configs], self.clock)
        self.events: list[Event] = []
        ladders = [ladder] if ladder else []
        self.bank = AlarmBank(configs, self.outputs, self.clock, self.events.append, ladders=ladders, arming=arming)

    def after(self, seconds: float) -> dict[str, bool]:
        """Let time pass; the lines then."""
        self.clock.sleep(seconds)
        self.bank.rearm()
        return {name: self.outputs.read(name) for name in self.outputs.names}

    def states(self) -> list[str]:
        return [status.state for status in self.bank.status()]

    def told(self, *states: str) -> list[dict[str, Json]]:
        return [dict(event.data) for event in self.events if event.data["state"] in states]


LADDER = LadderConfig("theft", info=("led",), warning=("strobe",), critical=("siren",))
RUNGS = (OutputConfig("led", 4), OutputConfig("strobe", 17, role="strobe"), OutputConfig("siren", 27, role="siren"))


def on_ladder(severity: Severity) -> Incident:
    return replace(incident(1, IncidentState.OPEN, "theft"), severity=severity)


def test_a_ladder_is_climbed_with_the_severity_and_left_at_once() -> None:
    still = Still(*RUNGS, ladder=LADDER)
    climbed = []
    for severity in Severity:
        still.bank.apply([on_ladder(severity)])
        climbed.append([*still.after(1.0).values()])
    assert climbed == [[True, False, False], [True, True, False], [True, True, True]]
    still.bank.apply([incident(1, IncidentState.CLOSED, "theft")])
    assert not any(still.after(0.0).values())


def test_an_incident_that_stays_open_climbs_by_itself() -> None:
    still = Still(*RUNGS, ladder=replace(LADDER, step_s=20.0))
    still.bank.apply([on_ladder(Severity.INFO)])
    lines = [list(still.after(seconds).values()) for seconds in (19.0, 1.5, 20.0, 100.0)]
    assert lines == [[True, False, False], [True, True, False], [True, True, True], [True, True, True]]


def test_a_ladder_wakes_the_thread_in_time() -> None:
    bench = Bench(*RUNGS)
    bench.bank.stop()
    bank = AlarmBank(RUNGS, bench.outputs, bench.clock, bench.events.append, ladders=[replace(LADDER, step_s=0.2)])
    bank.start()
    bank.apply([on_ladder(Severity.INFO)])
    eventually(lambda: bench.outputs.read("siren"))
    bank.stop()


def test_two_sirens_never_sound_together_and_the_second_does_not_take_over_a_cause_that_is_used_up() -> None:
    still = Still(*(OutputConfig(name, pin, role="siren", max_on_s=10.0) for pin, name in ((4, "front"), (5, "back"))))
    still.bank.apply([incident(1, IncidentState.OPEN, "front", "back")])
    still.bank.apply([incident(2, IncidentState.OPEN, "back")])
    seen = [still.after(1.0) for _ in range(60)]
    assert not any(lines["front"] and lines["back"] for lines in seen)
    assert sum(lines["front"] for lines in seen) == 9
    assert sum(lines["back"] for lines in seen) == 10, "for the second incident, once the first siren is done"
    assert still.states() == ["limited", "limited"]
    assert [data["incident"] for data in still.told("active")] == ["1", "2"]


def test_a_waiting_siren_sounds_when_the_other_is_cleared() -> None:
    still = Still(OutputConfig("front", 4, role="siren"), OutputConfig("back", 5, role="siren"))
    still.bank.apply([incident(1, IncidentState.OPEN, "front"), incident(2, IncidentState.OPEN, "back")])
    assert still.after(1.0) == {"front": True, "back": False}
    assert [status.barred for status in still.bank.status()] == ["", "another siren sounds"]
    still.bank.apply([incident(1, IncidentState.CLOSED, "front")])
    assert still.after(1.0) == {"front": False, "back": True}


def test_silence_needs_a_reason_and_a_known_output() -> None:
    still = Still(*RUNGS)
    still.bank.apply([incident(1, IncidentState.OPEN, "strobe", "siren")])
    with pytest.raises(OperatorError, match="reason"):
        still.bank.silence("  ")
    with pytest.raises(OperatorError, match="no output is called 'horn'"):
        still.bank.silence("false alarm", "horn")
    assert still.bank.silence("too loud", "siren") == ["siren"]
    assert still.states() == ["idle", "active", "silenced"]
    assert still.bank.silence("false alarm") == ["strobe"]
    assert [(data["output"], data["ended"], data["reason"]) for data in still.told("ended")] == [
        ("siren", "silenced", "too loud"),
        ("strobe", "silenced", "false alarm"),
    ]


def test_a_siren_is_tested_only_when_that_is_confirmed() -> None:
    still = Still(*RUNGS)
    with pytest.raises(OperatorError, match="everybody will hear it"):
        still.bank.test("siren", 2.0)
    assert not still.outputs.record
    still.bank.test("siren", 2.0, confirm=True)
    assert still.states() == ["idle", "idle", "test"]
    assert not any(still.after(2.1).values())
    assert [(event.data["state"], event.data["test"]) for event in still.events] == [("active", True), ("ended", True)]
    with pytest.raises(OperatorError, match="60 s is not possible"):
        still.bank.test("led", 60.0)
    still.bank.apply([incident(1, IncidentState.OPEN, "led")])
    with pytest.raises(OperatorError, match="led cannot be tested now: it is active"):
        still.bank.test("led", 1.0)


def test_disarmed_outputs_are_quiet_but_for_those_that_always_sound() -> None:
    still = Still(OutputConfig("strobe", 4), OutputConfig("panic-bell", 5, always=True))
    still.bank.apply([incident(1, IncidentState.OPEN, "strobe", "panic-bell")])
    still.bank.arming.say(Wish(ArmingMode.DISARMED, "Kim", "stocktaking"))
    assert still.after(0.1) == {"strobe": False, "panic-bell": True}
    with pytest.raises(OperatorError, match="disarmed"):
        still.bank.test("strobe", 1.0)
    still.bank.arming.say(Wish(ArmingMode.SCHEDULE))
    assert still.after(0.1) == {"strobe": True, "panic-bell": True}, "the incident is open still"


def test_an_output_is_armed_by_its_schedule_unless_a_person_says_otherwise_for_a_while() -> None:
    minute, utc_s = [12 * 60], [1000.0]
    arming = Arming([ScheduleConfig("nights", 20 * 60, 8 * 60)], lambda: minute[0], lambda: utc_s[0])
    still = Still(OutputConfig("siren", 4, schedule="nights"), arming=arming)
    still.bank.apply([incident(1, IncidentState.OPEN, "siren")])
    assert still.after(0.1) == {"siren": False}
    assert still.bank.status()[0].barred == "outside its schedule"
    arming.say(Wish(ArmingMode.ARMED, until_utc_s=1060.0))
    assert still.after(0.1) == {"siren": True}
    utc_s[0] = 1060.0
    assert still.after(0.1) == {"siren": False}
    minute[0] = 21 * 60
    assert still.after(0.1) == {"siren": True}


def test_a_line_that_does_not_do_as_it_is_told_is_a_fault_until_it_does() -> None:
    still = Still(OutputConfig("siren", 4))
    still.outputs.stick_line("siren", False)
    still.bank.apply([incident(1, IncidentState.OPEN, "siren")])
    still.after(READBACK_S / 2)
    assert still.states() == ["active"], "a relay takes its time"
    still.after(READBACK_S)
    still.after(1.0)
    assert still.states() == ["faulted"]
    still.outputs.repair_line("siren")
    still.after(0.1)
    assert still.states() == ["active"]
    faults = still.told("faulted", "mended")
    assert [data["state"] for data in faults] == ["faulted", "mended"]
    assert faults[0]["error"] == "driven on but reads off"


def test_a_siren_that_is_stuck_on_is_a_fault() -> None:
    still = Still(OutputConfig("siren", 4))
    still.after(1.0)
    still.outputs.stick_line("siren", True)
    still.after(1.0)
    assert still.bank.status()[0].fault == "driven off but reads on"
