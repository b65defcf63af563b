"""The journal on its way to the broker: in order, at least once, and never more than a few unconfirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.errors import LinkClosed
from agent.events.journal import Journal, Position, Slice
from agent.events.wire import Gap, Record
from agent.hub.mqtt.onvif import onvif_message
from agent.hub.mqtt.telling import MOST_ON_THE_WAY, Message, Topics, entries, message_of

if TYPE_CHECKING:
    from agent.hub.mqtt.broker import Broker

CONSUMER = "mqtt"


class Outlet:
    """Its cursor in the journal moves when the broker has confirmed everything up to there; both survive restarts."""

    def __init__(self, journal: Journal, topics: Topics, *, onvif: bool) -> None:
        self._journal = journal
        self._topics = topics
        self._onvif = onvif
        self.told = 0

    @property
    def behind(self) -> int:
        """Numbers of the journal that the broker has not confirmed."""
        return self._journal.head.last_seq - self._journal.cursor(CONSUMER).seq

    async def run(self, broker: Broker) -> None:
        """Tell what the broker has not confirmed yet, then what comes. Raises LinkClosed."""
        while True:
            at = self._journal.cursor(CONSUMER)
            await self._journal.wait_for_new(at)
            part = await self._journal.read(at, MOST_ON_THE_WAY)
            await self._tell(broker, part)
            self._journal.acknowledge(CONSUMER, Position(part.epoch, part.through))

    async def _tell(self, broker: Broker, part: Slice) -> None:
        found = [*entries(part)]
        await publish_all(broker, [message for entry in found for message in self._messages(part.epoch, entry)])
        self.told += len(found)

    def _messages(self, epoch: str, entry: Record | Gap) -> Iterator[Message]:
        yield message_of(self._topics, epoch, entry)
        if self._onvif and isinstance(entry, Record) and (named := onvif_message(self._topics, entry)):
            yield named


def let_go(journal: Journal) -> None:
    """There is no broker any more: what it never confirmed is not kept for it beyond this start."""
    if journal.cursor(CONSUMER).seq:
        journal.acknowledge(CONSUMER, Position(journal.head.epoch, journal.head.last_seq))


async def publish_all(broker: Broker, messages: list[Message]) -> None:
    """Have all of them confirmed. Raises LinkClosed, the first one that there was.

    Tasks begin in the order in which they are made, and so do the publications.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for message in messages:
                tasks.create_task(broker.publish(message))
    except* LinkClosed as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[LinkClosed]) -> LinkClosed:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, LinkClosed)
    return found
