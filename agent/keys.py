"""The key with which a device signs its evidence: Ed25519 (RFC 8032), made on the device at its first start.

The private key lies in `keys/device.pem` of the data folder, readable by its owner only, and never leaves it; the
public one beside it is for whoever verifies. It signs evidence only: the identity of the hub link is another key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.durable import write_durably
from agent.errors import OperatorError

PRIVATE, PUBLIC = "device.pem", "device.pub.pem"
RAW_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as its 32 raw bytes."""

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """The first 16 hex digits of its SHA-256, for people to compare."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def verifies(self, signature: bytes, content: bytes) -> bool:
        """Whether the private half signed this content."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def pem(self) -> bytes:
        """The key as other tools read it (SubjectPublicKeyInfo)."""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class DeviceKey:
    """The private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.public = PublicKey(raw)

    @classmethod
    def generate(cls) -> DeviceKey:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def open(cls, data_dir: Path) -> DeviceKey:
        """The device's key; made at the first start. Raises OperatorError where it cannot be read or kept."""
        folder = data_dir / "keys"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (folder / PRIVATE).exists():
                _keep(folder, cls.generate())
            key = _load((folder / PRIVATE).read_bytes())
        except OSError as error:
            hint = "storage.data_dir must be writable by the user of the agent"
            raise OperatorError(f"the device's key in {folder} cannot be used: {error.strerror}", hint=hint) from None
        if key is None:
            hint = "bring it back from a backup, or remove it: a new one is made, and old evidence needs the old one"
            raise OperatorError(f"{folder / PRIVATE} is no Ed25519 key", hint=hint)
        if not (folder / PUBLIC).exists():
            write_durably(folder / PUBLIC, cls(key).public.pem())
        return cls(key)

    def sign(self, content: bytes) -> bytes:
        """The signature of `content`, 64 bytes."""
        return self._key.sign(content)

    def pem(self) -> bytes:
        """The private key, for its file alone."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def read_public(path: Path) -> PublicKey:
    """A public key from a PEM file. Raises OperatorError."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint="check the path") from None
    except (ValueError, UnsupportedAlgorithm):
        raise OperatorError(f"{path} is no public key", hint=f"a camera keeps its own in keys/{PUBLIC}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise OperatorError(f"{path} is no Ed25519 key", hint=f"a camera keeps its own in keys/{PUBLIC}")
    return PublicKey(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def _keep(folder: Path, key: DeviceKey) -> None:
    write_durably(folder / PRIVATE, key.pem(), mode=0o600)
    write_durably(folder / PUBLIC, key.public.pem())


def _load(content: bytes) -> Ed25519PrivateKey | None:
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None
