"""What a link offers beside the journal: commands, attachments, and the word of what this camera can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.domain import Event
from agent.events.journal import Journal
from agent.events.wire import Capabilities
from agent.hub.attachments import Attachments
from agent.hub.commands import CommandDesk
from agent.hub.results import ResultBook


@dataclass(frozen=True, slots=True)
class LinkServices:
    """Shared by all links."""

    commands: CommandDesk
    attachments: Attachments
    capabilities: Callable[[], Capabilities]


def events_only(journal: Journal) -> LinkServices:
    """A link that takes no commands."""

    def report(event: Event) -> None:
        journal.append_nowait(event)

    commands = CommandDesk({}, ResultBook(journal), lambda: journal.clock_facts().mono_s, report)
    return LinkServices(commands, Attachments(), Capabilities)
