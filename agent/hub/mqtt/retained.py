"""What the broker keeps for whoever comes later: how things are now, and how Home Assistant finds them.

Only what has changed is published. What was kept there once and is no more (a zone that was renamed, Home Assistant
switched off) is taken away; the journal remembers which topics those are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from agent.domain import Json
from agent.events.journal import Journal
from agent.hub.mqtt.outlet import publish_all
from agent.hub.mqtt.telling import Message, Topics, encoded

if TYPE_CHECKING:
    from agent.hub.mqtt.broker import Broker

KEY = "mqtt.retained"
LOOK_S = 0.5
"""How often it is looked how things are; they are told when they have changed."""

States = Callable[[], Mapping[str, Mapping[str, Json]]]
"""How things are now, by what they are called."""


class Retained:
    """`fixed` never changes while the camera lives; `states` is asked again and again and must take microseconds."""

    def __init__(self, journal: Journal, topics: Topics, fixed: Iterable[Message], states: States) -> None:
        self._journal = journal
        self._topics = topics
        self._fixed = [*fixed]
        self._states = states

    async def begin(self, broker: Broker) -> None:
        """Clear away what is not ours any more, then tell what is fixed. Raises LinkClosed."""
        now = {message.topic for message in [*self._fixed, *self._messages()]}
        before = await self._kept()
        await self._keep(now | before)
        await publish_all(broker, [Message(topic, b"", retain=True) for topic in sorted(before - now)])
        await publish_all(broker, self._fixed)
        await self._keep(now)

    async def run(self, broker: Broker) -> None:
        """Tell everything once, then what changes. Raises LinkClosed."""
        known: dict[str, bytes] = {}
        while True:
            changed = [message for message in self._messages() if known.get(message.topic) != message.payload]
            await publish_all(broker, changed)
            known |= {message.topic: message.payload for message in changed}
            await asyncio.sleep(LOOK_S)

    def _messages(self) -> list[Message]:
        return [
            Message(self._topics.state(what), encoded(fields), retain=True) for what, fields in self._states().items()
        ]

    async def _kept(self) -> set[str]:
        raw = await self._journal.kept(KEY)
        try:
            return set() if raw is None else msgspec.json.decode(raw, type=set[str])
        except msgspec.DecodeError:
            return set()

    async def _keep(self, topics: set[str]) -> None:
        if topics != await self._kept():
            await self._journal.keep(KEY, msgspec.json.encode(sorted(topics)))
