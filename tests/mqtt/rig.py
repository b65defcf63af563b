"""A listener at a broker, and a camera's journal with its MQTT service."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt

from agent.beside import beside
from agent.domain import Event, Json, Severity
from agent.events.journal import Journal
from agent.hub.backoff import Backoff
from agent.hub.mqtt.ordering import Ordering
from agent.hub.mqtt.outlet import Outlet
from agent.hub.mqtt.retained import Retained
from agent.hub.mqtt.service import MqttService
from agent.hub.mqtt.telling import Message, Topics
from agent.tables.mqtt import MqttConfig
from hal.ports import Clock
from hal.system import SystemClock

DEVICE = "cam0001"
TOPICS = Topics("aislewatch", DEVICE)
SOON = Backoff(0.05, 0.2)


@dataclass
class Heard:
    """What a second client heard, in order, over all its connections."""

    messages: list[tuple[str, bytes, bool]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    listening: asyncio.Event = field(default_factory=asyncio.Event)

    def last(self, topic: str) -> bytes | None:
        """The newest payload of a topic."""
        return next((payload for name, payload, _ in reversed(self.messages) if name == topic), None)

    def shown(self, topic: str) -> dict[str, Any]:
        """The newest JSON of a topic; empty before there is any."""
        fields: dict[str, Any] = json.loads(self.last(topic) or b"{}")
        return fields

    def bodies(self, beginning: str) -> list[dict[str, Any]]:
        """The JSON of all topics that begin so."""
        return [json.loads(payload) for name, payload, _ in self.messages if name.startswith(beginning) and payload]

    def numbers(self) -> list[int]:
        """The numbers of the test's events, as they came."""
        return [body["n"] for body in self.bodies(f"{TOPICS.base}/event/")]

    async def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def listening(
    port: int, *filters: str, context: ssl.SSLContext | None = None, name: str = "second"
) -> AsyncIterator[Heard]:
    """A client with a lasting session that comes back whenever the broker does."""
    heard = Heard()
    wanted = filters or (f"{TOPICS.beginning}/#",)
    async with beside(_listen(heard, wanted, lambda: client(port, context=context, identifier=name))):
        async with asyncio.timeout(20):
            await heard.listening.wait()
        yield heard


async def _listen(heard: Heard, filters: tuple[str, ...], make: Callable[[], aiomqtt.Client]) -> None:
    while True:
        with suppress(aiomqtt.MqttError):
            async with make() as second:
                for one in filters:
                    await second.subscribe(one, qos=1)
                heard.listening.set()
                async for message in second.messages:
                    heard.messages.append((str(message.topic), bytes(message.payload), bool(message.retain)))
                    heard.news.set()
        await asyncio.sleep(0.05)


def client(port: int, *, identifier: str, context: ssl.SSLContext | None = None) -> aiomqtt.Client:
    """Another client, with a lasting session and of another protocol version than the camera's."""
    return aiomqtt.Client(
        "127.0.0.1", port, identifier=identifier, clean_session=False, tls_context=context, timeout=5, keepalive=5
    )


@dataclass
class Camera:
    """A journal and its service."""

    journal: Journal
    service: MqttService
    states: dict[str, Mapping[str, Json]]

    async def happen(self, *numbers: int) -> None:
        """Events with these numbers; they are on the disk when this returns."""
        done = [self.journal.append_nowait(Event("dwell", float(n), Severity.INFO, {"n": n})) for n in numbers]
        await asyncio.gather(*map(asyncio.wrap_future, done))


@asynccontextmanager
async def camera(
    folder: Path,
    port: int,
    *,
    settings: Mapping[str, Any] | None = None,
    fixed: tuple[Message, ...] = (),
    ordering: Ordering | None = None,
    states: Mapping[str, Mapping[str, Json]] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Camera]:
    """A camera's end as the agent composes it, without a camera."""
    plain: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": False, "keepalive_s": 2}
    config = MqttConfig(**(plain | dict(settings or {})))
    now: dict[str, Mapping[str, Json]] = {"alarm": {"on": False}, **(states or {})}
    async with await Journal.open(folder / "journal.db", SystemClock()) as journal:
        outlet = Outlet(journal, TOPICS, onvif=config.onvif)
        retained = Retained(journal, TOPICS, fixed, lambda: now)
        service = MqttService(config, TOPICS, outlet, retained, clock or SystemClock(), ordering, SOON)
        async with service.running():
            yield Camera(journal, service, now)


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait on the loop for what no event tells."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the camera tells nobody
            await asyncio.sleep(0.01)
