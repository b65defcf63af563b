"""Certificates for tests: a hub's authority with what it signs, and what attackers make to look like it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from agent.hub.certificates import (
    BEGINNING,
    HUB,
    NO_END,
    Key,
    authority_certificate,
    certificate_pem,
    client_certificate,
    key_pem,
    new_key,
    serial_text,
)
from agent.hub.keyring import Keyring

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class Signer:
    """Whoever signs: a key and the certificate for it."""

    key: Key
    certificate: x509.Certificate

    @classmethod
    def of(cls, path: Path) -> Signer:
        """What a PEM file holds."""
        key = load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, x509.load_pem_x509_certificate(path.read_bytes()))

    def hub(self, name: str = "hub-a") -> Signer:
        """A hub's certificate in the proper shape."""
        return self.client(name, HUB)

    def client(self, name: str, unit: str, ends: datetime = NO_END) -> Signer:
        """A certificate in the proper shape."""
        key = new_key()
        return Signer(key, client_certificate(self.certificate, self.key, key, name, unit, until=ends))

    def odd(
        self,
        *,
        uses: tuple[ObjectIdentifier, ...] = (CLIENT,),
        units: tuple[str, ...] = (HUB,),
        is_authority: bool = False,
        key: Key | None = None,
    ) -> Signer:
        """A certificate of any shape, in the name of hub-a."""
        key = key or new_key()
        names = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units]
        subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, "hub-a")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGINNING)
            .not_valid_after(NO_END)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        return Signer(key, builder.sign(self.key, hashes.SHA256()))

    def file(self, path: Path, *chain: x509.Certificate) -> Path:
        """Key and certificate, and what is shown with it, as a file for a client."""
        shown = b"".join(certificate_pem(one) for one in (self.certificate, *chain))
        path.write_bytes(key_pem(self.key) + shown)
        return path


def authority_of(keyring: Keyring) -> Signer:
    """The real authority of a hub, for certificates that it would never make."""
    return Signer.of(keyring.folder / f"authority-{keyring.trust().authorities[-1]}.pem")


def own_authority(name: str) -> Signer:
    """An attacker's own, under any name."""
    key = new_key()
    return Signer(key, authority_certificate(key, name))


@dataclass
class Forge:
    """A hub's authority as a camera meets it; what it issues goes to `folder`, by serial in `serials`."""

    folder: Path
    name: str = "forge"
    serials: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signer = own_authority(self.name)

    @property
    def pem(self) -> str:
        """Its own certificate, for cameras to pin."""
        return certificate_pem(self.signer.certificate).decode()

    def issue(self, unit: str = HUB, name: str = "hub-a", *, ends: datetime = NO_END) -> Path:
        """Key and certificate of a client in one file."""
        made = self.signer.client(name, unit, ends)
        path = made.file(self.folder / f"{self.name}-{unit}-{name}-{len(self.serials)}.pem")
        self.serials[path] = serial_text(made.certificate)
        return path
