"""What other devices tell, through a real server and a real journal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.config import parse_config
from agent.desk import Desk
from agent.domain import Event, FactKind, TillKind
from agent.events.journal import Journal
from agent.events.wire import EventBody
from agent.hub.identity import Identity
from agent.rules.facts import Fact, TillEvent, Told
from agent.rules.fusion import (
    CLIP,
    DOOR_FALSE,
    DOOR_SEES,
    EVEN_S,
    EVEN_SCORE,
    PER_SCORE,
    PIR_FALSE,
    PIR_SEES,
    PRIOR,
    WARM_FALSE,
    WARM_SEES,
)
from agent.sensors import PULSE_S, Sensors
from agent.tills import AGAIN_S, OLDEST_S, Booking, Result, TillDesk
from agent.web.api import Facts, create_app, serving
from agent.web.intake import BURST, MOST, add_intake
from hal.simulated.clock import ManualClock
from hal.simulated.inputs import SimulatedInputs

TOKEN = "b7e2c1a9d4f05386b7e2c1a9"
TEXT = f"""
[[zone]]
name = "till side"
kind = "checkout"
polygon = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]]
[[input]]
name = "badge"
kind = "grant"
[[input]]
name = "pir"
kind = "pir"
[[input]]
name = "wired"
kind = "door"
pin = 5
[[input]]
name = "guarded"
kind = "staff"
token = "{TOKEN}"
[[till]]
terminal = "1"
zone = "till side"
[[till]]
terminal = "2"
zone = "till side"
clock_error_s = 1
token = "{TOKEN}"
operators = "mark"
""".replace("till side", "till-side")


@dataclass
class Door:
    """A served intake, and what it passed on."""

    url: str
    clock: ManualClock
    sensors: Sensors
    journal: Journal
    http: aiohttp.ClientSession
    lines: SimulatedInputs
    told: list[Told] = field(default_factory=list)

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(self.url + path, data=data, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def inputs(self) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/v1/inputs") as answer:
            return dict(await answer.json())

    def take(self) -> list[Told]:
        return self.sensors.take()

    async def journaled(self) -> list[dict[str, Any]]:
        records = (await self.journal.read(self.journal.cursor("test"), 100)).records
        return [dict(r.body.data) for r in records if isinstance(r.body, EventBody) and r.body.kind == "till"]

    def utc(self, age_s: float) -> str:
        return datetime.fromtimestamp(self.clock.wall().utc_s - age_s, UTC).isoformat()


@asynccontextmanager
async def door(
    folder: Path, text: str = TEXT, *, synchronised: bool = True, later_s: float = 0.0
) -> AsyncGenerator[Door]:
    config, clock = parse_config(text), ManualClock(5000.0)
    clock.set_wall(clock.wall().utc_s + later_s, synchronised=synchronised)
    lines = SimulatedInputs([line.name for line in config.inputs if line.pin is not None], clock)
    sensors = Sensors(config.inputs, lines)
    sensors.start(clock.monotonic())
    identity = Identity(id="cam0001", model="test", fw="0.1.0")
    app = create_app(Facts(lambda: identity, dict, list))
    async with await Journal.open(folder / "journal.db", clock) as journal:
        tills = TillDesk(config.tills, journal, clock, sensors.book, Desk(journal).safe)
        await tills.open()
        add_intake(app, sensors, tills, clock)
        async with serving(app, "127.0.0.1", 0) as running, aiohttp.ClientSession() as http:
            yield Door(f"http://127.0.0.1:{running.port}", clock, sensors, journal, http, lines)


async def test_an_input_without_a_pin_is_told_and_shown(tmp_path: Path) -> None:
    async with door(tmp_path) as one:
        before = (await one.inputs())["inputs"]
        assert [(i["name"], i["source"], i["active"]) for i in before] == [
            ("badge", "api", None),
            ("pir", "api", None),
            ("wired", "pin", False),
            ("guarded", "api", None),
        ]
        assert await one.post("/v1/inputs/pir", {"state": "active"}) == (
            200,
            {"name": "pir", "changed": True, "active": True},
        )
        assert (await one.post("/v1/inputs/pir", {"state": "active"}))[1]["changed"] is False
        one.clock.sleep(4)
        assert (await one.post("/v1/inputs/pir", {"state": "inactive", "age_s": 1.5}))[1]["changed"] is True
        assert one.take() == [Fact(FactKind.PIR, "pir", 5000.0), Fact(FactKind.PIR, "pir", 5002.5, active=False)]
        one.lines.press("wired")
        after = {i["name"]: i for i in (await one.inputs())["inputs"]}
        assert (after["pir"]["active"], after["pir"]["changed_age_s"]) == (False, 1.5)
        assert after["wired"]["active"] is True


async def test_a_pulse_is_a_moment_and_may_come_late_by_the_wall_clock(tmp_path: Path) -> None:
    async with door(tmp_path) as one:
        status, _ = await one.post("/v1/inputs/badge", {"state": "pulse", "utc": one.utc(20), "error_s": 0.5})
        assert status == 200
        on, off = one.take()
        assert isinstance(on, Fact)
        assert isinstance(off, Fact)
        assert (on.kind, on.active, off.active) == (FactKind.GRANT, True, False)
        assert (on.t_s, off.t_s) == pytest.approx((4980.0, 4980.0 + PULSE_S))


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("pri", {"state": "active"}, 404, "did you mean 'pir'"),
        ("wired", {"state": "active"}, 409, "wired to pin 5"),
        ("pir", {"state": "on"}, 400, "state"),
        ("pir", {"state": "active", "colour": 1}, 400, "colour"),
        ("pir", b"{", 400, "not as expected"),
        ("pir", b'{"state": "active", "state": "inactive"}', 400, "twice"),
        ("pir", b"[]", 400, "not as expected"),
        ("pir", b'{"state": "active", "age_s": NaN}', 400, "not as expected"),
        ("pir", {"state": "active", "age_s": 5000}, 422, "5000 s old"),
        ("pir", {"state": "active", "age_s": -1}, 400, "age_s"),
        ("pir", {"state": "active", "utc": "2100-01-01T00:00:00Z"}, 422, "ahead"),
        ("pir", {"state": "active", "utc": "now"}, 422, "ISO 8601"),
        ("pir", {"state": "active", "age_s": 5, "error_s": 11}, 422, "of no use"),
        ("guarded", {"state": "active"}, 401, "needs its token"),
    ],
)
async def test_what_cannot_be_taken_is_refused_in_words(
    tmp_path: Path, path: str, body: Any, status: int, words: str
) -> None:
    async with door(tmp_path) as one:
        found, text = await one.post(f"/v1/inputs/{path}", body)
        assert (found, words in text) == (status, True), text
        assert not one.take()


async def test_a_clock_that_is_not_set_allows_ages_only(tmp_path: Path) -> None:
    async with door(tmp_path, synchronised=False) as one:
        assert (await one.post("/v1/inputs/pir", {"state": "active", "utc": one.utc(3)}))[0] == 422
        assert (await one.post("/v1/inputs/pir", {"state": "active", "age_s": 3}))[0] == 200
        assert (await one.post("/v1/till", {"terminal": "1", "kind": "refund", "id": "1", "utc": one.utc(3)}))[0] == 200
        _, booked = one.take()
        assert isinstance(booked, TillEvent)
        assert booked.error_s == float("inf")
        assert "clock_error_s" not in (await one.journaled())[0]


async def test_the_token_opens_and_only_the_right_one(tmp_path: Path) -> None:
    async with door(tmp_path) as one:
        for sent in (TOKEN, f"Bearer {TOKEN[:-1]}", "Bearer é", "Basic x"):
            assert (await one.post("/v1/inputs/guarded", {"state": "active"}, Authorization=sent))[0] == 401
        assert (await one.post("/v1/inputs/guarded", {"state": "active"}, Authorization=f"Bearer {TOKEN}"))[0] == 200


async def test_one_that_goes_wild_is_slowed_down_and_the_others_are_not(tmp_path: Path) -> None:
    async with door(tmp_path) as one:
        statuses = [(await one.post("/v1/inputs/badge", {"state": "pulse"}))[0] for _ in range(BURST + 3)]
        assert statuses == [200] * BURST + [429] * 3
        assert (await one.post("/v1/inputs/pir", {"state": "active"}))[0] == 200
        one.clock.sleep(1.0)
        assert (await one.post("/v1/inputs/badge", {"state": "pulse"}))[0] == 200


async def test_a_booking_is_journaled_once_and_handed_on_with_its_clock_bound(tmp_path: Path) -> None:
    refund = {"terminal": "1", "kind": "refund", "id": "A-17", "amount": -12.5, "operator": "Kim", "age_s": 4}
    async with door(tmp_path) as one:
        assert await one.post("/v1/till", refund) == (200, {"id": "A-17", "result": "accepted"})
        assert await one.post("/v1/till", refund) == (200, {"id": "A-17", "result": "duplicate"})
        assert one.take() == [TillEvent("1", "A-17", TillKind.REFUND, "till-side", 4996.0, 3.0)]
        (booked,) = await one.journaled()
        assert booked["terminal"] == "1"
        assert (booked["booked"], booked["amount"], booked["clock_error_s"]) == ("refund", -12.5, 3.0)
        assert (await one.inputs())["tills"][0] == {
            "terminal": "1", "zone": "till-side", "accepted": 1, "duplicates": 1, "last_age_s": 0.0,
        }  # fmt: skip


def holds(folder: Path, text: bytes) -> bool:
    """Whether any file in the folder does."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return any(text in path.read_bytes() for path in files)


async def test_no_operator_reaches_the_disk(tmp_path: Path) -> None:
    async with door(tmp_path) as one:
        both = {"kind": "void", "operator": "Kim Example"}
        assert (await one.post("/v1/till", {"terminal": "1", "id": "1", **both}))[0] == 200
        for number in ("2", "3"):
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            assert (await one.post("/v1/till", {"terminal": "2", "id": number, **both}, **bearer))[0] == 200
        first, second, third = await one.journaled()
        assert "operator_mark" not in first
        assert second["operator_mark"] == third["operator_mark"]
    assert not holds(tmp_path, b"Kim")
    async with door(tmp_path) as one:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        await one.post("/v1/till", {"terminal": "2", "id": "4", **both}, **bearer)
        assert (await one.journaled())[-1]["operator_mark"] == second["operator_mark"]


async def test_a_restart_forgets_no_booking_but_time_does(tmp_path: Path) -> None:
    sale = {"terminal": "1", "kind": "sale", "id": "9"}
    async with door(tmp_path) as one:
        assert (await one.post("/v1/till", sale))[1]["result"] == "accepted"
    async with door(tmp_path) as one:
        assert (await one.post("/v1/till", sale))[1]["result"] == "duplicate"
        one.clock.sleep(OLDEST_S + 120)
        assert (await one.post("/v1/till", sale))[1]["result"] == "accepted"


async def test_a_booking_that_the_journal_has_no_room_for_is_wanted_again(tmp_path: Path) -> None:
    config, clock = parse_config(TEXT), ManualClock(5000.0)
    handed: list[TillEvent] = []
    room = False

    async def safe(_: Event) -> bool:
        return room

    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        desk = TillDesk(config.tills, journal, clock, handed.append, safe)
        refund, sale = (Booking(terminal="1", kind=kind, id="1") for kind in (TillKind.REFUND, TillKind.SALE))
        assert [one.result for one in await desk.take([refund, sale])] == [Result.AGAIN, Result.AGAIN]
        room = True
        assert [one.result for one in await desk.take([refund, sale])] == [Result.ACCEPTED, Result.DUPLICATE]
    assert [one.kind for one in handed] == [TillKind.REFUND, TillKind.REFUND]


async def test_after_a_restart_the_rules_hear_of_the_latest_bookings_again(tmp_path: Path) -> None:
    refund = {"terminal": "1", "kind": "refund", "id": "9", "age_s": 10}
    async with door(tmp_path) as one:
        await one.post("/v1/till", {**refund, "id": "8"})
        one.clock.sleep(AGAIN_S + 1)
        await one.post("/v1/till", refund)
        before = one.clock.wall().utc_s
    async with door(tmp_path, later_s=before - ManualClock(5000.0).wall().utc_s + 30) as one:
        assert one.take() == [TillEvent("1", "9", TillKind.REFUND, "till-side", 4960.0, 3.0)]
    async with door(tmp_path, later_s=AGAIN_S + 31, synchronised=False) as one:
        (booked,) = one.take()
        assert isinstance(booked, TillEvent)
        assert booked.error_s == math.inf


async def test_a_batch_is_answered_one_by_one(tmp_path: Path) -> None:
    batch: list[Any] = [
        {"terminal": "1", "kind": "sale", "id": "1", "age_s": 600},
        {"terminal": "1", "kind": "gift", "id": "2"},
        {"terminal": "2", "kind": "sale", "id": "3"},
        {"terminal": "9", "kind": "sale", "id": "4"},
        {"terminal": "1", "kind": "refund", "id": "5", "age_s": OLDEST_S + 1},
        7,
        {"terminal": "1", "kind": "no_sale", "id": "6"},
        {"terminal": "1", "kind": "no_sale", "id": "6"},
    ]
    async with door(tmp_path) as one:
        status, answers = await one.post("/v1/till", batch)
        assert status == 200
        assert [a["result"] for a in answers] == ["accepted", *["refused"] * 5, "accepted", "duplicate"]
        assert "token" in answers[2]["error"]
        assert "no [[till]]" in answers[3]["error"]
        assert [booked["booking"] for booked in await one.journaled()] == ["1", "6"]
        assert (await one.post("/v1/till", batch * (MOST // len(batch) + 1)))[0] == 413


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"terminal": "7", "kind": "sale", "id": "1"}, 404, "no [[till]]"),
        ({"terminal": "1", "kind": "gift", "id": "1"}, 400, "gift"),
        ({"terminal": "1", "kind": "sale", "id": ""}, 400, "id"),
        ({"terminal": "1", "kind": "sale", "id": "1", "amount": 1e12}, 400, "amount"),
        ({"terminal": "1", "kind": "sale", "id": "1", "age_s": OLDEST_S + 1}, 422, "old"),
        ({"terminal": "2", "kind": "sale", "id": "1"}, 401, "token"),
        (b"", 400, "not as expected"),
    ],
)
async def test_a_booking_that_cannot_be_taken_is_refused_in_words(
    tmp_path: Path, body: Any, status: int, words: str
) -> None:
    async with door(tmp_path) as one:
        found, text = await one.post("/v1/till", body)
        assert (found, words in text) == (status, True), text
        assert not one.take()
        assert not await one.journaled()


async def test_without_any_till_the_answer_says_what_to_add(tmp_path: Path) -> None:
    async with door(tmp_path, "") as one:
        assert "add a [[till]]" in (await one.post("/v1/till", {"terminal": "1", "kind": "sale", "id": "1"}))[1]
        assert "add an [[input]]" in (await one.post("/v1/inputs/x", {"state": "active"}))[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["terminal", "kind", "id", "utc", "age_s", "error_s", "amount", "operator", "state", "synchronised"]
    ),
    JSON | st.sampled_from(["1", "2", "sale", "refund", "active", "pulse"]),
)


async def status(one: Door, path: str, body: bytes) -> int:
    """The answer's; a long body is refused unread, and whoever still sends it may meet the closed connection first.

    So may what comes next over the same connection, which is then asked anew.
    """
    try:
        return (await one.post(path, body))[0]
    except aiohttp.ClientOSError:
        return 413 if len(body) > 65536 else (await one.post(path, body))[0]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60) | (JSON | FIELDS | st.lists(FIELDS)).map(lambda v: json.dumps(v).encode())))
async def test_no_body_breaks_it(tmp_path: Path, bodies: list[bytes]) -> None:
    deep = [b"[" * 100_000, b'{"state":' * 30_000, b'[{"terminal":"1","kind":"sale","id":"' + b"\xff" * 9 + b'"}]']
    async with door(tmp_path) as one:
        for body in (*bodies, *deep):
            for path in ("/v1/till", "/v1/inputs/pir"):
                assert await status(one, path, body) in (200, 400, 401, 404, 413, 422)
        assert all(isinstance(told, Fact | TillEvent) for told in one.take())


PAGE = Path(__file__).parents[2] / "docs" / "inputs.md"


async def test_the_page_about_inputs_is_right(tmp_path: Path) -> None:
    """Its tables are a configuration, and its commands are answered as it says."""
    page = PAGE.read_text(encoding="utf-8")
    tables = "".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL))
    posts = re.findall(r"curl -d '(.*?)' http://127.0.0.1:8723(\S+)", page)
    assert len(posts) >= 4
    async with door(tmp_path, tables) as one:
        for body, path in posts:
            status, answer = await one.post(path, body.encode())
            assert status == 200, answer
            for result in answer if isinstance(answer, list) else [answer]:
                assert result.get("changed", True)
                assert result.get("result", "accepted") == "accepted"
        assert {"inputs", "tills", "thermal"} == set(await one.inputs())


def test_the_page_tells_the_figures_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = {"pir": math.log(PIR_SEES / PIR_FALSE), "door": math.log(DOOR_SEES / DOOR_FALSE)}
    told["thermal"] = math.log(WARM_SEES / WARM_FALSE)
    for name, odds in told.items():
        assert re.search(rf"\| `{name}` \|[^|]*: \+{min(odds, CLIP):.1f} \(", page), name
    assert f"{PRIOR:.1f}: at night" in page
    assert f"above {EVEN_SCORE}: {PER_SCORE:g} for each 1.0 more" in page
    assert f"longer than {EVEN_S:g} s" in page
    assert f"at most {MOST} bookings" in page or f"up to {MOST}" in page
