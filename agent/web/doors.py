"""The doors of the API: TLS for the network, a Unix socket for those who work on the camera, plain HTTP on loopback."""

from __future__ import annotations

import asyncio
import grp
import ipaddress
import os
import pwd
import socket
import ssl
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from agent.errors import OperatorError
from agent.hub.callers import STRANGER, Caller, Role
from agent.hub.certificates import NO_CHECK_TIME
from agent.hub.identity_key import DeviceIdentity
from agent.hub.trust import CameraTrust
from agent.web.guard import Door, Doorkeeper, network_of
from agent.web.listening import BACKLOG, listen, port_of
from agent.web.vestibule import Vestibule

LOCAL_GROUP = "aislewatch"
_PEER = struct.Struct("3i")


class PlainDoor:
    """Unencrypted, for this computer: from elsewhere everybody is a stranger."""

    def context(self) -> None:
        """Nothing is encrypted."""

    def caller(self, transport: asyncio.BaseTransport) -> Caller:
        """Who is on this computer is local."""
        address = transport.get_extra_info("peername")
        return Caller(Role.LOCAL) if address and ipaddress.ip_address(address[0]).is_loopback else STRANGER


class SocketDoor:
    """A Unix socket: the kernel says who is there."""

    def context(self) -> None:
        """Nothing is encrypted."""

    def caller(self, transport: asyncio.BaseTransport) -> Caller:
        """Root, the agent's own user and members of the group `aislewatch` are local."""
        peer = transport.get_extra_info("socket")
        try:
            _, uid, gid = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        except OSError:  # it is gone
            return STRANGER
        name = _user_name(uid)
        return Caller(Role.LOCAL, name) if uid in (0, os.geteuid()) or _in_group(name, gid) else STRANGER


class TlsDoor:
    """TLS 1.3; who shows a certificate of the pinned hub is a hub or technician, everybody else a stranger.

    There are no session tickets: every connection proves anew who it is.
    """

    def __init__(self, identity: DeviceIdentity, trust: CameraTrust) -> None:
        self._identity = identity
        self._trust = trust
        self._authorities: tuple[str, ...] | None = None
        self._context = self._made()

    def context(self) -> ssl.SSLContext:
        """The authorities that are pinned now decide which certificates are taken at all."""
        if self._authorities != self._trust.pins.authorities:
            self._context = self._made()
        return self._context

    def caller(self, transport: asyncio.BaseTransport) -> Caller:
        """Who the certificate says, as far as that counts now."""
        return self._trust.caller(certificate_of(transport))

    def _made(self) -> ssl.SSLContext:
        """Raises OperatorError where the key in its file cannot be used."""
        self._authorities = self._trust.pins.authorities
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= NO_CHECK_TIME
        try:
            context.load_cert_chain(self._identity.certificate, self._identity.key)
        except OSError as error:
            hint = f"remove {self._identity.folder}: a new identity is made, and the camera has to be paired anew"
            raise OperatorError(f"the identity in {self._identity.folder} cannot be used: {error}", hint=hint) from None
        if self._authorities:
            context.load_verify_locations(cadata="\n".join(self._authorities))
        return context


class Doors:
    """Where the camera listens; whoever comes before somebody answers (`Doorkeeper.serve`) is let in and waits."""

    def __init__(self, keeper: Doorkeeper) -> None:
        self.keeper = keeper
        self._listening: list[asyncio.Server] = []
        self._sockets: list[Path] = []
        self._vestibules: list[Vestibule] = []
        self._taking: set[asyncio.Task[None]] = set()

    async def listen(self, door: Door, host: str, port: int) -> int:
        """Listen there as well; which port it is, as 0 takes a free one. Raises OSError."""
        is_public = isinstance(door, TlsDoor)
        servers = await listen(self.keeper.guarding(door), host, port, start=not is_public)
        self._listening += servers
        if is_public:
            self._await_turns(door, servers)
        return port_of(servers[0])

    async def listen_at(self, door: Door, path: Path) -> None:
        """Listen at a Unix socket, for its owner and group. Raises OSError."""
        server = await asyncio.get_running_loop().create_unix_server(self.keeper.guarding(door), path, backlog=BACKLOG)
        self._listening.append(server)
        self._sockets.append(path)
        _let_group_in(path)

    async def take(self, door: Door, connection: socket.socket) -> None:
        """Serve a connection that the camera has opened itself like one that came to this door. Raises OSError."""
        await asyncio.get_running_loop().connect_accepted_socket(self.keeper.guarding(door), connection)

    async def _take(self, door: Door, connection: socket.socket) -> None:
        with suppress(OSError):  # it is gone
            await self.take(door, connection)

    def _await_turns(self, door: Door, servers: Iterable[asyncio.Server]) -> None:
        """Whoever comes to these servers, which do not listen, waits until it is their turn. Raises OSError."""

        def let_in(connection: socket.socket) -> None:
            taking = asyncio.create_task(self._take(door, connection))
            self._taking.add(taking)
            taking.add_done_callback(self._taking.discard)

        keeper = self.keeper
        vestibule = Vestibule(keeper.turns, network_of, let_in, keeper.turned_away, keeper.interlude)
        self._vestibules.append(vestibule)
        vestibule.open([one.dup() for server in servers for one in server.sockets])

    def close(self) -> None:
        """Let nobody in any more; who is served stays until the application lets go."""
        for vestibule in self._vestibules:
            vestibule.close()
        for server in self._listening:
            server.close()
        for path in self._sockets:
            path.unlink(missing_ok=True)
        self.keeper.close()


def certificate_of(transport: asyncio.BaseTransport | None) -> bytes | None:
    """The certificate (DER) that the other end of a connection has shown, if any; none once it is closing."""
    if transport is None or transport.is_closing():  # asyncio's TLS transports, closed twice, raise AttributeError
        return None
    tls = transport.get_extra_info("ssl_object")
    found: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
    return found


def _let_group_in(path: Path) -> None:
    path.chmod(0o660)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _in_group(name: str, gid: int) -> bool:
    """Whether a user is in the group of those who may work on the camera."""
    try:
        group = grp.getgrnam(LOCAL_GROUP)
    except KeyError:
        return False
    return gid == group.gr_gid or name in group.gr_mem
