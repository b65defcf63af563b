"""Orders by the broker: only some kinds, only fresh ones, each once, and audited as the hub's are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.domain import Event
from agent.events.journal import Journal
from agent.events.orders import Arm, Order, OutputOff, Silence, TryOutput
from agent.hub.commands import Asker, CommandDesk, Handler
from agent.hub.mqtt.ordering import Ordering
from agent.hub.results import ResultBook
from hal.simulated.clock import ManualClock
from tests.mqtt.rig import TOPICS, camera, client, listening, until
from tools.benchmarks.mosquitto import mosquitto, no_mosquitto

NOW_S = 1_767_225_600.0


class Deeds:
    """What was done, and the audit's lines."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.audit: list[Event] = []

    async def do(self, order: Any, asker: Asker) -> dict[str, Any]:
        self.done.append(order)
        return {"by": asker.who}


async def ordering(journal: Journal, clock: ManualClock, deeds: Deeds) -> Ordering:
    kinds: tuple[type[Order], ...] = (Arm, Silence, TryOutput, OutputOff)
    deed: Handler = deeds.do
    desk = CommandDesk(dict.fromkeys(kinds, deed), await ResultBook.open(journal), clock.monotonic, deeds.audit.append)
    return Ordering(desk.take, clock)


def order(expires_utc_s: float = NOW_S + 10, **fields: Any) -> bytes:
    return json.dumps({"order": fields, "expires_utc_s": expires_utc_s, "by": "kim"}).encode()


SILENCE: dict[str, Any] = {"do": "silence", "reason": "false alarm"}


async def outcome(folder: Path, payload: bytes, *, retained: bool = False, synchronised: bool = True) -> Any:
    clock, deeds = ManualClock(100.0, utc_s=NOW_S, synchronised=synchronised), Deeds()
    async with await Journal.open(folder / "j.db", clock) as journal:
        result = await (await ordering(journal, clock, deeds)).obey(payload, retained=retained)
    return result, deeds


async def test_a_fresh_order_is_done_and_audited(tmp_path: Path) -> None:
    result, deeds = await outcome(tmp_path, order(**SILENCE))
    assert result["outcome"] == "ok"
    assert result["data"] == {"by": "kim, mqtt"}
    assert deeds.done == [Silence("false alarm")]
    assert deeds.audit[0].data["hub"] == "mqtt"
    assert deeds.audit[0].data["do"] == "silence"


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        (order(NOW_S - 1, **SILENCE), "expired"),
        (order(NOW_S + 3600, **SILENCE), "refused"),
        (order(do="restart", reason="x"), "refused"),
        (order(do="config_set", text="", reason="x"), "refused"),
        (order(do="silence", reason=""), "refused"),
        (order(do="silence", reason="x", colour=1), "refused"),
        (b'{"order": {"do": "silence", "reason": "x"}}', "refused"),
        (b"ON", "refused"),
        (b"\xff\xfe", "refused"),
        (b"[" * 4000, "refused"),
        (b" " * 5000, "refused"),
        (b"", "refused"),
        (order(float("nan"), **SILENCE), "refused"),
    ],
)
async def test_what_is_late_or_not_allowed_or_nonsense_is_not_done(tmp_path: Path, payload: bytes, word: str) -> None:
    result, deeds = await outcome(tmp_path, payload)
    assert result["outcome"] == word
    assert result["reason"]
    assert deeds.done == []


async def test_a_retained_order_is_refused(tmp_path: Path) -> None:
    result, deeds = await outcome(tmp_path, order(**SILENCE), retained=True)
    assert "retain" in result["reason"]
    assert deeds.done == []


async def test_without_the_time_only_what_silences_is_taken(tmp_path: Path) -> None:
    arm, deeds = await outcome(tmp_path, order(do="arm", mode="disarmed", reason="stocktaking"), synchronised=False)
    assert (arm["outcome"], deeds.done) == ("refused", [])
    quiet, deeds = await outcome(tmp_path, order(**SILENCE), synchronised=False)
    assert (quiet["outcome"], len(deeds.done)) == ("ok", 1)


async def test_the_same_bytes_are_one_order(tmp_path: Path) -> None:
    clock, deeds = ManualClock(100.0, utc_s=NOW_S), Deeds()
    async with await Journal.open(tmp_path / "j.db", clock) as journal:
        taker = await ordering(journal, clock, deeds)
        first, second = [await taker.obey(order(**SILENCE), retained=False) for _ in range(2)]
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert len(deeds.done) == 1


@pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())
async def test_an_order_goes_through_a_broker_and_its_result_comes_back(tmp_path: Path) -> None:
    clock, deeds = ManualClock(100.0, utc_s=NOW_S), Deeds()
    async with await Journal.open(tmp_path / "orders.db", clock) as journal:
        taker = await ordering(journal, clock, deeds)
        with mosquitto(tmp_path) as broker:
            async with (
                client(broker.port, identifier="shop") as shop,
                listening(broker.port, TOPICS.result) as heard,
                camera(tmp_path, broker.port, ordering=taker) as cam,
            ):
                await until(lambda: cam.service.connected)
                await shop.publish(TOPICS.command, order(do="arm", mode="armed"), qos=1)
                await heard.until(lambda: bool(heard.messages))
    assert heard.bodies(TOPICS.result)[0]["outcome"] == "ok"
    assert deeds.done == [Arm("armed")]


@pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())
async def test_without_leave_nothing_is_listened_to(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with (
            client(broker.port, identifier="shop") as shop,
            listening(broker.port) as heard,
            camera(tmp_path, broker.port) as cam,
        ):
            await until(lambda: cam.service.connected)
            await shop.publish(TOPICS.command, order(**SILENCE), qos=1)
            await cam.happen(1)
            await heard.until(lambda: heard.numbers() == [1])
            assert cam.service.facts()["orders"] == 0
            assert heard.last(TOPICS.result) is None
