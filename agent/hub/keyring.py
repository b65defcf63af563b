"""What a hub keeps of its trust in a folder: its authorities, the cameras' keys, what it issued and what it revoked.

The list is one file, replaced as a whole and synced before anything is done that relies on it. Several programs may
use the folder at once, as the running hub and a command do: each change is made under a lock, on what it holds then.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.durable import write_durably
from agent.errors import OperatorError
from agent.hostport import join
from agent.hub.authority import Authority

LIST, LOCK = "trust.json", "trust.lock"
STORE = "store"


class CameraPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A camera of ours: its key, where it was last, which of our authorities it takes, which revocations it has.

    `told` is the revision of `Trust.revoked` that it has taken.
    """

    id: str
    fp: str
    host: str
    port: int
    authority: int
    told: int = 0

    def url(self, path: str = "") -> str:
        """Its address as it last was."""
        return f"https://{join(self.host, self.port)}{path}"


class Pass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A technician's certificate that was given out."""

    serial: str
    name: str
    until_utc_s: float
    authority: int


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. `authorities` are the numbers in use, the newest last; `revision` counts changes of `revoked`."""

    hub: str
    store: str
    authorities: tuple[int, ...] = (1,)
    cameras: dict[str, CameraPin] = {}
    passes: tuple[Pass, ...] = ()
    revoked: tuple[str, ...] = ()
    revision: int = 0

    def with_camera(self, pin: CameraPin) -> Trust:
        """With this camera in place of what was known of it."""
        return msgspec.structs.replace(self, cameras={**self.cameras, pin.id: pin})

    def without_camera(self, camera: str) -> Trust:
        """Without this camera."""
        rest = {name: pin for name, pin in self.cameras.items() if name != camera}
        return msgspec.structs.replace(self, cameras=rest)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The folder. Files of a few hundred bytes: fit to be used on an event loop's thread."""

    folder: Path

    @classmethod
    def open(cls, folder: Path, hub: str, store: str = "") -> Keyring:
        """The keyring of this hub; made with its first authority where there is none. A `store` that is named is kept.

        Raises OperatorError.
        """
        keyring = cls(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with keyring._locked():
                if not (folder / LIST).exists():
                    Authority.make(folder, 1, hub)
                    keyring._write(Trust(hub, store or STORE))
        except OSError as error:
            hint = "give --keys a folder that you may write"
            raise OperatorError(f"cannot keep keys in {folder}: {error.strerror}", hint=hint) from None
        keyring._agree(hub, store)
        return keyring

    def trust(self) -> Trust:
        """What the list holds now. Raises OperatorError."""
        try:
            return msgspec.json.decode((self.folder / LIST).read_bytes(), type=Trust)
        except (OSError, msgspec.DecodeError) as error:
            hint = "bring the folder back from a backup; without it every camera has to be reset and claimed anew"
            raise OperatorError(f"{self.folder / LIST} cannot be read: {error}", hint=hint) from None

    def pin(self, camera: str) -> CameraPin | None:
        """What is known of a camera."""
        return self.trust().cameras.get(camera)

    def authority(self, number: int | None = None) -> Authority:
        """One of the authorities, by default the newest. Raises OperatorError."""
        return Authority.open(self.folder, number or self.trust().authorities[-1])

    def change(self, how: Callable[[Trust], Trust]) -> Trust:
        """Change the list; returns what it holds then. Raises OperatorError, OSError."""
        with self._locked():
            trust = how(self.trust())
            self._write(trust)
        return trust

    def _agree(self, hub: str, store: str) -> None:
        """The shop may be called anew, the hub not: its name stands in its certificates. Raises OperatorError."""
        trust = self.trust()
        if trust.hub != hub:
            hint = f"call it {trust.hub}, or give --keys another folder and claim the cameras anew"
            raise OperatorError(f"the keys in {self.folder} are those of {trust.hub}, not of {hub}", hint=hint)
        if store and trust.store != store:
            self.change(lambda now: msgspec.structs.replace(now, store=store))

    def _write(self, trust: Trust) -> None:
        write_durably(self.folder / LIST, msgspec.json.format(msgspec.json.encode(trust)) + b"\n", mode=0o600)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
