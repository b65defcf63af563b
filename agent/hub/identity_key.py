"""The camera's own key at its TLS door: P-256, made on the device at its first start, with a certificate by itself.

Both lie in `identity/` of the data folder, readable by their owner only; the key never leaves the device. A card that
was moved to another board, or copied from a device that had been started already, brings no identity along: the
certificate names the board, and for another board a new key is made and nobody is trusted any more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.durable import write_durably
from agent.errors import OperatorError
from agent.hub.certificates import Key, certificate_pem, device_certificate, fingerprint, key_pem, new_key

FOLDER, KEY, CERTIFICATE = "identity", "key.pem", "cert.pem"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """`fp` is the SHA-256 of the public key, 64 hex digits; `renewed` where the key was made for want of one here."""

    folder: Path
    fp: str
    renewed: bool = False

    @classmethod
    def open(cls, data_dir: Path, device: str) -> DeviceIdentity:
        """The identity of the board with this serial number; made where there is none. Raises OperatorError."""
        folder = data_dir / FOLDER
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _open(folder, device)
        except OSError as error:
            hint = "storage.data_dir must be writable by the user of the agent"
            raise OperatorError(f"the identity in {folder} cannot be used: {error.strerror}", hint=hint) from None

    @property
    def key(self) -> Path:
        return self.folder / KEY

    @property
    def certificate(self) -> Path:
        return self.folder / CERTIFICATE

    @property
    def pins(self) -> Path:
        """Where the pins lie that belong to this identity (agent.hub.trust)."""
        return _pins(self.folder)


def _open(folder: Path, device: str) -> DeviceIdentity:
    """Raises OSError or OperatorError."""
    key, named = _kept_key(folder / KEY), _kept_names(folder / CERTIFICATE)
    renewed = key is None or (named is not None and device not in named)
    if key is None or renewed:
        if named is not None:
            log.warning("the identity in %s is that of %s: a new one is made for %s", folder, named[0], device)
        key = new_key()
        _pins(folder).unlink(missing_ok=True)  # before the key: whoever trusted the old one must not be trusted by both
        (folder / CERTIFICATE).unlink(missing_ok=True)
        write_durably(folder / KEY, key_pem(key), mode=0o600)
        named = None
    if named is None:
        certificate = device_certificate(key, device, f"aislewatch-{device}.local")
        write_durably(folder / CERTIFICATE, certificate_pem(certificate))
    return DeviceIdentity(folder, fingerprint(key.public_key()), renewed)


def _pins(folder: Path) -> Path:
    return folder / "trust.json"


def _kept_key(path: Path) -> Key | None:
    """The key in the file; None where there is no file. Raises OperatorError for what is no key of ours."""
    if not path.exists():
        return None
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key
    hint = f"remove {path.parent}: a new identity is made at the next start, and the camera has to be paired anew"
    raise OperatorError(f"{path} is no P-256 key", hint=hint)


def _kept_names(path: Path) -> list[str] | None:
    """The names in the certificate; None where there is none that can be read: it is made from the key."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return None
    return names.value.get_values_for_type(x509.DNSName)
