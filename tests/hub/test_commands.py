"""Commands over real links: each done once, in time, for who may, whatever comes again."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Event
from agent.errors import LinkClosed, OperatorError, WireError
from agent.events.journal import Journal
from agent.events.orders import (
    VERSIONS,
    Arm,
    Command,
    GetConfig,
    Order,
    Restart,
    Result,
    Silence,
    do_of,
    pack_order,
    read_order,
)
from agent.events.wire import (
    PROTOCOL,
    ClockFacts,
    CloseCode,
    Hello,
    Resume,
    decode_from_camera,
    decode_from_hub,
    encode,
)
from agent.hub.callers import STRANGER, Caller, Role
from agent.hub.client import LinkClient
from agent.hub.commands import Asker, CommandDesk, Failed, Handler
from agent.hub.results import CUT_SHORT, MOST, Kept, ResultBook, read_kept
from agent.hub.tally import Tally
from hal.simulated.clock import ManualClock
from hal.system import SystemClock
from tests.hub.linking import HUB, camera_with, following

ASKER = Asker(HUB, "hub-a", "kim")
CHALLENGE, OTHER = "c" * 32, "d" * 32


class Siren:
    """Something that counts how often it was told; `gate` holds it up."""

    def __init__(self) -> None:
        self.done: list[Order] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def silence(self, order: Silence, asker: Asker) -> Mapping[str, Any]:
        self.done.append(order)
        self.begun.set()
        await self.gate.wait()
        return {"times": len(self.done), "for": asker.who}

    async def arm(self, order: Arm, asker: Asker) -> Mapping[str, Any]:
        if not order.reason:
            raise OperatorError("disarming needs a reason", hint="say one")
        raise Failed("the disk does not answer")

    def handlers(self) -> dict[type[Order], Handler]:
        return {Silence: self.silence, Arm: self.arm, Restart: self.silence, GetConfig: self.silence}


def command(order: Order, expires_s: float, *, id: str | None = None, challenge: str = CHALLENGE) -> Command:
    return Command(id or secrets.token_hex(16), challenge, expires_s, pack_order(order), "kim")


@pytest.fixture
def siren() -> Siren:
    return Siren()


async def desk_of(journal: Journal, siren: Siren, events: list[Event] | None = None) -> CommandDesk:
    noted = events if events is not None else []
    book = await ResultBook.open(journal)
    return CommandDesk(siren.handlers(), book, lambda: journal.clock_facts().mono_s, noted.append)


async def test_a_command_is_done_and_answered_and_noted(tmp_path: Path, siren: Siren) -> None:
    events: list[Event] = []
    async with camera_with(tmp_path / "j.db", siren.handlers(), events=events) as camera, following(camera) as hub:
        assert (await hub.hello).capabilities.commands == {"silence": 1, "arm": 1, "restart": 1, "config_get": 1}
        result = await hub.client.command(Silence("restocking"), by="kim")
        assert (result.outcome, result.data) == ("ok", {"times": 1, "for": "kim, hub-a"})
        refused = await hub.client.command(Arm("disarmed"))
        assert (refused.outcome, refused.reason) == ("refused", "disarming needs a reason: say one")
        failed = await hub.client.command(Arm("disarmed", "drill"))
        assert (failed.outcome, failed.reason) == ("failed", "the disk does not answer")
    assert dict(events[0].data) == {
        "id": result.id,
        "do": "silence",
        "why": "restocking",
        "outcome": "ok",
        "hub": "hub-a",
        "by": "kim",
    }
    assert [event.data["outcome"] for event in events] == ["ok", "refused", "failed"]


async def test_asked_again_it_answers_the_first_result_and_is_not_done(tmp_path: Path, siren: Siren) -> None:
    async with camera_with(tmp_path / "j.db", siren.handlers()) as camera:
        id = secrets.token_hex(16)
        async with following(camera) as hub:
            first = await hub.client.command(Silence("once"), id=id)
            second = await hub.client.command(Silence("once"), id=id)
        async with following(camera) as hub:
            third = await hub.client.command(Silence("once"), id=id)
            other = await hub.client.command(Silence("another"), id=id)
    assert len(siren.done) == 1
    assert second == third == msgspec.structs.replace(first, repeated=True)
    assert other.outcome == "duplicate"


async def test_a_link_that_breaks_meanwhile_neither_stops_nor_doubles_it(tmp_path: Path, siren: Siren) -> None:
    siren.gate.clear()
    async with camera_with(tmp_path / "j.db", siren.handlers()) as camera:
        id = secrets.token_hex(16)
        async with following(camera) as hub:
            asking = asyncio.create_task(hub.client.command(Restart("once"), id=id))
            await siren.begun.wait()
        with pytest.raises(LinkClosed):
            await asking
        async with following(camera) as hub:
            again = asyncio.create_task(hub.client.command(Restart("once"), id=id))
            await asyncio.sleep(0.01)
            siren.gate.set()
            result = await again
    assert (result.outcome, result.repeated, len(siren.done)) == ("ok", True, 1)


async def raw_link(http: aiohttp.ClientSession, url: str) -> tuple[aiohttp.ClientWebSocketResponse, Hello]:
    socket = await http.ws_connect(url)
    hello = decode_from_camera(await socket.receive_bytes())
    assert isinstance(hello, Hello)
    await socket.send_bytes(encode(Resume("hub-a", hello.epoch, hello.last_seq, protocol=PROTOCOL)))
    return socket, hello


async def answer_to(socket: aiohttp.ClientWebSocketResponse, message: bytes) -> Result:
    await socket.send_bytes(message)
    while not isinstance(answer := decode_from_camera(await socket.receive_bytes()), Result):
        pass
    return answer


async def test_what_was_caught_on_the_wire_does_nothing_when_it_is_sent_again(tmp_path: Path, siren: Siren) -> None:
    async with camera_with(tmp_path / "j.db", siren.handlers()) as camera, aiohttp.ClientSession() as http:
        socket, hello = await raw_link(http, camera.url)
        caught = encode(command(Silence("drill"), hello.clock.mono_s + 20, challenge=hello.challenge))
        assert (await answer_to(socket, caught)).outcome == "ok"
        assert (await answer_to(socket, caught)).repeated
        await socket.close()
        socket, later = await raw_link(http, camera.url)
        refused = await answer_to(socket, caught)
        assert (refused.outcome, refused.reason) == ("refused", "the command is of another link")
        await socket.close()
    assert later.challenge != hello.challenge
    assert len(siren.done) == 1


async def test_every_link_has_its_own_challenge_of_128_bits(tmp_path: Path, siren: Siren) -> None:
    async with camera_with(tmp_path / "j.db", siren.handlers()) as camera:
        seen = set()
        for _ in range(8):
            async with following(camera) as hub:
                seen.add((await hub.hello).challenge)
    assert len(seen) == 8
    assert {len(challenge) for challenge in seen} == {32}


@pytest.mark.parametrize("utc_s", [0.0, 1_795_292_800.0 + 10 * 365 * 86_400])
@pytest.mark.parametrize("start_s", [3.0, 9e6])
async def test_wrong_clocks_do_not_matter(tmp_path: Path, siren: Siren, utc_s: float, start_s: float) -> None:
    clock = ManualClock(start_s, utc_s=utc_s, synchronised=False)
    async with camera_with(tmp_path / "j.db", siren.handlers(), clock=clock) as camera, following(camera) as hub:
        assert (await hub.client.command(Silence("x"))).outcome == "ok"
        clock.sleep(60.0)  # as if the command had been held back on its way for as long
        late = await hub.client.command(Silence("late"), within_s=30.0)
        assert (late.outcome, len(siren.done)) == ("expired", 1)


async def test_a_life_beyond_the_limit_is_refused(tmp_path: Path, siren: Siren) -> None:
    async with await Journal.open(tmp_path / "j.db", ManualClock(100.0)) as journal:
        desk = await desk_of(journal, siren)
        assert (await desk.take(command(Silence("x"), 130.1), CHALLENGE, ASKER)).outcome == "refused"
        assert (await desk.take(command(Silence("x"), 130.0), CHALLENGE, ASKER)).outcome == "ok"
        assert (await desk.take(command(Silence("x"), 100.0), CHALLENGE, ASKER)).outcome == "expired"
        assert (await desk.take(command(Silence("x"), -1e300), CHALLENGE, ASKER)).outcome == "expired"


@pytest.mark.parametrize(
    ("caller", "outcome"),
    [
        (STRANGER, "refused"),
        (Caller(Role.TECHNICIAN, "kim", "0a"), "refused"),
        (Caller(Role.HUB, "hub-a", "0b"), "ok"),
        (Caller(Role.LOCAL), "ok"),
    ],
)
async def test_only_hubs_and_the_camera_itself_order_anything(
    tmp_path: Path, siren: Siren, caller: Caller, outcome: str
) -> None:
    async with await Journal.open(tmp_path / "j.db", ManualClock(0.0)) as journal:
        events: list[Event] = []
        desk = await desk_of(journal, siren, events)
        result = await desk.take(command(Silence("x"), 10.0), CHALLENGE, Asker(caller, "hub-a"))
        assert (result.outcome, len(siren.done)) == (outcome, int(outcome == "ok"))
        assert events[0].data.get("serial", "") == caller.serial


async def test_a_command_before_the_resume_ends_the_link(tmp_path: Path, siren: Siren) -> None:
    async with (
        camera_with(tmp_path / "j.db", siren.handlers()) as camera,
        aiohttp.ClientSession() as http,
        http.ws_connect(camera.url) as socket,
    ):
        hello = decode_from_camera(await socket.receive_bytes())
        assert isinstance(hello, Hello)
        await socket.send_bytes(encode(command(Silence("x"), hello.clock.mono_s + 9, challenge=hello.challenge)))
        assert (await socket.receive(timeout=5)).data == CloseCode.UNEXPECTED
    assert not siren.done


@pytest.mark.parametrize("protocol", [0, 2])
async def test_another_version_is_told_so(tmp_path: Path, siren: Siren, protocol: int) -> None:
    async with (
        camera_with(tmp_path / "j.db", siren.handlers()) as camera,
        aiohttp.ClientSession() as http,
        http.ws_connect(camera.url) as socket,
    ):
        hello = decode_from_camera(await socket.receive_bytes())
        assert isinstance(hello, Hello)
        await socket.send_bytes(encode(Resume("hub-a", hello.epoch, 0, protocol=protocol)))
        closing = await socket.receive(timeout=5)
        assert (closing.data, closing.extra) == (
            CloseCode.VERSION,
            f"this camera speaks protocol 1, the hub {protocol}",
        )


async def test_more_at_once_than_a_link_may_ask_are_refused(tmp_path: Path, siren: Siren) -> None:
    siren.gate.clear()
    async with camera_with(tmp_path / "j.db", siren.handlers()) as camera, following(camera) as hub:
        asked = [asyncio.create_task(hub.client.command(Silence(f"{n}"))) for n in range(9)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().outcome for task in done] == ["refused"]
        siren.gate.set()
        outcomes = [result.outcome for result in await asyncio.gather(*asked)]
    assert sorted(outcomes) == ["ok"] * 8 + ["refused"]
    assert len(siren.done) == 8


async def test_what_a_killed_camera_had_begun_is_not_done_again(tmp_path: Path, siren: Siren) -> None:
    clock = ManualClock(0.0)
    once = command(Restart("x"), 20.0)
    siren.gate.clear()
    async with await Journal.open(tmp_path / "j.db", clock) as journal:
        desk = await desk_of(journal, siren)
        asking = asyncio.create_task(desk.take(once, CHALLENGE, ASKER))
        await siren.begun.wait()
        asking.cancel()
        for task in asyncio.all_tasks():
            if task.get_name() == f"command {once.id}":
                task.cancel()
    async with await Journal.open(tmp_path / "j.db", clock) as journal:
        again = await (await desk_of(journal, siren)).take(once, CHALLENGE, ASKER)
    assert (again.outcome, again.reason, again.repeated, len(siren.done)) == ("failed", CUT_SHORT, True, 1)


async def test_a_journal_that_is_closed_stops_what_waits_for_it_and_silences_all_the_same(
    tmp_path: Path, siren: Siren
) -> None:
    async with await Journal.open(tmp_path / "j.db", ManualClock(0.0)) as journal:
        desk = await desk_of(journal, siren)
    silenced = await desk.take(command(Silence("x"), 20.0), CHALLENGE, ASKER)
    assert (silenced.outcome, len(siren.done)) == ("ok", 1)
    refused = await desk.take(command(Restart("x"), 20.0), CHALLENGE, ASKER)
    assert (refused.outcome, refused.reason, len(siren.done)) == ("failed", "the journal is closed", 1)
    again = await desk.take(command(Restart("x"), 20.0, id=refused.id), CHALLENGE, ASKER)
    assert (again.outcome, again.repeated) == ("failed", True)


async def test_what_is_not_done_is_told_a_few_times_and_counted_then(tmp_path: Path, siren: Siren) -> None:
    events: list[Event] = []
    async with await Journal.open(tmp_path / "j.db", ManualClock(0.0)) as journal:
        desk = CommandDesk(siren.handlers(), await ResultBook.open(journal), lambda: 0.0, events.append, most=3)
        for _ in range(10):
            await desk.take(command(Silence("x"), 20.0, challenge=OTHER), CHALLENGE, ASKER)
        once = command(Silence("x"), 20.0)
        for _ in range(6):
            await desk.take(once, CHALLENGE, ASKER)
        for n in range(5):
            assert (await desk.take(command(Silence(f"{n}"), 20.0), CHALLENGE, ASKER)).outcome == "ok"
        await desk.take(command(Silence("x"), 20.0, challenge=OTHER), CHALLENGE, Asker(HUB, "hub-b"))
        told = [(event.data["hub"], event.data["outcome"], "repeated" in event.data) for event in events]
        assert told == [
            *[("hub-a", "refused", False)] * 3,
            *[("hub-a", "ok", False), *[("hub-a", "ok", True)] * 3],
            *[("hub-a", "ok", False)] * 5,
            ("hub-b", "refused", False),
        ]
        await desk.close()
    counted = [(event.data["outcome"], event.data["times"], event.data["by"]) for event in events[len(told) :]]
    assert counted == [("refused", 7, "kim"), ("ok", 2, "kim")]


async def test_how_many_were_not_done_is_told_while_they_go_on(tmp_path: Path, siren: Siren) -> None:
    events: list[Event] = []
    async with await Journal.open(tmp_path / "j.db", ManualClock(0.0)) as journal:
        book = await ResultBook.open(journal)
        desk = CommandDesk(siren.handlers(), book, lambda: 0.0, events.append, most=1, period_s=0.01)
        asked = 0
        async with asyncio.timeout(20):
            while sum("times" in event.data for event in events) < 2:
                await desk.take(command(Silence("x"), 20.0, challenge=OTHER), CHALLENGE, ASKER)
                asked += 1
                await asyncio.sleep(0)
        await desk.close()
    assert sum(int(str(event.data.get("times", 1))) for event in events) == asked


@given(st.lists(st.sampled_from("abcdefgh"), max_size=200), st.integers(1, 5), st.integers(1, 4))
def test_a_tally_loses_nothing_and_tells_little(kinds: list[str], most: int, room: int) -> None:
    tally = Tally[str](most, room)
    told = Counter(kind for kind in kinds if tally.tells(kind, kind))
    counted = tally.turn()
    assert told.total() + sum(times for times, _ in counted) == len(kinds)
    assert told.total() <= most * (room + 1)
    assert {last for _, last in counted} <= set(kinds)
    assert not tally.turn()
    assert tally.tells("a", "a")


async def test_the_book_is_bounded_on_the_disk_as_well(tmp_path: Path, siren: Siren) -> None:
    async with await Journal.open(tmp_path / "j.db", ManualClock(0.0)) as journal:
        desk = await desk_of(journal, siren)
        commands = [command(Restart("x"), 20.0) for _ in range(MOST + 20)]
        for one in commands:
            await desk.take(one, CHALLENGE, ASKER)
        assert len(await journal.filed("commands")) <= MOST + 1
        assert (await desk.take(commands[-1], CHALLENGE, ASKER)).repeated


async def test_a_result_that_no_hub_could_read_is_told_in_brief(tmp_path: Path) -> None:
    async def long(order: Silence, asker: Asker) -> Mapping[str, Any]:
        return {"text": "x" * 300_000} if order.reason == "long" else {"many": [0] * 5000}

    async with camera_with(tmp_path / "j.db", {Silence: long}) as camera, following(camera) as hub:
        for reason in ("long", "many"):
            result = await hub.client.command(Silence(reason))
            assert (result.outcome, result.data) == ("ok", {})
            assert "too long" in result.reason


UNREADABLE: dict[str, object] = {
    "an unknown order": {"do": "dance"},
    "a field it does not know": {"do": "silence", "reason": "x", "volume": 3},
    "a reason that says nothing": {"do": "silence", "reason": "  "},
    "no order": [1, 2],
    "no name": {"reason": "x"},
    "another type": {"do": "silence", "reason": 4},
}


@pytest.mark.parametrize("order", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_order_that_is_not_understood_is_refused_and_the_link_goes_on(
    tmp_path: Path, siren: Siren, order: object
) -> None:
    async with camera_with(tmp_path / "j.db", siren.handlers()) as camera, aiohttp.ClientSession() as http:
        socket, hello = await raw_link(http, camera.url)
        raw = msgspec.Raw(msgspec.msgpack.encode(order))
        expires_s = SystemClock().monotonic() + 9
        answer = await answer_to(socket, encode(Command("e" * 32, hello.challenge, expires_s, raw)))
        assert (answer.outcome, answer.reason.startswith("not an order")) == ("refused", True)
        good = command(Silence("x"), expires_s, challenge=hello.challenge)
        assert (await answer_to(socket, encode(good))).outcome == "ok"
        await socket.close()


async def test_a_hub_tells_a_camera_of_another_version() -> None:
    clock = ClockFacts("boot", 1.0, 2.0, True)
    old = Hello(0, "cam0001", "test", "0.0.9", "v0", "0" * 16, 7, True, 5.0, clock)
    heard: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def camera(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(encode(old))
        await socket.receive()
        heard.set_result(socket.close_code)
        return socket

    app = web.Application()
    app.router.add_get("/v1/link", camera)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        with pytest.raises(WireError, match="the camera speaks protocol 0, this hub 1"):
            async with await LinkClient.connect(http, str(server.make_url("/v1/link"))) as client:
                await anext(aiter(client))
        assert await heard == CloseCode.VERSION


# Whatever strangers send.

words = st.text(max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | words | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
near_orders = st.builds(
    lambda do, fields: {**fields, "do": do},
    st.sampled_from([*VERSIONS]) | words,
    st.dictionaries(
        st.sampled_from(["reason", "mode", "for_s", "output", "from", "to", "text", "zones", "lines", "utc_s", "by"]),
        json_values,
        max_size=5,
    ),
)


@given(near_orders | json_values)
def test_no_order_does_more_than_be_refused(order: object) -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode(order))
    try:
        read = read_order(raw)
    except WireError:
        return
    assert read_order(pack_order(read)) == read
    assert do_of(read) in VERSIONS


@given(near_orders, st.text(max_size=40), st.floats())
def test_no_command_does_more_than_be_refused(order: object, token: str, expires_s: float) -> None:
    built = {"type": "command", "id": token, "challenge": token, "expires_s": expires_s, "order": order, "by": token}
    try:
        read = decode_from_hub(msgspec.msgpack.encode(built))
    except WireError:
        return
    assert isinstance(read, Command)


@given(st.binary(max_size=60) | json_values.map(msgspec.msgpack.encode))
def test_a_result_that_cannot_be_read_is_forgotten(filed: bytes) -> None:
    assert read_kept(filed) is None


@given(st.text("0123456789abcdef", min_size=32, max_size=32), st.binary(max_size=32), st.integers(0, 2**53), words)
def test_a_result_is_read_as_it_was_filed(id: str, digest: bytes, number: int, reason: str) -> None:
    kept = Kept(id, digest, number, Result(id, "refused", reason, {"problems": [{"path": reason}]}))
    assert read_kept(msgspec.msgpack.encode(kept)) == kept
