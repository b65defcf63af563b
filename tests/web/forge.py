"""A hub's authority as the camera's own tests need it; what attackers make is in tests.attacks.forge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from agent.hub.certificates import (
    NO_END,
    Key,
    authority_certificate,
    certificate_pem,
    client_certificate,
    key_pem,
    new_key,
    serial_text,
)


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

    def issue(self, unit: str = "hub", name: str = "hub-a", *, ends: datetime = NO_END) -> Path:
        """Key and certificate of a client in one file."""
        key = new_key()
        made = client_certificate(self.certificate, self.key, key, name, unit, until=ends)
        path = self.folder / f"{self.name}-{unit}-{name}-{len(self.serials)}.pem"
        path.write_bytes(key_pem(key) + certificate_pem(made))
        self.serials[path] = serial_text(made)
        return path
