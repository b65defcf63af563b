"""A camera that answers, as those who started it have it in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from agent.config import Config
    from agent.desk import Desk
    from agent.doorway import Ports
    from agent.status import StatusDesk


@dataclass(frozen=True, slots=True)
class Running:
    """`url` is for who is on this computer."""

    config: Config
    status: StatusDesk
    desk: Desk
    api: web.Application
    ports: Ports
    url: str

    def linked(self) -> bool:
        """Whether a hub has the journal sent to it now."""
        return any(link.hub for link in self.status.link.links())
