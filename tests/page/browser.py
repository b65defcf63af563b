"""A browser as far as sessions go: a cookie, and a key by which it signs what it asks."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from itertools import count

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agent.hub.pinning import pinned_context
from agent.web.commission import COOKIE, SEAL
from tests.web.pairing_camera import PairingCamera

NUMBERS = count(1 << 40)


@dataclass
class Browser:
    """One with a key of its own; `cookie` is what it was given."""

    camera: PairingCamera
    cookie: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    async def enter(self, code: str) -> int:
        """Follow a link; the status."""
        status, _, cookies = await self.send("GET", f"/enter/{code}", {})
        self.cookie = cookies.get(COOKIE, "")
        return status

    async def give_key(self) -> int:
        """Say by which key it signs from now on."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return (await self.send("POST", "/v1/sessions/key", {}, b'{"key":"%s"}' % base64.b64encode(point)))[0]

    def seal(self, method: str, path: str, body: bytes = b"", number: int | None = None) -> str:
        """A signature over one request."""
        number = next(NUMBERS) if number is None else number
        signed = f"{method}\n{path}\n{number}\n{hashlib.sha256(body).hexdigest()}".encode()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(SHA256())))
        return (
            f"{number}.{base64.urlsafe_b64encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big')).decode().rstrip('=')}"
        )

    async def ask(self, path: str, body: bytes = b"") -> int:
        """Ask, signed; POST where something is said."""
        method = "POST" if body else "GET"
        return (await self.send(method, path, {SEAL: self.seal(method, path, body)}, body))[0]

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b"", source: str = "127.0.0.1"
    ) -> tuple[int, str, dict[str, str]]:
        """Status, text and cookies of one request on a connection of its own."""
        sent = {**headers, **({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})}
        connector = aiohttp.TCPConnector(ssl=pinned_context(self.camera.device.fp), local_addr=(source, 0))
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            http.request(method, self.camera.url(path), headers=sent, data=body or None) as response,
        ):
            cookies = {name: morsel.value for name, morsel in response.cookies.items()}
            return response.status, await response.text(), cookies
