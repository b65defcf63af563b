"""The bank of outputs: real threads, a recorded line, faults of the driver."""

from agent.domain import Event, Incident, IncidentState, Severity
from agent.respond.alarms import AlarmBank
from agent.tables.wiring import OutputConfig
from hal.ports import Clock
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
