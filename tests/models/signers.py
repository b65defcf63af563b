"""Who signs model bundles in tests, and what they sign."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import models
from agent.hub.certificates import BEGINNING, NO_END
from agent.models.bundles.manifest import GOLDEN, MANIFEST
from agent.models.bundles.parcel import Parcel, read_parcel
from tests.models.spoilt import Spoil
from tools.model_bundle import bundle_of, files_of, signed

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """A private key and its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def signer(
    name: str = "Releases",
    key: Key | None = None,
    issuer: Signer | None = None,
    *,
    authority: bool = True,
    until: datetime = NO_END,
) -> Signer:
    """A signer, by default one who may sign others, too; signed by `issuer`, else by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = issuer or Signer(key, None)  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINNING)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage(signs_certificates=authority), critical=True)
    )
    digest = None if isinstance(above.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Signer(key, builder.sign(above.key, digest))


def usage(*, signs_certificates: bool, signs: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


FILES = files_of("person-s", models.DIRECTORY)
MODEL = "person-s.tflite"
LAST_YEAR = datetime(2025, 12, 31, tzinfo=UTC)


def made(
    by: Signer,
    version: str = "2",
    *,
    agent: str = "0.1",
    slower: float = 50.0,
    replaces: tuple[str, ...] = (),
    files: Mapping[str, bytes] = FILES,
) -> bytes:
    """A bundle of our small model, which may be very slow: tests share their computer."""
    description = bundle_of("person-s", version, files, agent=agent, slower=slower, replaces=replaces)
    return signed(description, files, by.key_pem, by.pem)


def spoilt_files(spoil: Spoil) -> dict[str, bytes]:
    """The files of a bundle whose model was spoiled before its hash was taken, without goldens."""
    spoilt = spoil(FILES[MODEL])
    before, after = (hashlib.sha256(content).hexdigest().encode() for content in (FILES[MODEL], spoilt))
    files = {**FILES, MODEL: spoilt, MANIFEST: FILES[MANIFEST].replace(before, after)}
    del files[GOLDEN]
    return files


def parcel(folder: Path, by: Signer, version: str = "2", *, agent: str = "0.1", slower: float = 50.0) -> Parcel:
    """The same, read back."""
    path = folder / f"{version}.model"
    path.write_bytes(made(by, version, agent=agent, slower=slower))
    return read_parcel(path, (by.certificate,))
