"""A hub's own certificate authority: what cameras pin, what the hub calls them with, and technicians' passes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.durable import write_durably
from agent.errors import OperatorError
from agent.hub.certificates import (
    HUB,
    TECHNICIAN,
    Key,
    authority_certificate,
    certificate_pem,
    client_certificate,
    key_pem,
    new_key,
    serial_text,
)

_LOST = "bring the folder back from a backup; without it every camera has to be reset and claimed anew"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was made, with its key, as one PEM file holds them."""

    serial: str
    pem: bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """The `number`-th authority of a hub; `own` is the file of the hub's key and certificate below it."""

    number: int
    certificate: x509.Certificate
    own: Path
    _key: Key

    @classmethod
    def make(cls, folder: Path, number: int, hub: str) -> Authority:
        """A new authority in `folder`, and the hub's certificate below it. Raises OSError."""
        key = new_key()
        certificate = authority_certificate(key, f"{hub} authority {number}")
        made = cls(number, certificate, _own(folder, number), key)
        write_durably(made.own, made._issue(hub, HUB).pem, mode=0o600)
        write_durably(_file(folder, number), key_pem(key) + certificate_pem(certificate), mode=0o600)
        return made

    @classmethod
    def open(cls, folder: Path, number: int) -> Authority:
        """An authority that was made. Raises OperatorError."""
        path = _file(folder, number)
        try:
            content = path.read_bytes()
            key = serialization.load_pem_private_key(content, password=None)
            certificate = x509.load_pem_x509_certificate(content)
        except (OSError, ValueError, TypeError) as error:
            raise OperatorError(f"the hub's authority in {path} cannot be used: {error}", hint=_LOST) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise OperatorError(f"the hub's authority in {path} is no elliptic curve key", hint=_LOST)
        return cls(number, certificate, _own(folder, number), key)

    @property
    def pem(self) -> str:
        """What a camera pins."""
        return certificate_pem(self.certificate).decode()

    def technician(self, name: str, until_utc_s: float) -> Issued:
        """A pass for somebody who works at the cameras until then."""
        return self._issue(name, TECHNICIAN, until=datetime.fromtimestamp(until_utc_s, UTC))

    def remove(self) -> None:
        """Forget it: nothing more can be issued below it."""
        _file(self.own.parent, self.number).unlink(missing_ok=True)
        self.own.unlink(missing_ok=True)

    def _issue(self, name: str, unit: str, until: datetime | None = None) -> Issued:
        key = new_key()
        end = {} if until is None else {"until": until}
        certificate = client_certificate(self.certificate, self._key, key, name, unit, **end)
        return Issued(serial_text(certificate), key_pem(key) + certificate_pem(certificate))


def _file(folder: Path, number: int) -> Path:
    return folder / f"authority-{number}.pem"


def _own(folder: Path, number: int) -> Path:
    return folder / f"hub-{number}.pem"
