"""The judge of the board: limits, hysteresis and holds, what is not measured, and words for all of it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import HealthSample, HealthState
from agent.health.board import ADVICE, LATE_S, LIMITS, ONVIF, BoardJudge, Limit
from agent.health.desk import ADVICE as ALL_ADVICE
from agent.health.figures import beside_mount
from agent.health.readings import METRICS, reading
from agent.health.sampling import AMPLIFICATION, CYCLES, SLOPE_LEAST_S, Figures, Sampling
from hal.ports import BoardSample
from hal.simulated.board import HEALTHY

MINUTE = 60.0


def judged(judge: BoardJudge, metric: str, values: list[float], start: int = 0) -> list[tuple[int, str, str]]:
    """One value a minute: the minute, what, and its state, of each change."""
    told = []
    for minute, value in enumerate(values, start):
        samples = judge.update(minute * MINUTE, [reading(metric, minute * MINUTE, value)])
        told += [(minute, sample.what, str(sample.state)) for sample in samples]
    return told


def test_the_table_is_sound() -> None:
    for limit in LIMITS:
        assert limit.metric in METRICS
        assert limit.what in ADVICE
        assert limit.warning is not None or limit.fault is not None
        if limit.warning is not None and limit.fault is not None:
            assert (limit.fault > limit.warning) == (METRICS[limit.metric].bad == "high")
    assert ONVIF.keys() <= ALL_ADVICE.keys()


def test_heat_is_told_after_its_hold_and_taken_back_well_below_the_limit() -> None:
    judge = BoardJudge()
    assert judged(judge, "soc_temp_c", [60, 79, 79, 60, 79, 79, 79]) == [(6, "TemperatureCritical", "warning")]
    assert judged(judge, "soc_temp_c", [86, 86, 86, 86], 7) == [(9, "TemperatureCritical", "fault")]
    assert judged(judge, "soc_temp_c", [81] * 5, 11) == [], "not 4 degrees below the limit of a fault"
    assert judged(judge, "soc_temp_c", [76] * 5, 16) == [(18, "TemperatureCritical", "warning")]
    assert judged(judge, "soc_temp_c", [70] * 5, 21) == [(23, "TemperatureCritical", "ok")]


def test_a_weak_supply_is_a_fault_now_and_a_warning_afterwards() -> None:
    judge = BoardJudge()

    def look(minute: int, now: float, since: float) -> list[tuple[str, str, str]]:
        t_s = minute * MINUTE
        pair = [reading("under_voltage", t_s, now), reading("under_voltage_since_boot", t_s, since)]
        return [(sample.what, str(sample.state), sample.detail) for sample in judge.update(t_s, pair)]

    assert look(0, 0, 0) == []
    assert look(1, 1, 1) == [("PowerSupplyFailure", "fault", "the supply voltage is too low")]
    after = "the supply voltage was too low since it was switched on"
    assert look(2, 0, 1) == [("PowerSupplyFailure", "warning", after)]


def test_flags_that_are_bad_when_low_are_told_so() -> None:
    judge = BoardJudge()
    times = [minute * MINUTE for minute in range(4)]
    told = [sample for t_s in times for sample in judge.update(t_s, [reading("link_up", t_s, 0)])]
    assert [(sample.what, sample.state, sample.detail, sample.since_s) for sample in told] == [
        ("network", HealthState.WARNING, "the network link is not up", 0.0)
    ]


def test_what_was_bad_and_is_not_measured_any_more_is_unknown() -> None:
    judge = BoardJudge()
    judged(judge, "accelerator_temp_c", [96.0, 96.0])
    assert judge.update(MINUTE + LATE_S, []) == []
    (sample,) = judge.update(MINUTE + LATE_S + 1, [])
    assert (sample.what, sample.state) == ("accelerator_temperature", HealthState.UNKNOWN)
    assert "not measured any more" in sample.detail


def test_an_estimate_is_told_as_a_guess() -> None:
    (sample,) = BoardJudge().update(0.0, [reading("storage_wear_pct", 0.0, 150.0)])
    assert (sample.what, sample.state, sample.confidence) == ("storage_wear", HealthState.WARNING, 0.3)


@given(st.sampled_from(LIMITS), st.lists(st.floats(-200, 6000), min_size=1, max_size=60))
def test_nothing_is_told_before_its_hold_and_a_state_is_never_told_twice(limit: Limit, values: list[float]) -> None:
    judge, level_since = BoardJudge(), 0.0
    before: HealthSample | None = None
    for minute, value in enumerate(values):
        t_s = minute * MINUTE
        if not minute or limit.level(value) != limit.level(values[minute - 1]):
            level_since = t_s
        for sample in judge.update(t_s, [reading(limit.metric, t_s, value)]):
            assert sample.state != (before.state if before else HealthState.OK)
            if sample.state == HealthState.FAULT:
                assert t_s - sample.since_s >= limit.hold_s
                assert sample.since_s >= level_since - limit.hold_s or limit.back
            before = sample


def values_of(sample: BoardSample, sampling: Sampling | None = None, t_s: float = 0.0) -> dict[str, float]:
    readings = (sampling or Sampling()).readings(t_s, sample, Figures())
    assert all(one.unit == METRICS[one.metric].unit for one in readings)
    return {one.metric: one.value for one in readings}


def test_a_healthy_board_gives_every_reading_of_its_own_and_no_finding() -> None:
    walk = {"fps", "fps_share", "drop_pct", "frame_ms", "invoke_ms", "on_fallback", "camera_reopened"}
    walk |= {"restarts_per_day", "journal_pending", "journal_in_memory", "outputs_faulted", "clock_unsynchronised"}
    walk |= {"people_taller_pct", "people_smaller_pct"}
    later = {"storage_wear_pct", "rss_slope_mb_h"}
    assert METRICS.keys() - values_of(HEALTHY).keys() == walk | later
    assert BoardJudge().update(0.0, Sampling().readings(0.0, HEALTHY, Figures(fps_share=100.0, drop_pct=0.0))) == []


def course(taller: float | None, hours: float, judge: BoardJudge, from_h: float = 0.0) -> list[HealthSample]:
    """What is told while people look so many times as tall as [mount] says."""
    sampling, told, (taller_pct, smaller_pct) = Sampling(), [], beside_mount(taller)
    figures = Figures(people_taller_pct=taller_pct, people_smaller_pct=smaller_pct)
    for minute in range(round(hours * 60)):
        t_s = from_h * 3600 + minute * MINUTE
        told += judge.update(t_s, sampling.readings(t_s, BoardSample(), figures))
    return told


@pytest.mark.parametrize(("taller", "words"), [(1.2, "taller than [mount] says: 20 %"), (0.8, "smaller than [mount]")])
def test_a_mount_that_people_contradict_for_hours_is_told_until_they_agree(taller: float, words: str) -> None:
    judge = BoardJudge()
    assert course(taller, 3.9, judge) == []
    (told,) = course(taller, 1.0, judge, 3.9)
    assert (told.what, told.state) == ("mount", HealthState.WARNING)
    assert words in told.detail
    assert "walk-test" in ADVICE["mount"]
    (over,) = course(1.0, 4.5, judge, 5.0)
    assert (over.what, over.state) == ("mount", HealthState.OK)


@pytest.mark.parametrize("taller", [1.1, 1.0, 0.9, None])
def test_children_hidden_feet_and_a_camera_without_a_mount_tell_nothing(taller: float | None) -> None:
    assert course(taller, 24.0, BoardJudge()) == []


def test_a_lively_hour_does_not_contradict_a_mount() -> None:
    judge = BoardJudge()
    assert not any(course(0.8 if hour % 5 == 2 else 0.95, 1.0, judge, float(hour)) for hour in range(24))


def test_what_is_missing_is_no_reading() -> None:
    assert values_of(BoardSample()) == {}
    for field in dataclasses.fields(BoardSample):
        without = dataclasses.replace(HEALTHY, **{field.name: None})
        known = values_of(without)
        known.pop("storage_wear_pct", None)
        assert known.items() <= values_of(HEALTHY).items()


def test_wear_is_estimated_only_where_the_storage_does_not_tell_it() -> None:
    card = dataclasses.replace(HEALTHY, storage_life_used_pct=None, storage_kind="sd")
    assert card.disk_written_life_mb
    assert card.disk_size_mb
    usual = 100 * card.disk_written_life_mb * AMPLIFICATION / (CYCLES * card.disk_size_mb)
    assert values_of(card)["storage_wear_pct"] == pytest.approx(usual)
    rated = values_of(card, Sampling(10.0))["storage_wear_pct"]
    assert rated == pytest.approx(100 * card.disk_written_life_mb * AMPLIFICATION * 2**20 / 10e12)
    for sample in (HEALTHY, dataclasses.replace(card, storage_kind="nvme")):
        assert "storage_wear_pct" not in values_of(sample)


def test_only_errors_since_the_start_count() -> None:
    sampling = Sampling()
    counts = [
        values_of(dataclasses.replace(HEALTHY, storage_errors=n), sampling)["storage_errors"] for n in (7, 9, 2, 3)
    ]
    assert counts == [0, 2, 0, 1]


@pytest.mark.parametrize(("rpm", "level", "stopped"), [(0.0, 50.0, 1.0), (0.0, 0.0, 0.0), (900.0, 50.0, 0.0)])
def test_a_fan_that_is_asked_for_and_stands_still(rpm: float, level: float, stopped: float) -> None:
    assert values_of(dataclasses.replace(HEALTHY, fan_rpm=rpm, fan_level_pct=level))["fan_stopped"] == stopped


@pytest.mark.parametrize("rise_mb_h", [0.0, 12.0])
def test_memory_that_rises_is_measured_over_hours(rise_mb_h: float) -> None:
    sampling, found = Sampling(), {}
    for minute in range(round(SLOPE_LEAST_S / 60) + 10):
        held = 180 + rise_mb_h * minute / 60 + (minute % 7) * 0.1
        values = values_of(dataclasses.replace(HEALTHY, process_rss_mb=held), sampling, minute * MINUTE)
        found[minute] = values.get("rss_slope_mb_h")
    assert found[30] is None
    assert found[max(found)] == pytest.approx(rise_mb_h, abs=0.3)


def test_the_air_is_told_by_a_sensor_else_by_the_thermal_array_else_not_at_all() -> None:
    def told(sensor: float | None, room: float | None) -> list[float]:
        readings = Sampling().readings(0.0, BoardSample(ambient_c=sensor), Figures(room_c=room))
        return [one.value for one in readings if one.metric == "ambient_c"]

    assert told(19.5, 24.0) == [19.5]
    assert told(None, 24.0) == [24.0]
    assert told(None, None) == []
