"""A camera as far as pairing goes, on loopback: its doors, its trust and its link, with a clock moved by hand."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from agent.domain import Event
from agent.events.journal import Journal
from agent.hub.claims import Claims
from agent.hub.identity import Identity
from agent.hub.identity_key import DeviceIdentity
from agent.hub.link import LinkServer
from agent.hub.pinning import pinned_context
from agent.hub.services import LinkServices, events_only
from agent.hub.trust import CameraTrust
from agent.reset import FactoryReset
from agent.web.api import KEEPER, Facts, create_app
from agent.web.commission import SessionsApi, Whereabouts, add_page, admission
from agent.web.doors import Doors, PlainDoor, SocketDoor, TlsDoor
from agent.web.guard import Doorkeeper, WebLimits
from agent.web.pairing import PairingApi, Place
from agent.web.resetting import ResetApi
from agent.web.serving import opened
from agent.web.sessions import Life, Sessions
from hal.simulated.clock import ManualClock
from hal.system import SystemClock
from tests.forge import Forge

ID = "cam0001"


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    json: Any = None


@dataclass
class PairingCamera:
    """The parts, and the addresses of its doors."""

    folder: Path
    clock: ManualClock
    device: DeviceIdentity
    trust: CameraTrust
    reset: FactoryReset
    keeper: Doorkeeper
    link: LinkServer
    services: LinkServices
    port: int = 0
    plain_port: int = 0
    socket: Path = Path()
    doors: Doors | None = None
    sessions: Sessions = field(default_factory=Sessions)
    events: list[Event] = field(default_factory=list)

    @property
    def what(self) -> list[str]:
        """What was noted of pairing."""
        return [str(event.data["what"]) for event in self.events if event.kind == "pairing"]

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    async def local(self, path: str, said: object = None) -> Answer:
        """Ask on the camera itself."""
        return await ask(f"http://127.0.0.1:{self.plain_port}{path}", None, said)

    async def ask(self, path: str, own: Path | None = None, said: object = None) -> Answer:
        """Ask over TLS, with a client's certificate or as a stranger; POST where something is said."""
        return await ask(self.url(path), pinned_context(self.device.fp, own), said)

    async def token(self) -> str:
        """Open a claim on the camera."""
        shown = await self.local("/v1/claim", {})
        assert shown.status == 200, shown.text
        token: str = shown.json["token"]
        return token

    async def pair(self, by: Forge, token: str | None = None, **changes: object) -> Answer:
        """A hub brings a token, by default the right one."""
        said = {"token": token or await self.token(), "ca": by.pem, "store": "shop", "hub": "hub-a", **changes}
        return await self.ask("/v1/pair", said=said)


async def ask(url: str, context: ssl.SSLContext | None, said: object = None) -> Answer:
    """One request on a connection of its own. Raises aiohttp.ClientError."""
    method = "GET" if said is None else "POST"
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http,
        http.request(method, url, json=said, ssl=context or False) as response,
    ):
        text = await response.text()
        is_json = response.content_type == "application/json"
        return Answer(response.status, text, await response.json() if is_json else None)


@asynccontextmanager
async def pairing_camera(
    folder: Path, limits: WebLimits | None = None, also: Callable[[web.Application], object] | None = None
) -> AsyncIterator[PairingCamera]:
    """A running one; a second time in the same folder it is the same camera, started again. `also` adds routes."""
    clock, device = ManualClock(), DeviceIdentity.open(folder, ID)
    trust = CameraTrust.open(device.pins, clock)
    async with await Journal.open(folder / "journal.db", SystemClock()) as journal:

        def identity() -> Identity:
            return Identity(ID, "test", "0", state=trust.state, fp=device.fp[:16], tls=True)

        services = events_only(journal)
        link = LinkServer(journal, identity(), services=services)
        sessions = Sessions()
        app = create_app(Facts(identity, dict, list), link, limits, sessions)
        camera = PairingCamera(folder, clock, device, trust, FactoryReset(folder, clock), app[KEEPER], link, services)
        camera.sessions = sessions
        place = Place(ID, device.fp, lambda: camera.port, lambda: ("127.0.0.1",))
        claims = Claims(clock.monotonic)
        PairingApi(place, trust, claims, camera.keeper, clock, camera.events.append).add_to(app)
        ResetApi(ID, device.fp, camera.reset, camera.events.append).add_to(app)
        trust.watch(camera.keeper.recheck)

        sessions.begin(Life(device.fp, clock.monotonic, camera.events.append, admission(trust)))
        SessionsApi(sessions, claims, Whereabouts(lambda: camera.port, lambda: ("127.0.0.1",))).add_to(app)
        add_page(app)
        if also is not None:
            also(app)
        trust.watch(sessions.sweep)
        async with opened(app, camera.keeper) as doors:
            camera.doors = doors
            camera.port = await doors.listen(TlsDoor(device, trust), "127.0.0.1", 0)
            camera.plain_port = await doors.listen(PlainDoor(), "127.0.0.1", 0)
            camera.socket = folder / "api.sock"
            await doors.listen_at(SocketDoor(), camera.socket)
            yield camera
            await link.close()
