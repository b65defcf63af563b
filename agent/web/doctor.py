"""What a doctor of cameras asks over the API: the facts of one look, and a signed record of one."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from aiohttp import web

from agent.doctor.desk import DoctorDesk
from agent.web.bodies import Who, Words, answer, read_body
from agent.web.callers import who_says


class WriteRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/doctor/record`."""

    by: Who = ""
    note: Words = ""


@dataclass(frozen=True, slots=True)
class DoctorApi:
    """The routes."""

    desk: DoctorDesk

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/doctor", self.look)
        app.router.add_post("/v1/doctor/record", self.record)

    async def look(self, _: web.Request) -> web.Response:
        """The facts of one look (agent.doctor.facts)."""
        return answer(await self.desk.facts())

    async def record(self, request: web.Request) -> web.Response:
        """Look, judge and sign: the record's files by name."""
        wish = await read_body(request, WriteRecord)
        files = await self.desk.record(who_says(request, wish.by), wish.note)
        return answer({"files": {name: content.decode() for name, content in files.items()}})
