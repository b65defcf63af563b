"""The reference hub against a real camera link on loopback."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.beside import beside
from agent.domain import Event, Severity
from agent.errors import LinkClosed, OperatorError
from agent.events.journal import Journal, Position
from agent.events.orders import Silence
from agent.events.wire import Batch, EventBody, Gap, Origin, Record
from agent.hub.announce import Announcer
from agent.hub.attachments import Attachments
from agent.hub.backoff import Backoff
from agent.hub.commands import Asker
from agent.hub.fetching import FetchRefused
from agent.hub.identity import Identity
from agent.hub.ledger import Ledger
from agent.hub.link import LinkServer, LinkSettings
from agent.hub.receiver import Hub, LinkState, Watchers
from agent.web.api import Facts, create_app, serving
from hal.system import SystemClock
from tests.hub.linking import camera_with

DEVICE, EPOCH, OTHER = f"cam{secrets.token_hex(4)}", "a" * 16, "b" * 16
IDENTITY = Identity(id=DEVICE, model="test", fw="0.1.0")


def record(seq: int, origin: Origin | None = None) -> Record:
    return Record(seq, 1e9, True, "boot", 1.0, EventBody("dwell", 1.0, "info", {"n": seq}), origin)


@dataclass
class Seen:
    """What a hub told its watchers."""

    events: list[int] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def watchers(self) -> Watchers:
        return Watchers(self._event, self._state)

    def _event(self, device: str, entry: Record) -> None:
        assert isinstance(entry.body, EventBody)
        self.events.append(int(str(entry.body.data["n"])))
        self.changed.set()

    def _state(self, camera: str, state: LinkState, reason: str) -> None:
        self.states.append(state)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                await self.changed.wait()
                self.changed.clear()


@asynccontextmanager
async def camera_on(journal: Journal, port: int = 0) -> AsyncGenerator[int]:
    link = LinkServer(journal, IDENTITY, LinkSettings(close_s=0.2))
    app = create_app(Facts(lambda: IDENTITY, dict, list), link)
    async with serving(app, "127.0.0.1", port) as running:
        yield running.port
        await link.close()


def hub_running(hub: Hub, *urls: str, browse: bool = False) -> AbstractAsyncContextManager[None]:
    return beside(hub.run(urls, browse=browse, interfaces=["127.0.0.1"]))


async def happen(journal: Journal, *numbers: int) -> None:
    for n in numbers:
        await journal.append(Event("restricted", float(n), Severity.WARNING, {"n": n}))


def test_the_ledger_applies_each_record_once(tmp_path: Path) -> None:
    with Ledger(tmp_path / "hub.db") as ledger:
        assert len(ledger.store(Batch(DEVICE, EPOCH, 0, 3, [record(1), record(2), record(3)]))) == 3
        assert [new.seq for new in ledger.store(Batch(DEVICE, EPOCH, 1, 4, [record(2), record(3), record(4)]))] == [4]
        assert ledger.cursor(DEVICE, EPOCH) == 4
        assert ledger.cursor(DEVICE, OTHER) == 0
        assert [entry.seq for entry in ledger.events(DEVICE)] == [1, 2, 3, 4]


def test_a_record_that_was_carried_over_counts_where_it_first_stood(tmp_path: Path) -> None:
    with Ledger(tmp_path / "hub.db") as ledger:
        ledger.store(Batch(DEVICE, EPOCH, 0, 1, [record(1)]))
        moved = [record(1, Origin(EPOCH, 1)), record(2, Origin(EPOCH, 2))]
        assert [new.seq for new in ledger.store(Batch(DEVICE, OTHER, 0, 2, moved))] == [2]
        third = "c" * 16
        assert ledger.store(Batch(DEVICE, third, 0, 1, [record(1, Origin(EPOCH, 2))])) == []
        assert [(entry.epoch, entry.seq) for entry in ledger.events()] == [(EPOCH, 1), (EPOCH, 2)]


def test_the_cursor_never_jumps_a_hole_and_gaps_are_remembered(tmp_path: Path) -> None:
    with Ledger(tmp_path / "hub.db") as ledger:
        ledger.store(Batch(DEVICE, EPOCH, 5, 6, [record(6)]))
        assert ledger.cursor(DEVICE, EPOCH) == 0
        ledger.store(Batch(DEVICE, EPOCH, 0, 6, [record(6)], [Gap(1, 5)]))
        assert ledger.cursor(DEVICE, EPOCH) == 6
        assert ledger.gaps() == [(DEVICE, EPOCH, 1, 5)]


async def test_what_a_damaged_journal_lost_is_known_by_its_numbers(tmp_path: Path) -> None:
    """The hub has two of five events, one more can be saved: the last two are a gap of the old epoch."""
    path, left = tmp_path / "cam.db", tmp_path / "left"
    async with await Journal.open(path, SystemClock()) as journal:
        await happen(journal, 1, 2, 3, 4, 5)
        left.mkdir()
        for file in tmp_path.glob("cam.db*"):  # noqa: ASYNC240 - a test may wait
            shutil.copyfile(file, left / file.name)
        first = await journal.read(Position("", 0), 2)
    log = left / "cam.db-wal"
    log.write_bytes(log.read_bytes()[: -(4096 + 24) * 2])
    with Ledger(tmp_path / "hub.db") as ledger:
        ledger.store(Batch(DEVICE, first.epoch, first.after, first.through, list(first.records)))
        async with await Journal.open(left / "cam.db", SystemClock()) as journal:
            rest = await journal.read(Position("", 0))
            saved = max(one.origin.seq for one in rest.records if one.origin is not None)
            for _ in range(2):
                ledger.store(Batch(DEVICE, rest.epoch, rest.after, rest.through, list(rest.records)))
        assert 2 < saved < 5
        assert ledger.gaps() == [(DEVICE, first.epoch, saved + 1, 5)]


def test_the_pause_grows_to_its_limit() -> None:
    backoff = Backoff(first_s=0.5, most_s=4.0)
    pauses = [backoff.pause_s(failures) for failures in (0, 1, 2, 3, 50)]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, (0.5, 1.0, 2.0, 4.0, 4.0), strict=True))


async def test_a_hub_follows_a_camera_through_a_restart(tmp_path: Path) -> None:
    seen = Seen()
    with Ledger(tmp_path / "hub.db") as ledger:
        hub = Hub(ledger, None, seen.watchers(), Backoff(0.01, 0.05))
        async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal:
            await happen(journal, 1, 2)
            async with camera_on(journal) as port:
                stack = hub_running(hub, f"ws://127.0.0.1:{port}/v1/link")
                await stack.__aenter__()
                await seen.until(lambda: seen.events == [1, 2])
        await seen.until(lambda: LinkState.WAITING in seen.states)
        async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal, camera_on(journal, port):
            await happen(journal, 3)
            await seen.until(lambda: seen.events == [1, 2, 3])
            await stack.__aexit__(None, None, None)
        assert [entry.seq for entry in ledger.events(IDENTITY.id)] == [1, 2, 3]


async def test_a_hub_finds_a_camera_by_mdns(tmp_path: Path) -> None:
    seen = Seen()
    async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal:
        await happen(journal, 7)
        async with camera_on(journal) as port:
            announcer = Announcer(IDENTITY, port, lambda: ("127.0.0.1",))
            with Ledger(tmp_path / "hub.db") as ledger:
                hub = Hub(ledger, None, seen.watchers(), Backoff(0.01, 0.05), cameras=[IDENTITY.id])
                async with beside(announcer.run()), hub_running(hub, browse=True):
                    await seen.until(lambda: seen.events == [7])


async def test_nothing_is_acknowledged_that_the_hub_could_not_store(tmp_path: Path) -> None:
    seen = Seen()
    async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal, camera_on(journal) as port:
        await happen(journal, 1)
        with Ledger(tmp_path / "hub.db", patience_s=0.01) as ledger:
            other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            hub = Hub(ledger, None, seen.watchers(), Backoff(0.01, 0.02))
            async with hub_running(hub, f"ws://127.0.0.1:{port}/v1/link"):
                await seen.until(lambda: seen.states.count(LinkState.WAITING) >= 2)
                assert journal.cursor(ledger.hub_id).seq == 0
                other.execute("ROLLBACK")
                other.close()
                await seen.until(lambda: seen.events == [1])


async def test_what_is_stored_is_told_even_where_the_link_has_gone(tmp_path: Path) -> None:
    seen = Seen()
    with Ledger(tmp_path / "hub.db") as ledger:
        hub = Hub(ledger, None, seen.watchers())
        storing = asyncio.create_task(hub.store(Batch(DEVICE, EPOCH, 0, 2, [record(1), record(2)])))
        await asyncio.sleep(0)  # it has begun
        storing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await storing
        async with hub_running(hub):
            await seen.until(lambda: seen.events == [1, 2])


@pytest.mark.parametrize("count", [1, 3])
async def test_several_hubs_each_get_everything(tmp_path: Path, count: int) -> None:
    async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal, camera_on(journal) as port:
        await happen(journal, *range(20))
        for index in range(count):
            seen = Seen()
            with Ledger(tmp_path / f"hub{index}.db") as ledger:
                async with hub_running(Hub(ledger, None, seen.watchers()), f"ws://127.0.0.1:{port}/v1/link"):
                    await seen.until(lambda: seen.events == list(range(20)))  # noqa: B023 - awaited within the turn


def test_each_ledger_names_its_hub_and_keeps_the_name(tmp_path: Path) -> None:
    with Ledger(tmp_path / "one.db") as one, Ledger(tmp_path / "two.db") as two:
        assert one.hub_id != two.hub_id
    with Ledger(tmp_path / "one.db") as again:
        assert again.hub_id == one.hub_id


async def test_a_hub_orders_and_fetches_through_broken_links(tmp_path: Path) -> None:
    done: list[str] = []
    began = asyncio.Event()

    async def silence(order: Silence, asker: Asker) -> Mapping[str, Any]:
        done.append(asker.who)
        began.set()
        await asyncio.sleep(0)
        return {"silenced": ["siren"]}

    attachments = Attachments()
    what = attachments.keep(bytes(range(256)) * 4000)
    async with camera_with(tmp_path / "cam.db", {Silence: silence}, attachments=attachments) as camera:
        with Ledger(tmp_path / "hub.db") as ledger:
            hub = Hub(ledger, None, None, Backoff(0.01, 0.02), attachments=tmp_path / "kept")
            async with hub_running(hub, camera.url):
                asking = asyncio.create_task(hub.reach.command("cam0001", Silence("drill"), by="kim"))
                await began.wait()
                camera.link.hang_up()
                result = await asking
                fetching = asyncio.create_task(hub.reach.fetch("cam0001", what))
                part = tmp_path / "kept" / "cam0001" / (what + ".part")
                while not part.exists():  # noqa: ASYNC110  a file sends no event
                    await asyncio.sleep(0.001)
                camera.link.hang_up()
                path = await fetching
                stale = tmp_path / "kept" / "cam0001" / f"{what}.part"
                stale.write_bytes(bytes(2_000_000))
                assert await hub.reach.fetch("cam0001", what) == path
                with pytest.raises(FetchRefused):
                    await hub.reach.fetch("cam0001", "clip/nothing/clip.mp4")
                for camera_id, name in (("..", what), ("a/b", what), ("cam0001", "clip/../x"), ("cam0001", "x")):
                    with pytest.raises(OperatorError):
                        await hub.reach.fetch(camera_id, name)
                with pytest.raises(LinkClosed, match="has not answered"):
                    await hub.reach.command("another", Silence("x"), within_s=0.05)
    assert (result.outcome, result.data) == ("ok", {"silenced": ["siren"]})
    assert done == [f"kim, {ledger.hub_id}"]
    assert path == tmp_path / "kept" / "cam0001" / what
    assert path.read_bytes() == bytes(range(256)) * 4000
