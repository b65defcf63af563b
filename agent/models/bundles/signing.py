"""Whom a camera believes a model: P-256 or Ed25519 signatures by who stands in the keyring of image updates.

A signer is trusted when its certificate stands in the keyring, or was issued by one there that may sign others. The
signature covers a context of its own, so that nothing signed for another purpose passes for a model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.errors import OperatorError
from agent.update.machine import KEYRING
from agent.update.slots import Refused
from hal.ports import WallTime

CONTEXT = b"aislewatch model bundle 1\n"
VARIABLE = "AISLEWATCH_KEYRING"
"""Names another keyring, where a camera was not flashed from an image."""
_SIGNED = "only a bundle that this camera's release signer has signed counts"
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)

Certificates = tuple[x509.Certificate, ...]


def keyring_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the certificates lie that this camera trusts."""
    return Path(environ.get(VARIABLE) or KEYRING)


def read_keyring(path: Path) -> Certificates:
    """The certificates that this camera trusts (PEM). Raises OperatorError."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        hint = f"a flashed camera has one; elsewhere name a file of certificates in {VARIABLE}"
        raise OperatorError(f"there is no keyring {path}: {error.strerror}", hint=hint) from None
    except _UNREADABLE as error:
        raise OperatorError(f"the keyring {path} cannot be read: {error}") from None


def sign(content: bytes, key_pem: bytes, password: bytes | None = None) -> bytes:
    """Sign with a private key (PEM). Raises OperatorError for one that is neither P-256 nor Ed25519."""
    try:
        key = load_pem_private_key(key_pem, password)
    except _UNREADABLE as error:
        raise OperatorError(f"the signer's key cannot be read: {error}") from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(CONTEXT + content)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key.sign(CONTEXT + content, ec.ECDSA(hashes.SHA256()))
    raise OperatorError("the signer's key is neither P-256 nor Ed25519")


def checked(content: bytes, signature: bytes, signer: bytes, keyring: Certificates) -> x509.Certificate:
    """The certificate of who signed `content`. Raises Refused where that is nobody whom the keyring trusts."""
    try:
        certificate = x509.load_pem_x509_certificate(signer)
        trusted = any(_vouches(one, certificate) for one in keyring) and _may_sign(certificate)
    except _UNREADABLE as error:
        raise Refused(f"the signer's certificate cannot be read: {error}", hint=_SIGNED) from None
    if not trusted:
        raise Refused(f"it was signed by {name_of(certificate)}, whom this camera does not trust", hint=_SIGNED)
    try:
        _verify(certificate, signature, CONTEXT + content)
    except InvalidSignature:
        raise Refused("its signature is wrong: it was changed after it was signed", hint=_SIGNED) from None
    return certificate


def check_dates(certificate: x509.Certificate, now: WallTime) -> None:
    """Raises Refused for a signer whose time is over, or not come; a clock that nobody vouches for is not asked."""
    valid = certificate.not_valid_before_utc.timestamp() <= now.utc_s <= certificate.not_valid_after_utc.timestamp()
    if now.synchronised and not valid:
        until = f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        raise Refused(f"{name_of(certificate)} may sign from {until} only", hint=_SIGNED)


def name_of(certificate: x509.Certificate) -> str:
    """Who it is for, as people read it."""
    return certificate.subject.rfc4514_string() or "nobody named"


def _vouches(trusted: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether a certificate of the keyring is this one, or may sign others and has signed it."""
    if trusted == certificate:
        return True
    try:
        constraints = trusted.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(trusted)
    except (*_UNREADABLE, InvalidSignature, x509.ExtensionNotFound):
        return False
    usage = _usage(trusted)
    return constraints.ca and (usage is None or usage.key_cert_sign)


def _may_sign(certificate: x509.Certificate) -> bool:
    usage = _usage(certificate)
    return usage is None or usage.digital_signature


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _verify(certificate: x509.Certificate, signature: bytes, message: bytes) -> None:
    """Raises InvalidSignature, or Refused for a kind of key that is not used here."""
    key = certificate.public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, message)
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    else:
        raise Refused(f"the key of {name_of(certificate)} is neither P-256 nor Ed25519", hint=_SIGNED)
