"""Where a door listens: `::` is both kinds of IP under one port, and the other hosts mean what they always did."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.web.listening import listen, port_of
from tools.loopback import free_port


class Greeting(asyncio.Protocol):
    """Says from where somebody came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(str(transport.get_extra_info("peername")[0]).encode())
        transport.close()


@asynccontextmanager
async def listening(host: str, port: int = 0) -> AsyncIterator[int]:
    servers = await listen(Greeting, host, port)
    try:
        assert len({port_of(server) for server in servers}) == 1
        yield port_of(servers[0])
    finally:
        for server in servers:
            server.close()


async def greeting(host: str, port: int) -> str:
    """From where one seems to come there; "" where nobody listens."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return ""
    said = await reader.read()
    writer.close()
    return said.decode()


@pytest.fixture
def six() -> None:
    """Skips where this computer has no loopback address of IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


@pytest.mark.usefixtures("six")
@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("::", ["127.0.0.1", "::1"]),
        ("0.0.0.0", ["127.0.0.1", ""]),
        ("127.0.0.1", ["127.0.0.1", ""]),
        ("::1", ["", "::1"]),
    ],
)
async def test_a_host_means_its_own_addresses(host: str, found: list[str]) -> None:
    async with listening(host) as port:
        assert [await greeting(there, port) for there in ("127.0.0.1", "::1")] == found


@pytest.mark.usefixtures("six")
async def test_a_port_that_is_taken_of_one_kind_is_not_taken_of_the_other() -> None:
    async with listening("0.0.0.0") as port:
        with pytest.raises(OSError, match="address already in use"):
            await listen(Greeting, "::", port)
        assert await greeting("::1", port) == ""


async def test_a_computer_without_ipv6_listens_at_all_it_has(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = socket.socket

    def without(family: int = -1, *rest: Any, **more: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6 in this kernel")
        return made(family, *rest, **more)

    monkeypatch.setattr("asyncio.base_events.socket.socket", without)
    async with listening("::", free_port()) as port:
        monkeypatch.undo()
        assert await greeting("127.0.0.1", port) == "127.0.0.1"
        assert await greeting("::1", port) == ""
    assert "no IPv6" in caplog.text
