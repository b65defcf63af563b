"""The camera at a broker: connects, comes back after every break, and never delays anything else by that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agent.domain import Json
from agent.errors import LinkClosed, OperatorError, single
from agent.hostport import join
from agent.hub.backoff import Backoff
from agent.hub.mqtt.ordering import Ordering
from agent.hub.mqtt.outlet import Outlet
from agent.hub.mqtt.retained import Retained
from agent.hub.mqtt.telling import Message, Topics, encoded
from agent.metrics import Metric, counter, gauge
from agent.tables.mqtt import MqttConfig
from hal.ports import Clock

if TYPE_CHECKING:
    from agent.hub.mqtt.broker import Broker

log = logging.getLogger(__name__)

BACKOFF = Backoff(first_s=0.5, most_s=30.0)
STEADY_S = 10.0
"""A connection that lasts so long makes the next pause a short one."""
CLOSE_S = 2.0


class MqttService:
    """`running` while the camera lives. `ordering` is None where no orders are taken."""

    def __init__(
        self,
        config: MqttConfig,
        topics: Topics,
        outlet: Outlet,
        retained: Retained,
        clock: Clock,
        ordering: Ordering | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._config = config
        self._topics = topics
        self._outlet = outlet
        self._retained = retained
        self._clock = clock
        self._ordering = ordering
        self._backoff = backoff or BACKOFF
        self._failures = 0
        self.connected = False
        self.connections = 0
        self.orders = 0
        self.trouble = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end the broker is told that the camera is gone, if that takes no more than a moment."""
        task = asyncio.create_task(self._run(), name="mqtt")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=CLOSE_S)

    def facts(self) -> dict[str, Json]:
        """For the status."""
        return {
            "broker": join(*self._config.address),
            "connected": self.connected,
            "connections": self.connections,
            "told": self._outlet.told,
            "behind": self._outlet.behind,
            "orders": self.orders,
            "trouble": self.trouble,
        }

    def metrics(self) -> Iterator[Metric]:
        """For Prometheus."""
        yield gauge("aislewatch_mqtt_connected", float(self.connected), "1 while the broker has welcomed the camera")
        yield counter("aislewatch_mqtt_connections_total", self.connections, "Welcomes of the broker since the start")
        yield counter("aislewatch_mqtt_told_total", self._outlet.told, "Entries that the broker confirmed")
        yield gauge("aislewatch_mqtt_behind", self._outlet.behind, "Entries that it has not confirmed yet")
        yield counter("aislewatch_mqtt_orders_total", self.orders, "Orders that came by the broker")

    async def _run(self) -> None:
        while True:
            try:
                await self._until_broken()
            except (OperatorError, LinkClosed) as error:
                self._broken(f"{error}{f' ({error.hint})' if isinstance(error, OperatorError) and error.hint else ''}")
            except Exception:  # a task boundary: an optional service never ends the camera
                log.exception("telling the broker failed")
                self._broken("an error of the camera's own: see its log")
            await asyncio.sleep(self._backoff.pause_s(self._failures - 1))

    async def _until_broken(self) -> None:
        """One connection, from its welcome to its end. Raises LinkClosed, OperatorError."""
        from agent.hub.mqtt.broker import connected  # aiomqtt is loaded where there is a broker only

        loop = asyncio.get_running_loop()
        try:
            async with connected(self._config, self._topics, timely=self._clock.wall().synchronised) as broker:
                since_s = loop.time()
                try:
                    await self._serve(broker)
                finally:
                    if loop.time() - since_s > STEADY_S:
                        self._failures = 0
        finally:
            self.connected = False

    async def _serve(self, broker: Broker) -> None:
        """Everything that is done at once while the connection lasts."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(broker))
                await self._introduce(broker)
                tasks.create_task(self._retained.run(broker))
                tasks.create_task(self._outlet.run(broker))
        except* LinkClosed as group:
            raise LinkClosed(str(_first(group))) from None

    async def _introduce(self, broker: Broker) -> None:
        if self._ordering:
            await broker.subscribe(self._topics.command)
        await self._retained.begin(broker)
        self.connected, self.trouble = True, ""
        self.connections += 1
        log.info("the broker %s:%d has welcomed the camera", *self._config.address)

    async def _listen(self, broker: Broker) -> None:
        async for message in broker.heard():
            if self._ordering is None:
                continue
            self.orders += 1
            payload = message.payload if isinstance(message.payload, bytes) else b""
            result = await self._ordering.obey(payload, retained=bool(message.retain))
            await broker.publish(Message(self._topics.result, encoded(result)))

    def _broken(self, why: str) -> None:
        """Told once as a warning; then it is only noted, until a connection stood again."""
        self._failures += 1
        log.log(logging.DEBUG if self.trouble else logging.WARNING, "no broker: %s", why)
        self.trouble = why


def _first(group: BaseExceptionGroup[LinkClosed]) -> BaseException:
    found: BaseException = single(group)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
