"""The outputs over the API: how they are, silence with a reason, arming, and a test that is marked as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from agent.domain import Event, Json, Severity
from agent.errors import OperatorError
from agent.events.journal import Journal
from agent.respond.alarms import MAX_TEST_S, AlarmBank, UnknownOutput
from agent.respond.arming import ArmingMode, Wish, keep_wish
from agent.web.bodies import Reason, Who, Words, answer, read_body, refused, unknown
from hal.ports import Clock


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
    """Everything that people may do with the outputs; each deed is journaled with who and why."""

    bank: AlarmBank
    journal: Journal
    clock: Clock
    report: Callable[[Event], None]

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/outputs", self.show)
        app.router.add_post("/v1/outputs/{name}/test", self.test)
        app.router.add_post("/v1/silence", self.silence)
        app.router.add_post("/v1/arming", self.arm)

    async def show(self, _: web.Request) -> web.Response:
        """How they are, and what was said about arming."""
        outputs = [asdict(output) for output in self.bank.status()]
        return answer({"outputs": outputs, "arming": asdict(self.bank.arming.wish)})

    async def silence(self, request: web.Request) -> web.Response:
        """End what sounds, for the incidents that are open now."""
        wish = await read_body(request, Silence)
        try:
            silenced = self.bank.silence(wish.reason, wish.output)
        except UnknownOutput as error:
            raise unknown(error) from None
        except OperatorError as error:
            raise refused(error) from None
        self._note("silence", {"outputs": [*silenced], "reason": wish.reason, "by": wish.by})
        return answer({"silenced": silenced})

    async def test(self, request: web.Request) -> web.Response:
        """Try one output for some seconds."""
        wish, name = await read_body(request, Test), request.match_info["name"]
        try:
            self.bank.test(name, wish.seconds, confirm=wish.confirm)
        except UnknownOutput as error:
            raise unknown(error) from None
        except OperatorError as error:
            raise refused(error) from None
        self._note("output_test", {"output": name, "seconds": wish.seconds, "by": wish.by, "test": True})
        return answer({"testing": name, "seconds": wish.seconds})

    async def arm(self, request: web.Request) -> web.Response:
        """Arm, disarm or go by the schedules; kept over a restart before it is answered."""
        said = await read_body(request, Arm)
        if said.mode == ArmingMode.DISARMED and not said.reason.strip():
            raise web.HTTPBadRequest(text="disarming needs a reason\n")
        until = None if said.for_s is None else self.clock.wall().utc_s + said.for_s
        wish = Wish(said.mode, said.by, said.reason, until)
        await keep_wish(self.journal, wish)
        self.bank.arming.say(wish)
        self.bank.rearm()
        severity = Severity.WARNING if said.mode == ArmingMode.DISARMED else Severity.INFO
        self._note("arming", {**asdict(wish), "mode": str(wish.mode)}, severity)
        return answer(asdict(wish))

    def _note(self, kind: str, data: dict[str, Json], severity: Severity = Severity.INFO) -> None:
        self.report(Event(kind, self.clock.monotonic(), severity, data))
