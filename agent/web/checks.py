"""Checks that the camera makes of its own network and disk, for whoever stands elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from agent.doctor.checking import CheckDesk
from agent.doctor.steps import DEFAULT_NTP, DEFAULT_PORTAL, Checked
from agent.hub.callers import Role
from agent.web.bodies import answer, read_body
from agent.web.callers import caller_of

Host = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._:-]{1,253}\Z")]
Page = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://", max_length=500)]


class CheckNetwork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/checks/network`."""

    ntp: Host = DEFAULT_NTP
    portal: Page = DEFAULT_PORTAL
    offline: bool = False


class CheckDisk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/checks/disk`."""


@dataclass(frozen=True, slots=True)
class ChecksApi:
    """The routes."""

    desk: CheckDesk

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/v1/checks/network", self.network)
        app.router.add_post("/v1/checks/disk", self.disk)

    async def network(self, request: web.Request) -> web.Response:
        """Ask the network. Raises HTTPForbidden where somebody elsewhere would have it open a page of theirs."""
        wish = await read_body(request, CheckNetwork)
        if wish.portal != DEFAULT_PORTAL and caller_of(request).role < Role.LOCAL:
            raise web.HTTPForbidden(text="another page is asked on the camera itself only: leave --portal out\n")
        return _told(await self.desk.network(wish.ntp, wish.portal, offline=wish.offline))

    async def disk(self, request: web.Request) -> web.Response:
        """Look at the disk that holds the camera's data."""
        await read_body(request, CheckDisk)
        return _told(await self.desk.disk())


def _told(checked: Checked) -> web.Response:
    return answer({"steps": [step._asdict() for step in checked.steps], "age_s": checked.age_s})
