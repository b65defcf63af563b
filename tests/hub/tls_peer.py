"""A camera's TLS door as the contract has it, written apart from ours: TLS 1.3, pinned authorities, roles, pairing."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.hub.certificates import fingerprint
from agent.hub.claim_code import ClaimCode

TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWXY2"


@dataclass
class TlsPeer:
    """The camera `id`. `requests` has what came, as (path, role, body)."""

    id: str
    folder: Path
    token: str = TOKEN
    state: str = "unclaimed"
    authorities: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    port: int = 0
    fp: str = ""

    def __post_init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.id)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(1970, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(1970, 1, 2, tzinfo=UTC))  # long over: a hub must not mind
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
        self.fp = fingerprint(key.public_key())

    @property
    def file(self) -> Path:
        return self.folder / f"{self.id}.pem"

    def code(self, **changes: Any) -> ClaimCode:
        """What it shows."""
        return replace(ClaimCode(self.id, self.fp, self.token, "127.0.0.1", self.port), **changes)

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.file)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 has it by default
        if self.authorities:
            context.load_verify_locations(cadata="".join(self.authorities))
        return context

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[TlsPeer]:
        app = web.Application()
        app.router.add_post("/v1/pair", self._pair)
        app.router.add_get("/v1/status", self._answer)
        app.router.add_post("/v1/trust/authorities", self._authorities)
        app.router.add_post("/v1/trust/revoked", self._revoked)
        app.router.add_post("/v1/unpair", self._unpair)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._open()
        try:
            yield self
        finally:
            await self._runner.cleanup()

    async def _open(self) -> None:
        """Listen, anew when who is trusted has changed."""
        for site in list(self._runner.sites):
            await site.stop()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.context()).start()
        self.port = self._runner.addresses[0][1]

    async def _heard(self, request: web.Request, least: str) -> Any:
        said = await request.json() if request.can_read_body else None
        role = self._role(request)
        self.requests.append((request.path, role, said))
        if least not in ("stranger", role):
            raise web.HTTPForbidden(text=f"this takes a {least}\n")
        return said

    def _role(self, request: web.Request) -> str:
        assert request.transport is not None
        shown = request.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if shown is None:
            return "stranger"
        certificate = x509.load_der_x509_certificate(shown)
        if f"{certificate.serial_number:x}" in self.revoked:
            return "stranger"
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        return str(certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value)

    async def _pair(self, request: web.Request) -> web.Response:
        said = await self._heard(request, "stranger")
        if self.state == "claimed":
            raise web.HTTPConflict(text="this camera is claimed already\n")
        if said["token"] != self.token:
            raise web.HTTPForbidden(text="wrong token: 4 tries are left\n")
        self.state, self.token, self.authorities = "claimed", "", [said["ca"]]
        await self._open()
        return web.json_response({"id": self.id, "fp": self.fp, "state": self.state})

    async def _answer(self, request: web.Request) -> web.Response:
        await self._heard(request, "hub")
        return web.json_response({"state": self.state})

    async def _authorities(self, request: web.Request) -> web.Response:
        said = await self._heard(request, "hub")
        self.authorities = said["authorities"]
        await self._open()
        return web.json_response({"authorities": len(self.authorities)})

    async def _revoked(self, request: web.Request) -> web.Response:
        said = await self._heard(request, "hub")
        self.revoked = said["serials"]
        return web.json_response({"revoked": len(self.revoked)})

    async def _unpair(self, request: web.Request) -> web.Response:
        await self._heard(request, "hub")
        self.state, self.authorities = "unclaimed", []
        await self._open()
        return web.json_response({"state": self.state})
