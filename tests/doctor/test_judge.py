"""The judge: causes first, nothing wrong with what is well, and tables that fit each other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.doctor import checks
from agent.doctor.facts import Ending, Facts, Line, Picture, Told
from agent.doctor.finding import Colour
from agent.doctor.judge import colour_of, judge, looked, parts_of
from agent.doctor.order import CHECKS, EXPLAINS
from agent.health import board
from agent.health.readings import METRICS

NOW_UTC_S = 1.8e9
WELL = {
    "soc_temp_c": (20.0, 77.0),
    "accelerator_temp_c": (20.0, 84.0),
    "disk_free_mb": (600.0, 1e6),
    "disk_free_pct": (6.0, 100.0),
    "mem_available_pct": (11.0, 100.0),
    "storage_life_used_pct": (0.0, 79.0),
    "storage_wear_pct": (0.0, 79.0),
    "storage_reserve": (1.0, 1.0),
    "wifi_signal_dbm": (-74.0, -20.0),
    "fps_share": (71.0, 110.0),
    "drop_pct": (0.0, 24.0),
    "restarts_per_day": (0.0, 3.0),
    "rss_slope_mb_h": (-10.0, 3.9),
    "clock_error_s": (0.0, 0.9),
    "link_up": (1.0, 1.0),
    "gateway_reached": (1.0, 1.0),
    "load_1min": (0.0, 50.0),
}
"""What a healthy unit may measure; flags that are not named are 0 on it."""
FLAGS = [limit.metric for limit in board.LIMITS if limit.metric not in WELL]

readings = st.fixed_dictionaries(
    {}, optional={name: st.floats(*bounds) for name, bounds in WELL.items()} | {name: st.just(0.0) for name in FLAGS}
)
pictures = st.builds(
    Picture,
    sharpness=st.floats(28.0, 100.0),
    exposure=st.just("ok"),
    mean=st.floats(50.0, 200.0),
    spread=st.floats(24.0, 255.0),
)
endings = st.builds(Ending, st.just("a pass"), st.floats(NOW_UTC_S + 15 * 86_400, 2e11), st.booleans())


def maybe(value: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | value


healthy = st.builds(
    Facts,
    uptime_s=maybe(st.floats(0, 1e7)),
    version=st.just("0.1.0"),
    newest=maybe(st.just("0.1.0")),
    update_left=maybe(st.just("")),
    config=maybe(st.just(())),
    source=st.sampled_from(("picamera", "simulated", "rtsp://camera")),
    camera_missing=maybe(st.just("")),
    receiving=maybe(st.just(True)),
    picture=maybe(pictures),
    model=st.just("person-m"),
    model_wrong=maybe(st.just("")),
    model_blind=maybe(st.just("")),
    fallback=maybe(st.just("")),
    outputs=maybe(st.lists(st.builds(Line, st.text(max_size=5)), max_size=3).map(tuple)),
    lines_wrong=maybe(st.just("")),
    unwritable=maybe(st.just("")),
    journal_wrong=maybe(st.just("")),
    salvaged=maybe(st.just("")),
    readings=readings,
    utc_s=st.just(NOW_UTC_S),
    synchronised=maybe(st.just(True)),
    earliest_utc_s=maybe(st.floats(0, NOW_UTC_S + 3600)),
    loss_pct=maybe(st.floats(0, 5.9)),
    heard=maybe(st.just(True)),
    claimed=maybe(st.booleans()),
    hubs=maybe(st.integers(1, 8)),
    foreign=maybe(st.integers(0, 1000)),
    identity_wrong=maybe(st.just("")),
    ends=maybe(st.lists(endings, max_size=3).map(tuple)),
)


@given(healthy)
def test_nothing_is_wrong_with_a_healthy_unit(facts: Facts) -> None:
    assert judge(facts) == []
    assert colour_of([]) is Colour.GREEN
    assert set(parts_of(facts).values()) <= {None, Colour.GREEN}


@given(healthy, st.floats(0, 80))
def test_hub_and_time_server_have_time_after_a_start(facts: Facts, uptime_s: float) -> None:
    young = msgspec.structs.replace(facts, uptime_s=uptime_s, claimed=True, hubs=0, foreign=0, synchronised=False)
    assert judge(young) == []
    old = msgspec.structs.replace(young, uptime_s=91.0)
    assert [one.check for one in judge(old)] == ["hub", "ntp"]


@given(st.builds(Facts, readings=st.dictionaries(st.sampled_from(sorted(METRICS)), st.floats(-1e6, 1e6))))
def test_any_readings_give_findings_in_order(facts: Facts) -> None:
    found = judge(facts)
    named = [one.check for one in found]
    assert len(set(named)) == len(named)
    assert all(one.words and one.todo for one in found)
    roots = [one for one in found if not one.because]
    assert found[: len(roots)] == roots
    assert [one.colour for one in roots] == sorted((one.colour for one in roots), reverse=True)
    assert all(one.because in [root.check for root in roots] for one in found[len(roots) :])


def test_facts_survive_the_way_through_json() -> None:
    facts = Facts(
        picture=Picture(None, "dark", 1.0, 2.0), ends=(Ending("a", 1.0, True),), told={"dirt": Told("warning")}
    )
    assert msgspec.json.decode(msgspec.json.encode(facts), type=Facts) == facts


def test_every_check_is_known_once_and_causes_form_no_circle() -> None:
    names = [check.id for check in CHECKS]
    assert len(set(names)) == len(names)
    assert EXPLAINS.keys() <= set(names)
    assert {effect for effects in EXPLAINS.values() for effect in effects} <= set(names)

    def below(name: str) -> set[str]:
        found: set[str] = set()
        open_ = [name]
        while open_:
            for effect in EXPLAINS.get(open_.pop(), ()):
                if effect not in found:
                    found.add(effect)
                    open_.append(effect)
        return found

    assert not [name for name in EXPLAINS if name in below(name)]


@pytest.mark.parametrize("what", sorted({limit.what for limit in board.LIMITS} - {"clock", "mount"}))
def test_every_limit_of_the_board_is_looked_at(what: str) -> None:
    limit = next(one for one in board.LIMITS if one.what == what)
    bound = limit.warning if limit.warning is not None else limit.fault
    assert bound is not None
    found = judge(Facts(readings={limit.metric: bound}))
    assert [one.check for one in found] == [what]


def test_a_pass_of_some_hours_is_no_reason_to_cry_before_its_last_quarter() -> None:
    def ends(in_s: float, locks_out: bool) -> list[str]:
        facts = Facts(utc_s=NOW_UTC_S, ends=(Ending("it", NOW_UTC_S + in_s, locks_out),))
        return [one.check for one in judge(facts)]

    assert ends(8 * 3600, True) == ends(20 * 60, True) == ends(15 * 86_400, False) == []
    assert ends(10 * 60, True) == ends(13 * 86_400, False) == ["certificates"]


def test_a_chain_of_causes_leads_to_its_first() -> None:
    facts = Facts(readings={"fan_stopped": 1.0, "soc_temp_c": 86.0, "throttled": 1.0, "fps_share": 20.0})
    found = judge(facts)
    assert found[0].check == "FanFailure"
    assert {one.because for one in found[1:]} == {"FanFailure"}
    assert len(found) == 4


def test_what_nobody_looked_at_is_said_to_be_unknown() -> None:
    facts = Facts(answers=False)
    assert parts_of(facts)["sensor"] is None
    assert parts_of(facts)["program"] is Colour.RED
    assert set(looked(facts)) == {"program"}


@pytest.mark.parametrize(
    ("model", "cure"),
    [("coco-ssd", "model fetch coco-ssd"), ("person-m-v2", "model use person-m`, or deliver it again")],
)
def test_a_model_that_is_wrong_is_brought_again_by_the_way_it_came(model: str, cure: str) -> None:
    found = checks.model(Facts(model=model, model_wrong="damaged"))
    assert found is not None
    assert (found.colour, cure in found.todo) == (Colour.RED, True)


def test_a_model_that_does_not_see_is_told_by_its_own_word_and_by_the_watch() -> None:
    blind = Facts(model="person-m", model_wrong="", model_blind="it finds 0 of the 5 people on its reference picture")
    watched = Facts(model="person-m", model_wrong="", told={"model": Told("fault", "the model does not see: nothing")})
    for facts in (blind, watched):
        first, *_ = judge(facts)
        assert (first.check, first.part, first.colour) == ("model", "eye", Colour.RED)
        assert "does not see" in first.words
        assert "aislewatch model use" in first.todo
    assert checks.model(Facts(model_wrong="", model_blind="")) == checks.FINE
