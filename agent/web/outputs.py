"""The outputs over the API: how they are, silence with a reason, arming, and a test that is marked as one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from agent.errors import OperatorError
from agent.respond.alarms import MAX_TEST_S, UnknownOutput
from agent.respond.arming import ArmingMode
from agent.respond.desk import OutputsDesk
from agent.web.bodies import Reason, Who, Words, answer, read_body, refused, unknown


class Silence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/silence`: end what sounds, or what one output sounds."""

    reason: Reason
    by: Who = ""
    output: str | None = None


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/outputs/NAME/test`; a siren needs `confirm`."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=MAX_TEST_S)] = 2.0
    confirm: bool = False
    by: Who = ""


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/arming`; disarming needs a reason, and may end by itself after `for_s`."""

    mode: ArmingMode
    by: Who = ""
    reason: Words = ""
    for_s: Annotated[float, msgspec.Meta(gt=0, le=7 * 86400)] | None = None


@dataclass(frozen=True, slots=True)
class OutputsApi:
    """The routes of the outputs."""

    desk: OutputsDesk

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/outputs", self.show)
        app.router.add_post("/v1/outputs/{name}/test", self.test)
        app.router.add_post("/v1/silence", self.silence)
        app.router.add_post("/v1/arming", self.arm)

    async def show(self, _: web.Request) -> web.Response:
        """How they are, and what was said about arming."""
        bank = self.desk.bank
        outputs = [asdict(output) for output in bank.status()]
        return answer({"outputs": outputs, "arming": asdict(bank.arming.wish)})

    async def silence(self, request: web.Request) -> web.Response:
        """End what sounds, for the incidents that are open now."""
        wish = await read_body(request, Silence)
        try:
            silenced = self.desk.silence(wish.reason, wish.output, by=wish.by)
        except UnknownOutput as error:
            raise unknown(error) from None
        except OperatorError as error:
            raise refused(error) from None
        return answer({"silenced": silenced})

    async def test(self, request: web.Request) -> web.Response:
        """Try one output for some seconds."""
        wish, name = await read_body(request, Test), request.match_info["name"]
        try:
            self.desk.test(name, wish.seconds, confirm=wish.confirm, by=wish.by)
        except UnknownOutput as error:
            raise unknown(error) from None
        except OperatorError as error:
            raise refused(error) from None
        return answer({"testing": name, "seconds": wish.seconds})

    async def arm(self, request: web.Request) -> web.Response:
        """Arm, disarm or go by the schedules; kept over a restart before it is answered."""
        said = await read_body(request, Arm)
        try:
            wish = await self.desk.arm(said.mode, reason=said.reason, for_s=said.for_s, by=said.by)
        except OperatorError as error:
            raise refused(error) from None
        return answer(asdict(wish))
