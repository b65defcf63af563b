"""What people are told about the camera's health: over the API, by command, and what to do about it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from agent.cli.health import lines
from agent.domain import Event, HealthSample, HealthState
from agent.health.board import LIMITS
from agent.health.desk import ADVICE, HealthDesk
from agent.health.image import HOLDS_S, SIGNAL_HOLDS_S
from agent.health.readings import METRICS, reading
from agent.health.watch import PictureWatch
from agent.hub.identity import Identity
from agent.metrics import exposition
from agent.web.api import Facts, create_app, serving
from agent.web.health import HealthApi
from hal.simulated.clock import ManualClock

COVERED = HealthSample("covered", HealthState.FAULT, 100.0, 90.0, 0.97, "all of it")


def test_there_is_advice_for_everything_that_can_be_wrong() -> None:
    own = {"board", "healing", "safe_mode", "accelerator", "model", "signal_loss", "thermal", "evidence_storage"}
    assert ADVICE.keys() == {"image", *HOLDS_S, *SIGNAL_HOLDS_S, *(limit.what for limit in LIMITS), *own}


def test_the_worst_comes_first_and_what_is_over_stays_known() -> None:
    clock = ManualClock(400.0)
    desk = HealthDesk(clock)
    assert desk.state() == HealthState.OK
    desk.take(HealthSample("image", HealthState.OK, 60.0, 60.0, 1.0, "the scene is known"))
    desk.take(COVERED)
    desk.take(Event("start", 0.0))
    facts = desk.facts()
    assert facts["state"] == "fault"
    assert list(lines(facts)) == [
        "✘ FAULT   covered    for 5 min, 97% sure  all of it",
        f"  -> {ADVICE['covered']}",
        "✔ ok      image      for 6 min  the scene is known",
    ]
    desk.take(HealthSample("covered", HealthState.OK, 400.0, 400.0, 1.0))
    assert desk.facts()["state"] == "ok"
    assert len(list(lines(desk.facts()))) == 2


def test_before_anything_is_known_that_is_said() -> None:
    assert "nothing is known yet" in "".join(lines(HealthDesk(ManualClock()).facts()))


def test_a_technician_sees_the_first_figures_and_what_is_not_measured() -> None:
    desk = HealthDesk(ManualClock(400.0))
    desk.readings = lambda: {name: reading(name, 1.0, 61.25) for name in ("soc_temp_c", "load_1min")}
    desk.missing = lambda: ["fan_rpm"]
    desk.take(HealthSample("PowerSupplyFailure", HealthState.FAULT, 100.0, 90.0, 1.0, "the supply voltage is too low"))
    facts = desk.facts()
    assert list(lines(facts))[2:] == ["now     processor 61.25°C", "without speed of the fan"]
    (finding,) = (
        [one for one in facts["findings"] if isinstance(one, dict)] if isinstance(facts["findings"], list) else []
    )
    assert finding["onvif"] == "PowerSupplyFailure"


def test_prometheus_gets_every_metric_and_a_missing_one_is_no_number() -> None:
    desk = HealthDesk(ManualClock(400.0))
    desk.readings = lambda: {"soc_temp_c": reading("soc_temp_c", 1.0, 61.25)}
    desk.take(COVERED)
    text = exposition(desk.metrics())
    assert "aislewatch_health_soc_temp_c 61.25" in text
    assert "aislewatch_health_fan_rpm NaN" in text
    assert 'aislewatch_health_state{what="covered"} 2.0' in text
    assert text.count("# TYPE") == len(METRICS) + 1


@asynccontextmanager
async def served(picture: PictureWatch | None, events: list[Event]) -> AsyncGenerator[aiohttp.ClientSession]:
    clock = ManualClock(400.0)
    desk = HealthDesk(clock)
    desk.take(COVERED)
    app = create_app(Facts(lambda: Identity("cam-1", "test", "0"), dict, list))

    async def resume(why: str) -> bool:
        return "in safe mode" in why

    HealthApi(desk, picture, clock, events.append, resume).add_to(app)
    async with (
        serving(app, "127.0.0.1", 0) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http,
    ):
        yield http


async def test_the_api_tells_and_takes_the_word_that_it_was_on_purpose() -> None:
    events: list[Event] = []
    async with served(PictureWatch(), events) as http:
        async with http.get("/v1/health") as response:
            assert (await response.json())["findings"][0]["advice"] == ADVICE["covered"]
        async with http.post("/v1/health/rebase", json={"reason": "moved to aisle 4", "by": "Kim"}) as response:
            assert response.status == 200
        for nothing in ("", "  "):
            async with http.post("/v1/health/rebase", json={"reason": nothing}) as response:
                assert response.status == 400
    assert [event.data for event in events] == [{"reason": "moved to aisle 4", "by": "Kim"}]


async def test_without_a_watch_there_is_nothing_to_learn_anew() -> None:
    async with served(None, []) as http, http.post("/v1/health/rebase", json={"reason": "x"}) as response:
        assert (response.status, "health.image" in await response.text()) == (409, True)


async def test_safe_mode_is_left_by_a_word_with_a_reason() -> None:
    events: list[Event] = []
    async with served(None, events) as http:
        async with http.post("/v1/health/resume", json={"reason": "not there"}) as response:
            assert response.status == 409
        async with http.post("/v1/health/resume", json={"reason": "was in safe mode", "by": "Kim"}) as response:
            assert response.status == 200
    assert [(event.kind, event.data["by"]) for event in events] == [("resume", "Kim")]
