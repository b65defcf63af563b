"""Judges certificates: which authority may be pinned, and whom a client's certificate makes of its holder.

OpenSSL has checked at the door that the holder has the key and that a pinned authority signed. What stands here is
asked anew for every request, so that a pin or a pass that is withdrawn ends at once; and it is stricter: no authority
between, no authority's own certificate, and only one made for clients.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.errors import OperatorError
from agent.hub.callers import Role
from agent.hub.certificates import HUB, TECHNICIAN, serial_text

MAX_PEM = 8192
_ROLES = {HUB: Role.HUB, TECHNICIAN: Role.TECHNICIAN}
_HINT = "send the certificate of the hub's own authority (P-256, PEM), such as tools/hub.py makes"


_UNREADABLE = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""All that `cryptography` raises about certificates that are wrong in themselves."""


class BadAuthority(OperatorError):
    """What was sent cannot be pinned."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a certificate: `end_utc_s` is when it ends, `authority` who signed it."""

    role: Role
    name: str
    serial: str
    end_utc_s: float
    authority: x509.Certificate


def read_authority(pem: str) -> x509.Certificate:
    """The one certificate in a text, which may sign others and has signed itself. Raises BadAuthority."""
    if len(pem) > MAX_PEM or pem.count("-----BEGIN") != 1:
        raise BadAuthority("an authority is one certificate in PEM", hint=_HINT)
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        certificate.verify_directly_issued_by(certificate)
        signs = _signs_certificates(certificate)
    except _UNREADABLE as error:
        raise BadAuthority(
            f"this is no authority's certificate: {error or 'its signature is wrong'}", hint=_HINT
        ) from None
    if not _is_whole(certificate):
        raise BadAuthority("this is no authority's certificate: its signature is damaged", hint=_HINT)
    if not signs:
        raise BadAuthority("this certificate may not sign others", hint=_HINT)
    if not isinstance(certificate.public_key(), ec.EllipticCurvePublicKey):
        raise BadAuthority("the authority's key is no elliptic curve key", hint=_HINT)
    return certificate


def holder_of(der: bytes, authorities: tuple[x509.Certificate, ...]) -> Holder | None:
    """Whom a certificate makes of its holder; None where it proves nothing here. Dates and revocation are not asked."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        role, name = _role(certificate), _only(certificate.subject, NameOID.COMMON_NAME)
        authority = next((one for one in authorities if _issued(certificate, one)), None)
        if role is None or not name or authority is None or not _for_clients(certificate):
            return None
    except _UNREADABLE:
        return None
    return Holder(role, name, serial_text(certificate), certificate.not_valid_after_utc.timestamp(), authority)


def _role(certificate: x509.Certificate) -> Role | None:
    return _ROLES.get(_only(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME))


def _only(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """The one value of a part of a name; "" where there are several or none."""
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if len(found) == 1 else ""


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except _UNREADABLE:
        return False
    return _is_whole(certificate)


def _is_whole(certificate: x509.Certificate) -> bool:
    """Whether the signature at its end fills its bytes: with bits said to be unused it would verify in another form."""
    return certificate.public_bytes(Encoding.DER).endswith(b"\0" + certificate.signature)


def _for_clients(certificate: x509.Certificate) -> bool:
    """Whether it is made for clients and nothing else. Raises ExtensionNotFound."""
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    is_authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    return list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH] and not is_authority


def _signs_certificates(certificate: x509.Certificate) -> bool:
    """Raises ExtensionNotFound."""
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    return extensions.get_extension_for_class(x509.BasicConstraints).value.ca and usage.key_cert_sign
