"""A camera at its door: who it is, proven by TLS and announced by mDNS before the rest of it is there.

To load and open the rest takes a small board many seconds; whoever comes meanwhile is let in and waits for the answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from agent.beside import beside
from agent.config import Config
from agent.domain import Event, HealthSample, Json, Severity
from agent.errors import OperatorError
from agent.hostport import join
from agent.hub.addresses import reachable_addresses
from agent.hub.announce import Announcer
from agent.hub.identity import Identity
from agent.standing import Standing
from agent.tables.service import ApiConfig
from agent.web.doors import Doors, PlainDoor, SocketDoor, TlsDoor
from agent.web.guard import Doorkeeper, WebLimits
from hal.ports import Board, Clock

News = Event | HealthSample


@dataclass(slots=True)
class Ports:
    """Where the camera listens; None where it does not."""

    plain: int | None = None
    tls: int | None = None

    def url(self, config: ApiConfig) -> str:
        """An address for who is on this computer; "" where there is only the socket."""
        if self.plain is not None:
            return f"http://{join(config.host, self.plain)}"
        return f"https://{join(config.tls_host, self.tls)}" if self.tls is not None else ""


class Bulletin:
    """Keeps what is told before anybody reports it; from `hand_to` on it goes there at once."""

    def __init__(self) -> None:
        self._kept: list[News] = []
        self._report: Callable[[News], None] = self._kept.append

    def tell(self, item: News) -> None:
        """Something happened."""
        self._report(item)

    def hand_to(self, report: Callable[[News], None]) -> None:
        """There is somebody to report it."""
        self._report = report
        for item in self._kept:
            report(item)
        self._kept.clear()


@dataclass(slots=True)
class Doorway:
    """Belongs to the event loop. `tls` is None where the camera has no such door; `leave` closes and withdraws all."""

    config: ApiConfig
    clock: Clock
    standing: Standing
    bulletin: Bulletin
    ports: Ports = field(default_factory=Ports)
    doors: Doors = field(default_factory=lambda: Doors(Doorkeeper(WebLimits())))
    tls: TlsDoor | None = None
    starting: bool = True
    _announcer: Announcer | None = None
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    def identity(self) -> Identity:
        """The public facts as they are now."""
        return replace(self.standing.identity(), starting=self.starting)

    async def open(self) -> None:
        """Let in whoever comes, and announce the door for hubs. Raises OperatorError."""
        self._closing.callback(self.doors.close)
        await self._open_to_network()
        await self._open_here()
        port, host = self.ports.tls, self.config.tls_host
        if port is None:
            port, host = self.ports.plain, self.config.host
        if self.config.announce and port is not None:
            await self._announce(port, host)

    async def _open_to_network(self) -> None:
        config = self.config
        if keyed := self.standing.keyed:
            self.tls = TlsDoor(keyed.device, keyed.trust)
            with _explained(f"{config.tls_host} port {config.tls_port}", "api.tls_host or api.tls_port"):
                self.ports.tls = await self.doors.listen(self.tls, config.tls_host, config.tls_port)
            keyed.trust.watch(self._tell_facts)

    async def _open_here(self) -> None:
        """For who is on this computer."""
        config = self.config
        if config.plain:
            with _explained(f"{config.host} port {config.port}", "api.host or api.port"):
                self.ports.plain = await self.doors.listen(PlainDoor(), config.host, config.port)
        if config.socket is not None:
            with _explained(config.socket, "api.socket"):
                await self.doors.listen_at(SocketDoor(), Path(config.socket))

    async def _announce(self, port: int, host: str) -> None:
        """By mDNS, from now on: it warns, tries again, and never ends the app."""
        self._announcer = Announcer(self.identity(), port, partial(reachable_addresses, host), self._conflict)
        await self._closing.enter_async_context(beside(self._announcer.run(), "announce"))

    def begin(self) -> None:
        """Everything is there: whoever asks is answered."""
        self.starting = False
        self._tell_facts()

    async def leave(self) -> None:
        """Let nobody in any more, and say goodbye."""
        await self._closing.aclose()

    def _tell_facts(self) -> None:
        if self._announcer is not None:
            self._announcer.update(self.identity())

    def _conflict(self, words: str) -> None:
        data: dict[str, Json] = {"name": self.standing.identity().name, "other": words}
        self.bulletin.tell(Event("name_conflict", self.clock.monotonic(), Severity.WARNING, data))


@asynccontextmanager
async def doorway(config: Config, board: Board, clock: Clock) -> AsyncIterator[Doorway]:
    """All doors are open, the one for hubs announced, while this lasts. Raises OperatorError where one is taken."""
    bulletin = Bulletin()
    door = Doorway(config.api, clock, Standing.open(config, board, clock, bulletin.tell), bulletin)
    try:
        await door.open()
        yield door
    finally:
        await door.leave()


@contextmanager
def _explained(where: str, keys: str) -> Iterator[None]:
    """Raises OperatorError in place of an OSError."""
    try:
        yield
    except OSError as error:
        hint = f"another program uses it, or it is not this computer's; change {keys}"
        raise OperatorError(f"cannot listen on {where}: {error.strerror or error}", hint=hint) from None
