"""A shop under attack: a camera with all its doors on loopback, its hub, and what attackers make for themselves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from agent.app import Running
from agent.beside import beside
from agent.config import parse_config
from agent.domain import Event
from agent.events.journal import Journal
from agent.events.wire import EventBody, Record
from agent.hub.backoff import Backoff
from agent.hub.claim_code import ClaimCode
from agent.hub.claiming import claim
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, LinkState, Watchers
from agent.vision.threads import VisionThread
from agent.web.api import KEEPER
from agent.web.guard import Doorkeeper
from hal.ports import WallTime
from hal.system import SystemClock
from tests.e2e.camera import instance_of
from tools.benchmarks.doors import open_doors

CONFIG = """
[camera]
name = "{name}"
instance = "{instance}"
scene = "empty"
[model]
name = "person-s"
[pose]
model = ""
[api]
port = 0
tls_port = 0
announce = false
[storage]
data_dir = "{folder}"
[gpio]
driver = "simulated"
[[output]]
name = "strobe"
pin = 17
"""


Said = Mapping[str, object] | None


class SetClock(SystemClock):
    """A clock that can be put forward; its wall time may be vouched for or not."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0
        self.synchronised = True

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def wall(self) -> WallTime:
        return WallTime(super().wall().utc_s + self.ahead_s, self.synchronised)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that answers at its doors."""

    running: Running
    journal: Journal
    clock: SetClock
    folder: Path
    vision: VisionThread

    @property
    def id(self) -> str:
        return self.running.status.identity().id

    @property
    def port(self) -> int:
        assert self.running.ports.tls is not None
        return self.running.ports.tls

    @property
    def keeper(self) -> Doorkeeper:
        return self.running.api[KEEPER]

    @property
    def claimed(self) -> bool:
        return self.running.status.identity().state == "claimed"

    def url(self, path: str = "") -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    async def locally(self, path: str, said: Said = None) -> tuple[int, Any]:
        """Ask at the camera itself."""
        return await ask(self.running.url + path, said)

    async def ask(self, path: str, said: Said = None, own: Path | None = None) -> tuple[int, Any]:
        """Ask at the door for the network, with a certificate of one's own or without any."""
        return await ask(self.url(path), said, anybody(own))

    async def shows(self) -> ClaimCode:
        """What `aislewatch pair` would show."""
        status, claim = await self.locally("/v1/claim", {})
        assert status == 200, claim
        return ClaimCode(claim["id"], claim["fp"], claim["token"], "127.0.0.1", self.port)

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """What the journal holds of a kind; what was told before is on the disk once a later event is."""
        await self.journal.append(Event("asked", self.clock.monotonic()))
        found = await self.journal.read(self.journal.cursor("nobody"), 1000)
        bodies = [record.body for record in found.records]
        return [dict(body.data) for body in bodies if isinstance(body, EventBody) and body.kind == kind]

    async def noted(self, what: str) -> list[dict[str, Any]]:
        """What it holds about pairing."""
        return [data for data in await self.told("pairing") if data["what"] == what]


@asynccontextmanager
async def camera(folder: Path, name: str = "till") -> AsyncIterator[Camera]:
    """A fresh camera. It does not look: nobody attacks its picture here."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a test may wait
    config = parse_config(CONFIG.format(name=name, instance=instance_of(folder), folder=folder))
    clock = SetClock()
    async with open_doors(config, clock) as doors:
        yield Camera(doors.running, doors.journal, clock, folder, doors.station.vision)


def anybody(own: Path | None = None) -> ssl.SSLContext:
    """A client that believes everybody, with a certificate of its own (key and certificate in one file) or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if own is not None:
        context.load_cert_chain(own)
    return context


async def ask(url: str, said: Said = None, context: ssl.SSLContext | None = None) -> tuple[int, Any]:
    """GET, or POST of what is said: the status, and the answer as JSON or else text. Raises aiohttp.ClientError."""
    async with (
        aiohttp.ClientSession() as http,
        http.request("GET" if said is None else "POST", url, json=said, ssl=context or True) as response,
    ):
        text = await response.text()
    return response.status, msgspec.json.decode(text) if response.content_type == "application/json" else text


@dataclass(slots=True)
class Linked:
    """What a running hub was told."""

    hub: Hub
    events: list[Record] = field(default_factory=list)
    states: list[tuple[LinkState, str]] = field(default_factory=list)

    @property
    def linked(self) -> bool:
        return bool(self.states) and self.states[-1][0] is LinkState.LINKED

    def said(self, words: str) -> bool:
        """Whether any state was explained by these words."""
        return any(words in reason for _, reason in self.states)


@asynccontextmanager
async def hub_at_work(keyring: Keyring, *urls: str, browse: Collection[str] = ()) -> AsyncIterator[Linked]:
    """The hub that has these keys, linking to its cameras; those to `browse` for, by their ids, may be anywhere."""
    with Ledger(keyring.folder / "hub.db") as ledger:
        seen: list[Linked] = []
        watchers = Watchers(
            event=lambda device, record: seen[0].events.append(record),
            state=lambda name, state, reason: seen[0].states.append((state, reason)),
        )
        hub = Hub(ledger, keyring.trust().hub, watchers, Backoff(0.05, 0.2), cameras=browse or None, keyring=keyring)
        seen.append(Linked(hub))
        async with beside(hub.run(urls, browse=bool(browse), interfaces=["127.0.0.1"])):
            yield seen[0]


async def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for what another brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what others do sends no event
            await asyncio.sleep(0.01)


async def claimed_by(keyring: Keyring, camera: Camera) -> CameraPin:
    """Claim it as a person would."""
    return await claim(keyring, await camera.shows())


def hub_keys(folder: Path, name: str = "hub-a") -> Keyring:
    """The keys of a hub."""
    return Keyring.open(folder, name, "shop-1")
