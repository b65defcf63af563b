"""A camera's door before the rest of it is there: it proves who it is, and whoever waits is answered in the end."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

from agent.config import Config, parse_config
from agent.domain import Event
from agent.doorway import Bulletin, News, doorway
from agent.hub.certificates import fingerprint_of
from agent.hub.identity import Identity
from agent.web.api import Facts, create_app
from agent.web.doors import Doors, PlainDoor
from agent.web.guard import Doorkeeper, WebLimits
from agent.web.serving import answered
from hal.board import LinuxBoard
from hal.system import SystemClock
from tests.e2e.camera import config_text

REQUEST = b"GET /v1/identity HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class MuteDoor(PlainDoor):
    """Encrypts, and whoever comes says nothing."""

    def context(self) -> ssl.SSLContext:  # type: ignore[override]
        return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def camera(folder: Path) -> tuple[Config, LinuxBoard]:
    return parse_config(config_text(folder, tls_port=0)), LinuxBoard(str(folder))


async def knock(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return await asyncio.open_connection("127.0.0.1", port, ssl=context)


async def test_it_proves_who_it_is_at_once_and_answers_when_there_is_somebody(tmp_path: Path) -> None:
    async with doorway(*camera(tmp_path), SystemClock()) as door:
        assert door.standing.keyed is not None
        assert door.identity().facts()["starting"] == "1"
        reader, writer = await knock(door.ports.tls or 0)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert fingerprint_of(shown) == door.standing.keyed.device.fp
        writer.write(REQUEST)
        waiting = asyncio.create_task(reader.read())
        await asyncio.sleep(0)
        assert not waiting.done()
        api = create_app(Facts(door.standing.identity, dict, list), keeper=door.doors.keeper)
        async with answered(api, door.doors):
            assert (await waiting).startswith(b"HTTP/1.1 200")
            writer.close()
            door.begin()
            assert "starting" not in door.identity().facts()


async def test_who_waits_costs_no_deadline_and_is_let_go_at_the_end() -> None:
    """The other, who never ends the handshake and came later, is cut by then."""
    doors = Doors(Doorkeeper(WebLimits(request_s=0.2)))
    plain, tls = await doors.listen(PlainDoor(), "127.0.0.1", 0), await doors.listen(MuteDoor(), "127.0.0.1", 0)
    waiter, one = await asyncio.open_connection("127.0.0.1", plain)
    one.write(REQUEST)
    while doors.keeper.connections < 1:  # noqa: ASYNC110  what is waited for sends no event
        await asyncio.sleep(0.01)
    other, two = await asyncio.open_connection("127.0.0.1", tls)
    with suppress(ConnectionResetError):
        assert await other.read() == b""
    assert doors.keeper.connections == 1
    doors.close()
    with suppress(ConnectionResetError):
        assert await waiter.read() == b""
    assert doors.keeper.connections == 0
    one.close()
    two.close()


async def test_what_happens_before_anybody_reports_is_reported_in_order(tmp_path: Path) -> None:
    heard: list[News] = []
    async with doorway(*camera(tmp_path), SystemClock()) as door:
        door.bulletin.hand_to(heard.append)
    assert [(item.kind, item.data["what"]) for item in heard if isinstance(item, Event)] == [
        ("pairing", "new_identity")
    ]
    bulletin, late = Bulletin(), Event("name_conflict", 1.0)
    bulletin.hand_to(heard.append)
    bulletin.tell(late)
    assert heard[-1] is late


def test_only_who_starts_says_so() -> None:
    facts = Identity("cam-1", "board", "1").facts()
    assert Identity("cam-1", "board", "1", starting=True).facts() == facts | {"starting": "1"}
    assert "starting" not in facts
