"""The camera at a real broker: nothing is lost or out of order, whoever is killed, frozen or refused."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tests.mqtt.rig import TOPICS, Heard, camera, client, listening, until
from tools.benchmarks.mosquitto import mosquitto, no_mosquitto
from tools.fleet import BROKER

pytestmark = pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())


def firsts(numbers: list[int]) -> list[int]:
    """The numbers without repetitions, each where it came first."""
    return list(dict.fromkeys(numbers))


def _all_there(heard: Heard, numbers: set[int]) -> bool:
    return numbers <= {*heard.numbers()}


async def test_events_arrive_once_and_in_order_and_the_cursor_follows(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard, camera(tmp_path, broker.port) as cam:
            await cam.happen(*range(50))
            await heard.until(lambda: len(heard.numbers()) == 50)
            assert heard.numbers() == [*range(50)]
            await until(lambda: cam.journal.cursor("mqtt").seq == cam.journal.head.last_seq)
            places = [(body["epoch"], body["seq"]) for body in heard.bodies(f"{TOPICS.base}/event/")]
            assert len({*places}) == 50
            assert cam.service.facts()["behind"] == 0
            assert cam.service.facts()["told"] == 50


async def test_status_is_online_then_offline_when_the_camera_stops(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard:
            async with camera(tmp_path, broker.port):
                await heard.until(lambda: heard.last(TOPICS.status) == b"online")
            await heard.until(lambda: heard.last(TOPICS.status) == b"offline")


async def test_the_last_will_tells_of_a_camera_that_vanished(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard, camera(tmp_path, broker.port):
            await heard.until(lambda: heard.last(TOPICS.status) == b"online")
            async with client(broker.port, identifier="aislewatch-cam0001"):  # takes the camera's place: it is cut off
                await heard.until(lambda: heard.last(TOPICS.status) == b"offline")
            await heard.until(lambda: heard.last(TOPICS.status) == b"online")


async def test_states_are_retained_and_only_told_when_they_change(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with camera(tmp_path, broker.port) as cam:
            async with listening(broker.port) as heard:
                await heard.until(lambda: heard.last(TOPICS.state("alarm")) == b'{"on":false}')
                cam.states["alarm"] = {"on": True}
                await heard.until(lambda: heard.last(TOPICS.state("alarm")) == b'{"on":true}')
                assert len([one for one in heard.messages if one[0] == TOPICS.state("alarm")]) == 2
            async with listening(broker.port, TOPICS.state("alarm"), name="third") as late:
                await late.until(lambda: (TOPICS.state("alarm"), b'{"on":true}', True) in late.messages)


async def test_a_state_that_is_no_more_is_taken_from_the_broker(tmp_path: Path) -> None:
    old = TOPICS.state("occupancy/old")
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard:
            async with camera(tmp_path, broker.port, states={"occupancy/old": {"people": 1}}):
                await heard.until(lambda: heard.last(old) == b'{"people":1}')
            async with camera(tmp_path, broker.port):
                await heard.until(lambda: heard.last(old) == b"")
        async with listening(broker.port, name="third") as late:
            await late.until(lambda: late.last(TOPICS.state("alarm")) is not None)
            assert late.last(old) is None


async def test_what_is_not_confirmed_is_told_again_when_a_killed_broker_comes_back(tmp_path: Path) -> None:
    """What the broker confirmed is its own to keep; of the rest nothing may be missing."""
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard, camera(tmp_path, broker.port) as cam:
            owed: set[int] = set()
            for turn in range(0, 100, 20):
                await cam.happen(*range(turn, turn + 10))
                broker.kill()
                await asyncio.sleep(0)
                owed |= {*range(cam.journal.cursor("mqtt").seq, turn + 10)}  # event n has the number n + 1
                await cam.happen(*range(turn + 10, turn + 20))
                owed |= {*range(turn + 10, turn + 20)}
                broker.start()
                await heard.until(partial(_all_there, heard, owed))
            assert len(owed) >= 50
            assert all(first < second for first, second in pairwise(firsts(heard.numbers())))


async def test_what_a_broker_confirmed_and_passed_on_is_whole_over_its_orderly_restarts(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard, camera(tmp_path, broker.port) as cam:
            for turn in range(3):
                await cam.happen(*range(turn * 20, turn * 20 + 10))
                broker.stop()
                await cam.happen(*range(turn * 20 + 10, turn * 20 + 20))
                broker.start()
                await heard.until(partial(_all_there, heard, {*range(turn * 20 + 20)}))
            assert firsts(heard.numbers()) == [*range(60)]


async def test_a_broker_that_is_away_delays_nothing_and_gets_everything_later(tmp_path: Path) -> None:
    broker_port = 1
    async with camera(tmp_path, broker_port) as cam:
        async with asyncio.timeout(5):
            await cam.happen(*range(100))
        await until(lambda: bool(cam.service.facts()["trouble"]))
        assert not cam.service.connected
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard, camera(tmp_path, broker.port):
            await heard.until(lambda: len(heard.numbers()) == 100)
            assert heard.numbers() == [*range(100)]


async def test_a_frozen_broker_is_left_and_gets_everything_when_it_thaws(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with listening(broker.port) as heard, camera(tmp_path, broker.port) as cam:
            await cam.happen(0)
            await heard.until(lambda: heard.numbers() == [0])
            broker.running.send_signal(signal.SIGSTOP)
            try:
                async with asyncio.timeout(5):
                    await cam.happen(*range(1, 40))
                await until(lambda: bool(cam.service.facts()["trouble"]))
                assert cam.service.facts()["connected"] is False
            finally:
                broker.running.send_signal(signal.SIGCONT)
            await heard.until(lambda: len(firsts(heard.numbers())) == 40, 40)
            assert firsts(heard.numbers()) == [*range(40)]


async def test_a_broker_that_refuses_is_no_reason_to_lose_anything(tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic readwrite aislewatch/cam0001/s/#\n", encoding="utf-8")
    strict = f"allow_anonymous true\nacl_file {tmp_path}/acl"
    with mosquitto(tmp_path, strict) as broker:
        async with camera(tmp_path, broker.port) as cam:
            await cam.happen(1)
            await until(lambda: "refuse" in str(cam.service.facts()["trouble"]))
            assert cam.journal.cursor("mqtt").seq == 0


@pytest.mark.parametrize(("extra", "kept"), [("allow_anonymous true\nmax_queued_messages 50", 50), (BROKER, 80)])
async def test_what_a_broker_confirmed_is_its_own_to_keep(tmp_path: Path, extra: str, kept: int) -> None:
    """Mosquitto confirms everything, and drops what exceeds its queue for a subscriber who is away or slow."""
    events = f"{TOPICS.base}/event/#"
    with mosquitto(tmp_path, extra) as broker:
        async with listening(broker.port, events):
            pass
        async with camera(tmp_path, broker.port) as cam:
            await cam.happen(*range(80))
            await until(lambda: cam.journal.cursor("mqtt").seq == cam.journal.head.last_seq)
            async with listening(broker.port, events) as heard:
                await heard.until(lambda: len(heard.numbers()) == kept)
                await cam.happen(80)
                await heard.until(lambda: heard.numbers()[-1] == 80)
                assert heard.numbers() == [*range(kept), 80]


async def test_metrics_show_the_connection(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with camera(tmp_path, broker.port) as cam:
            await until(lambda: cam.service.connected)
            await cam.happen(1)
            await until(lambda: cam.service.facts()["behind"] == 0)
            values = {metric.name: metric.value for metric in cam.service.metrics()}
    assert values["aislewatch_mqtt_connected"] == 1
    assert values["aislewatch_mqtt_told_total"] == 1
