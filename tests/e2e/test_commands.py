"""A hub orders a whole camera: outputs, pictures, clips, decisions, another configuration."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from agent.app import Running, run_camera
from agent.config import parse_config
from agent.config_file import ConfigFile
from agent.events.journal import Journal
from agent.events.orders import (
    Annotate,
    Arm,
    Clip,
    Decide,
    GetConfig,
    GetZones,
    HintTime,
    Order,
    OutputOff,
    Rebase,
    Restart,
    Result,
    SetConfig,
    SetZones,
    Silence,
    Snapshot,
    TryOutput,
)
from agent.events.wire import Batch, EventBody, Hello, IncidentBody, Record
from agent.hub.client import LinkClient
from agent.hub.fetching import FetchRefused, Memory
from hal.simulated.latched import is_on
from hal.system import SystemClock
from tests.e2e.camera import config_text

pytestmark = pytest.mark.timeout(90)
HUB = "test-hub"


class Follower:
    """A hub that keeps what it gets in memory, and orders things meanwhile."""

    def __init__(self, client: LinkClient) -> None:
        self.client = client
        self.hello: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()
        self.records: list[Record] = []
        self._news = asyncio.Event()

    async def follow(self) -> None:
        async for message in self.client:
            if isinstance(message, Hello):
                await self.client.resume(HUB, message.epoch, 0)
                if not self.hello.done():
                    self.hello.set_result(message)
            else:
                await self._take(message)

    async def _take(self, batch: Batch) -> None:
        self.records += batch.records
        await self.client.acknowledge(batch.epoch, batch.through)
        self._news.set()

    async def event(self, kind: str, **data: object) -> EventBody:
        """The first event of that kind with these facts, once it is there."""
        while True:
            for record in self.records:
                body = record.body
                if isinstance(body, EventBody) and body.kind == kind and data.items() <= dict(body.data).items():
                    return body
            self._news.clear()
            await self._news.wait()

    async def incident(self) -> IncidentBody:
        while True:
            for record in self.records:
                if isinstance(record.body, IncidentBody):
                    return record.body
            self._news.clear()
            await self._news.wait()

    async def order(self, order: Order, *, by: str = "kim") -> Result:
        return await self.client.command(order, by=by)

    async def done(self, order: Order) -> dict[str, object]:
        """What an order that has to succeed answers."""
        result = await self.order(order)
        assert result.outcome == "ok", result.reason
        return result.data


@asynccontextmanager
async def linked(running: Running) -> AsyncIterator[Follower]:
    async with aiohttp.ClientSession() as http, await LinkClient.connect(http, f"{running.url}/v1/link") as client:
        follower = Follower(client)
        following = asyncio.create_task(follower.follow())
        following.add_done_callback(lambda task: task.cancelled() or task.exception())
        await follower.hello
        yield follower
        following.cancel()


class Lives:
    """A camera with a configuration file, through its lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun: asyncio.Queue[Running] = asyncio.Queue()
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def next(self) -> Running:
        """The camera of the next life. Raises what ended it where there is none."""
        begun = asyncio.create_task(self.begun.get())
        await asyncio.wait((begun, self.task), return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            begun.cancel()
            await self.task
        return await begun

    async def _run(self) -> None:
        file = ConfigFile(self.path)
        await run_camera(parse_config(file.text()), self.stop, self.begun.put_nowait, file)


@asynccontextmanager
async def lives_of(folder: Path) -> AsyncIterator[Lives]:
    path = folder / "camera.toml"
    if not path.exists():
        path.write_text("# the fitter's own words\n" + config_text(folder))
    lives = Lives(path)
    try:
        yield lives
    finally:
        lives.stop.set()
        await lives.task


async def test_a_hub_orders_what_the_api_offers(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives, linked(await lives.next()) as hub:
        hello = await hub.hello
        assert hello.capabilities.outputs == {"siren": "relay"}
        assert {"silence", "config_set"} <= hello.capabilities.commands.keys()
        incident = await hub.incident()
        await hub.event("output", state="active")
        assert await hub.done(Silence("a drill")) == {"silenced": ["siren"]}
        assert (await hub.event("silence", reason="a drill")).data["by"] == f"kim, {HUB}"
        assert (await hub.done(OutputOff("siren", "somebody else came"))).keys() == {"silenced"}
        assert (await hub.done(Arm("disarmed", "delivery", 60.0)))["mode"] == "disarmed"
        assert not is_on(tmp_path / "lines", "siren")
        refused = await hub.order(TryOutput("siren"))
        assert (refused.outcome, "disarmed" in refused.reason) == ("refused", True)
        assert (await hub.done(Decide(incident.id, "confirm")))["id"] == incident.id
        notes = (await hub.done(Annotate(incident.id, "as on Monday")))["notes"]
        assert isinstance(notes, list)
        assert notes[0]["text"] == "as on Monday"
        assert abs(float(str((await hub.done(HintTime(1.8e9)))["off_by_s"]))) > 0
        assert await hub.done(Rebase("cleaned")) == {"learning": True}
        for order in (
            Arm("disarmed"),
            Decide(incident.id, "dismiss"),
            Decide("nothing", "confirm"),
            Silence("x", "horn"),
        ):
            assert (await hub.order(order)).outcome == "refused"
        assert (await hub.event("command", do="silence", outcome="ok")).data["by"] == "kim"
        audited = (await hub.event("audit", what="command")).data
        assert len(str(audited["sha256"])) == 64


async def test_a_hub_fetches_a_still_and_a_clip(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives, linked(await lives.next()) as hub:
        still = await hub.done(Snapshot("to see"))
        picture = Memory()
        done = await hub.client.fetch(str(still["what"]), picture)
        assert (len(picture.content), done.media) == (still["bytes"], "image/jpeg")
        assert picture.content.startswith(b"\xff\xd8")
        asked: dict[str, object] = {}
        while not asked.get("making"):  # the recorder may not have begun yet
            wall_s = SystemClock().wall().utc_s
            asked = await hub.done(Clip(wall_s - 2, wall_s + 1, "to see"))
        await hub.event("clip", clip=asked["making"], state="stored")
        video, manifest = Memory(), Memory()
        await hub.client.fetch(f"clip/{asked['making']}/clip.mp4", video)
        await hub.client.fetch(f"clip/{asked['making']}/manifest.json", manifest)
        assert video.content[4:8] == b"ftyp"
        assert msgspec.json.decode(manifest.content)["id"] == asked["making"]
        with pytest.raises(FetchRefused, match="no such file"):
            await hub.client.fetch(f"clip/{asked['making']}/secrets.txt", Memory())
        with pytest.raises(FetchRefused, match="kept here"):
            await hub.client.fetch("clip/nothing/clip.mp4", Memory())
        assert (await hub.order(Clip(5.0, 4.0, "backwards"))).outcome == "refused"


async def test_a_configuration_is_tried_and_kept_when_the_hub_comes_back(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        async with linked(await lives.next()) as hub:
            before = await hub.done(GetConfig())
            zones = await hub.done(GetZones())
            assert (before["trial"], zones["sha256"]) == (None, before["sha256"])
            mistaken = await hub.order(SetConfig("[camera]\nname = 3\n[kamera]\n", "oops"))
            assert mistaken.outcome == "refused"
            assert [problem["path"] for problem in mistaken.data["problems"]] == ["kamera", "camera.name"]
            stale = await hub.order(SetConfig("", "late", base="0" * 64))
            assert "changed meanwhile" in stale.reason
            moved = [{**zone, "name": "lobby"} for zone in zones["zones"]]  # type: ignore[attr-defined]
            dangling = await hub.order(SetZones("renamed", moved))
            assert [problem["path"] for problem in dangling.data["problems"]] == ["rule[0].zone"]
            added = [*zones["zones"], {**moved[0], "kind": "generic"}]  # type: ignore[misc]
            assert (await hub.done(SetZones("one more", added)))["restarts"] is True
        async with linked(await lives.next()) as hub:
            assert lives.path.read_text().startswith("# the fitter's own words\n")
            assert [zone["name"] for zone in tomllib.loads(lives.path.read_text())["zone"]] == ["everywhere", "lobby"]
            again = await hub.order(Restart("impatient"))
            assert (again.outcome, "on trial" in again.reason) == ("refused", True)
            told = await hub.event("config_trial")
            assert (told.data["state"], told.data["by"]) == ("confirmed", f"kim, {HUB}")
            assert (await hub.done(GetConfig()))["text"] == lives.path.read_text()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [("[api]", 'tls_host = "192.0.2.1"\ntls_port = 0', "192.0.2.1"), ("[storage]", "", "/dev/null/x")],
    ids=["an address that is not ours", "a folder that cannot be"],
)
async def test_a_configuration_that_cannot_work_is_taken_back(tmp_path: Path, key: str, value: str, why: str) -> None:
    async with lives_of(tmp_path) as lives:
        async with linked(await lives.next()) as hub:
            config = str((await hub.done(GetConfig()))["text"])
            broken = re.sub(r"tls_port = .*\n", "", config).replace(key, f"{key}\n{value}")
            broken = broken if value else config.replace(str(tmp_path), "/dev/null/x")
            assert (await hub.done(SetConfig(broken, "wrong")))["restarts"] is True
        async with linked(await lives.next()) as hub:
            told = await hub.event("config_trial")
            assert told.severity == "warning"
            assert why in str(told.data["why"])
            assert lives.path.read_text() == config


async def test_a_restart_keeps_what_became_of_commands(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        command = "c0ffee" * 5 + "42"
        async with linked(await lives.next()) as hub:
            first = await hub.client.command(Restart("new cable"), id=command)
            assert (first.outcome, first.repeated) == ("ok", False)
        async with linked(await lives.next()) as hub:
            again = await hub.client.command(Restart("new cable"), id=command)
            assert (again.outcome, again.repeated) == ("ok", True)
            other = await hub.client.command(Silence("not a restart"), id=command)
            assert other.outcome == "duplicate"
            await hub.event("command", do="silence", outcome="duplicate")
        assert lives.begun.empty()
    async with await Journal.open(tmp_path / "journal.db", SystemClock()) as journal:
        assert await journal.filed("commands")
