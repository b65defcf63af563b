"""Certificates as a hub makes them, and such as nobody should take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.hub.certificates import (
    BEGINNING,
    NO_END,
    Key,
    authority_certificate,
    certificate_pem,
    key_pem,
    new_key,
)

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass
class Forge:
    """An authority and what it signs; files go to `folder`."""

    folder: Path
    name: str = "forge"
    key: Key = field(default_factory=new_key)
    serials: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.certificate = authority_certificate(self.key, self.name)

    @property
    def pem(self) -> str:
        """Its own certificate, for cameras to pin."""
        return certificate_pem(self.certificate).decode()

    def own(self) -> Path:
        """The authority itself as a client."""
        return self._write("itself", self.key, self.certificate)

    def issue(
        self,
        unit: str = "hub",
        name: str = "hub-a",
        *,
        usage: x509.ObjectIdentifier | None = CLIENT,
        is_authority: bool = False,
        begins: datetime = BEGINNING,
        ends: datetime = NO_END,
    ) -> Path:
        """Key and certificate of a client in one file."""
        key = new_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(_subject(unit, name))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return self._write(f"{unit}-{name}-{len(self.serials)}", key, builder.sign(self.key, hashes.SHA256()))

    def _write(self, name: str, key: Key, certificate: x509.Certificate) -> Path:
        path = self.folder / f"{self.name}-{name}.pem"
        path.write_bytes(key_pem(key) + certificate_pem(certificate))
        self.serials[path] = f"{certificate.serial_number:x}"
        return path


def _subject(unit: str, name: str) -> x509.Name:
    pairs = ((NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs if value])
