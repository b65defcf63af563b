"""Certificates that attackers make: of other authorities, for other uses, below what may not sign."""

from __future__ import annotations

from dataclasses import dataclass
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
        key = new_key()
        return Signer(key, client_certificate(self.certificate, self.key, key, name, HUB))

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
