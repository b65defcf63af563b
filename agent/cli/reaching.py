"""How a command reaches a camera: by the socket or the plain door on this computer, or over TLS with a pass.

A camera elsewhere is known by its name, its id or its address; the pass holds its key, so that mDNS may lie.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from agent.cli.options import HERE, PASS
from agent.errors import OperatorError

SOCKET = Path("/run/aislewatch/api.sock")
PLAIN = "http://127.0.0.1:8723"
TLS_PORT = 8743
LISTEN_S = 3.0
_ADDRESS = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]|localhost)(?::(\d{1,5}))?")
_CAMERA = re.compile(r"^camera (\S+) ([0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where requests go: `base` before the path, through a Unix socket or with TLS where that is given."""

    base: str
    socket: Path | None = None
    context: ssl.SSLContext | None = None

    def connector(self) -> aiohttp.BaseConnector:
        """A new connector, for one session."""
        if self.socket is not None:
            return aiohttp.UnixConnector(str(self.socket))
        return aiohttp.TCPConnector(ssl=self.context if self.context is not None else True)


def reach(camera: str) -> Reach:
    """How the camera that `--camera` names is reached. Raises OperatorError."""
    if camera == HERE:
        return _through(SOCKET) if _exists(SOCKET) else Reach(PLAIN)
    if camera.startswith("unix:"):
        return _through(Path(camera.removeprefix("unix:")))
    if "://" not in camera:
        camera = _place_of(camera)
    base = camera.rstrip("/")
    return Reach(base, context=_with_pass(base)) if base.startswith("https://") else Reach(base)


def _place_of(camera: str) -> str:
    """Where a camera is that is named by an address, a host name of mDNS, its id or its name. Raises OperatorError."""
    if match := _ADDRESS.fullmatch(camera):
        return f"https://{match[1]}:{match[2] or TLS_PORT}"
    from agent.hub.discover import Found, discover

    name = camera.removesuffix(".local").removeprefix("aislewatch-").lower()

    def meant(one: Found) -> bool:
        names = (one.id.lower(), one.name.lower(), one.name.lower().removeprefix("aislewatch-"))
        return name in names and bool(one.addresses)

    found = asyncio.run(discover(LISTEN_S, until=meant))
    for one in filter(meant, found):
        return one.urls("")[0]
    others = ", ".join(one.id or one.name for one in found) or "none"
    raise OperatorError(f"no camera called {camera} is on this network", hint=f"heard: {others}; or give its address")


def _through(socket: Path) -> Reach:
    if _exists(socket) and not os.access(socket, os.R_OK | os.W_OK):
        raise OperatorError(f"{socket} is not for you", hint="use sudo, or join the group aislewatch")
    return Reach("http://localhost", socket=socket)


def _exists(socket: Path) -> bool:
    try:
        return socket.exists()
    except PermissionError:  # its folder is not for everybody
        return True


def _with_pass(base: str) -> ssl.SSLContext:
    """TLS to a camera that the technician's pass names, by the key that stands there. Raises OperatorError."""
    from yarl import URL

    from agent.hub.pinning import pinned_context

    file, url = os.environ.get(PASS), URL(base)
    if not file:
        hint = f"give --pass FILE, or set {PASS}: the hub makes one (`tools/hub.py issue technician`)"
        raise OperatorError(f"{base} is for those with a pass", hint=hint)
    try:
        known = {fp: camera for camera, fp in _CAMERA.findall(Path(file).read_text())}
        fp = _key_at(url.host or "", url.port or 443)
    except OSError as error:  # ssl.SSLError is one
        raise OperatorError(f"no camera answers at {base}: {error}", hint=f"check the address, and {PASS}") from None
    if fp not in known:
        hint = "it is no camera of the hub that made the pass, or was claimed after that"
        raise OperatorError(f"the key at {base} does not stand in {file}", hint=hint)
    try:
        return pinned_context(fp, Path(file))
    except OSError as error:
        raise OperatorError(f"{file} cannot be used: {error}", hint="ask for a new pass") from None


def _key_at(host: str, port: int) -> str:
    """The fingerprint of the key that answers there; nothing is said to it. Raises OSError."""
    from agent.hub.certificates import fingerprint_of

    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port), timeout=10.0))
    return fingerprint_of(certificate)
