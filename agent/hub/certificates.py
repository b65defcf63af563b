"""Keys and X.509 certificates of the hub link: P-256, identifiers that OpenSSL's strict checks ask for, pins by key.

Validity: what is pinned is valid from 1970 to 9999, so that no wrong clock locks a hub or a camera out (RFC 5280,
4.1.2.5 has 9999-12-31 for certificates without an end). Only a technician's certificate has an end that counts.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey
BEGINNING, NO_END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
HUB, TECHNICIAN = "hub", "technician"
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: a camera whose clock is wrong must still know its hub."""


def new_key() -> Key:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def fingerprint(key: CertificatePublicKeyTypes) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo, 64 hex digits; its first 16 are what mDNS announces."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def fingerprint_of(certificate: bytes) -> str:
    """The fingerprint of the key in a certificate, DER. Raises ValueError for what is none."""
    return fingerprint(x509.load_der_x509_certificate(certificate).public_key())


def serial_text(certificate: x509.Certificate) -> str:
    """The serial number as lists of revoked certificates hold it: hex digits, lower case."""
    return f"{certificate.serial_number:x}"


def key_pem(key: Key) -> bytes:
    """The private key (PKCS #8), for its file alone."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """The certificate as text."""
    return certificate.public_bytes(Encoding.PEM)


def authority_certificate(key: Key, name: str) -> x509.Certificate:
    """A certificate authority's own, for certificates directly below it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(key.public_key(), subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return _signed(builder, key, subject)


def client_certificate(
    authority: x509.Certificate, authority_key: Key, key: Key, name: str, unit: str, *, until: datetime = NO_END
) -> x509.Certificate:
    """What shows a camera who calls: `unit` is `hub` or `technician` and decides the role, `name` says who it is."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = _builder(key.public_key(), subject, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return _signed(builder, authority_key, authority.subject)


def device_certificate(key: Key, device: str, host: str) -> x509.Certificate:
    """A camera's own, signed by itself: `device` is its id, `host` the name at which mDNS finds it. Pins decide."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    names = x509.SubjectAlternativeName([x509.DNSName(device), x509.DNSName(host)])
    builder = _builder(key.public_key(), subject).add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return _signed(builder, key, subject)


def _builder(key: ec.EllipticCurvePublicKey, subject: x509.Name, until: datetime = NO_END) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINNING)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, issuer_key: Key, issuer: x509.Name) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.issuer_name(issuer).add_extension(identifier, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
